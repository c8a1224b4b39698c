"""IO managers know where values live; they do not know when they are needed."""

from __future__ import annotations

import inspect
import secrets
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from assetflow.config.spec import config_spec
from assetflow.definitions.input_manager import InputManager
from assetflow.definitions.resource import ResourceDefinition, ResourceFunction, checked_function
from assetflow.keys import Version

if TYPE_CHECKING:
    from assetflow.definitions.io_context import OutputContext


class IOManager(InputManager):
    """Stores outputs and loads inputs.

    Attributes:
        takes_one_partition: it is asked for one partition at a time, and others put their values together. By default
            it is asked once for all that a step makes or needs, and looks at ``context.asset_partition_keys``.
    """

    takes_one_partition: ClassVar[bool] = False

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> Any:
        """Store a value. What it returns or yields as metadata is recorded."""


class VersionedIOManager(IOManager):
    """An IO manager whose values become visible only after their step was accepted.

    A value is staged under a version no other attempt has. When the run has accepted the step, the version
    is published; a cancelled or superseded attempt never touches what people read.
    """

    takes_one_partition: ClassVar[bool] = True

    @abstractmethod
    def stage(self, context: OutputContext, obj: Any) -> None:
        """Write the value under ``context.version``, unseen by readers."""

    @abstractmethod
    def publish(self, *, path: tuple[str, ...], version: Version, run_id: str) -> None:
        """Make this version the one readers see, unless one with a higher token is there. May come twice.

        Args:
            path: the segments under which it was staged, ``context.value_path``.
        """

    @abstractmethod
    def discard(self, *, path: tuple[str, ...], version: Version) -> None:
        """Remove a staged version that will never be published."""

    def handle_output(self, context: OutputContext, obj: Any) -> Any:
        """Stage and publish in one go, for callers without a run."""
        if context.version is None:
            context.version = Version(time.time_ns() // 1000, secrets.randbits(32))
        self.stage(context, obj)
        self.publish(path=context.value_path, version=context.version, run_id=context.run_id)


class IOManagerDefinition(ResourceDefinition):
    """How an IO manager is made; a resource like others."""

    __slots__ = ("input_config", "output_config")

    def __init__(
        self,
        resource_fn: ResourceFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        version: str | None = None,
        input_config_schema: Any = None,
        output_config_schema: Any = None,
    ) -> None:
        super().__init__(resource_fn, config_schema, description, required_resource_keys, version)
        self.input_config = config_spec(input_config_schema)
        self.output_config = config_spec(output_config_schema)

    @staticmethod
    def hardcoded_io_manager(value: IOManager, description: str | None = None) -> ResourceDefinition:
        """This very IO manager."""
        return ResourceDefinition.hardcoded_resource(value, description)


def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make an IO manager's definition of a function that returns one. Usable bare and with arguments."""
    if callable(config_schema) and not isinstance(config_schema, type):
        return IOManagerDefinition(
            checked_function("@io_manager", config_schema), description=inspect.getdoc(config_schema)
        )

    def decorate(function: Callable[..., Any]) -> IOManagerDefinition:
        return IOManagerDefinition(
            checked_function("@io_manager", function),
            config_schema,
            description or inspect.getdoc(function),
            required_resource_keys,
            version,
            input_config_schema,
            output_config_schema,
        )

    return decorate


def is_io_manager(value: object) -> bool:
    """Whether something can be given as an IO manager: one, or what makes one."""
    makes_one = isinstance(value, ResourceDefinition) or hasattr(value, "as_resource_definition")
    return makes_one or (hasattr(value, "handle_output") and hasattr(value, "load_input"))
