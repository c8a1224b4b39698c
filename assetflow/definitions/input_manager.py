"""Input managers: they load what others have stored."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from assetflow.config.spec import config_spec
from assetflow.definitions.resource import InitResourceContext, ResourceDefinition
from assetflow.definitions.visible_resources import Resources

if TYPE_CHECKING:
    from assetflow.definitions.io_context import InputContext

LoadFunction = Callable[..., Any]


class InputManager(ABC):
    """Loads inputs; every IO manager is one."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Give back the value that ``context.upstream_output`` was stored as."""


class InputManagerDefinition(ResourceDefinition):
    """How an input manager is made; a resource like others."""

    __slots__ = ("input_config",)

    def __init__(
        self,
        load_fn: LoadFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        version: str | None = None,
        input_config_schema: Any = None,
    ) -> None:
        super().__init__(_Making(load_fn), config_schema, description, required_resource_keys, version)
        self.input_config = config_spec(input_config_schema)


@overload
def input_manager(config_schema: LoadFunction) -> InputManagerDefinition: ...
@overload
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    version: str | None = None,
) -> Callable[[LoadFunction], InputManagerDefinition]: ...
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make an input manager of a function that loads: ``AssetIn(input_manager_key=...)`` names it.

    Args:
        config_schema: of ``context.resource_config``.
        description: by default the docstring.
        input_config_schema: of ``context.config``, given per input in the run config.
        required_resource_keys: resources that ``context.resources`` shows.
        version: a label of the code.
    """
    if callable(config_schema) and not isinstance(config_schema, type):
        return InputManagerDefinition(config_schema, description=inspect.getdoc(config_schema))

    def decorate(function: LoadFunction) -> InputManagerDefinition:
        return InputManagerDefinition(
            function,
            config_schema,
            description or inspect.getdoc(function),
            required_resource_keys,
            version,
            input_config_schema,
        )

    return decorate


class _Making:
    """The resource function of an input manager; a class, so that it can be sent to workers."""

    __slots__ = ("_load",)

    def __init__(self, load: LoadFunction) -> None:
        self._load = load

    def __call__(self, init: InitResourceContext) -> _FunctionInputManager:
        return _FunctionInputManager(self._load, init.resources)


class _FunctionInputManager(InputManager):
    def __init__(self, load: LoadFunction, resources: Resources) -> None:
        self._load = load
        self._resources = resources

    def load_input(self, context: InputContext) -> Any:
        takes_context = bool(inspect.signature(self._load).parameters)
        return self._load(context.with_resources(self._resources)) if takes_context else self._load()
