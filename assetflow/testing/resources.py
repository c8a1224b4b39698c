"""Resources for code that is called directly, in tests and scripts."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

from assetflow.definitions.call_context import RUN_ID
from assetflow.definitions.resource import InitResourceContext, ResourceDefinition, as_resources
from assetflow.definitions.resource_opening import check_config_keys, open_resources
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import InvariantViolationError

STEP_LOG = logging.getLogger("assetflow.step")


class DirectResources(Resources):
    """The resources of a context that is made by hand: open at once, unless one of them has to be closed again.

    Args:
        resources: values or ResourceDefinitions by key.
        config: ``{key: {"config": ...}}``.
        builder: the function that makes such a context.
    """

    __slots__ = ("_builder", "_config", "_definitions", "_stack")

    def __init__(
        self, resources: Mapping[str, Any] | None, config: Mapping[str, Any] | None = None, builder: str = ""
    ) -> None:
        super().__init__({}, None, "this context")
        self._definitions = as_resources(resources)
        self._config = config
        self._builder = builder
        self._stack: ExitStack | None = None
        if not self._yielding():
            self.open()

    def open(self) -> None:
        """Open them, unless they are."""
        if self._stack is None:
            with ExitStack() as stack:
                self._values = stack.enter_context(_opened(self._definitions, self._config))
                self._stack = stack.pop_all()

    def close(self) -> None:
        """Close those that have to be closed."""
        if self._stack is not None and self._yielding():
            stack, self._stack = self._stack, None
            stack.close()

    def __getattr__(self, name: str) -> Any:
        if self._stack is None and not name.startswith("__"):
            self._refuse()
        return super().__getattr__(name)

    def __iter__(self) -> Iterator[str]:
        if self._stack is None:
            self._refuse()
        return super().__iter__()

    def _yielding(self) -> list[str]:
        return sorted(key for key, definition in self._definitions.items() if _yields(definition))

    def _refuse(self) -> NoReturn:
        raise InvariantViolationError(
            f"resources whose functions yield are not open here: {', '.join(self._yielding())}",
            fix=f"use them in a block: `with {self._builder}(resources=...) as context:`",
        )


@contextmanager
def build_resources(
    resources: Mapping[str, Any], resource_config: Mapping[str, Any] | None = None
) -> Iterator[Resources]:
    """Open resources for a block, and close them after it.

    Args:
        resources: values or ResourceDefinitions by key.
        resource_config: ``{key: {"config": ...}}``.

    Raises:
        InvalidConfigError: a config does not fit, or is of no resource that is there.
    """
    with _opened(as_resources(resources), resource_config) as opened:
        yield Resources(opened, None, "this context")


def build_init_resource_context(config: Any = None, resources: Mapping[str, Any] | None = None) -> InitResourceContext:
    """A context to call a resource function with.

    Args:
        config: what ``context.resource_config`` is.
        resources: plain values by key.
    """
    return InitResourceContext(
        resource_config=config,
        resources=Resources(dict(resources or {}), None, "this context"),
        run_id=RUN_ID,
        log=STEP_LOG,
    )


@contextmanager
def _opened(
    definitions: Mapping[str, ResourceDefinition], config: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    check_config_keys(definitions, config)
    with open_resources(definitions, definitions, run_id=RUN_ID, log=STEP_LOG, config=config) as opened:
        yield opened


def _yields(definition: ResourceDefinition) -> bool:
    function = definition.resource_fn
    return inspect.isgeneratorfunction(function) or inspect.isgeneratorfunction(type(function).__call__)
