"""Contexts for calling assets and IO managers directly in tests."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, NoReturn

from assetflow.definitions.context import Event, OpExecutionContext, Resources
from assetflow.definitions.hooks import HookContext
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.resource import InitResourceContext, ResourceDefinition, as_resources
from assetflow.definitions.resource_opening import open_resources
from assetflow.errors import InvalidInvocationError, InvalidPropertyError, InvariantViolationError
from assetflow.keys import AssetKey, CoercibleToAssetKey, Version

RUN_ID = "EPHEMERAL"


class DirectContext(OpExecutionContext):
    """A context for direct calls. Resources whose functions yield are open inside its ``with`` block only."""

    __slots__ = ("_config", "_definitions", "_stack")

    def __init__(
        self, definitions: Mapping[str, ResourceDefinition], config: Mapping[str, Any] | None, op_config: Any
    ) -> None:
        super().__init__(
            run_id=RUN_ID,
            op_def=None,
            resources=_before_block(definitions, config),
            op_config=op_config,
            log=logging.getLogger("assetflow.step"),
        )
        self._definitions = definitions
        self._config = config
        self._stack = ExitStack()

    @property
    def run(self) -> NoReturn:
        """There is no run; InvalidPropertyError."""
        raise InvalidPropertyError(
            "a context for direct calls has no run: `run` and `dagster_run` are there in runs only",
            fix="use materialize_to_memory([...]) to see code in a run",
        )

    def __enter__(self) -> DirectContext:
        if isinstance(self.resources, _Unopened):
            self.resources = self._stack.enter_context(build_resources(self._definitions, self._config))
            self._stack.callback(setattr, self, "resources", _Unopened(self._definitions))
        return self

    def get_events(self) -> list[Event]:
        """What was logged with this very context; an asset that is called works with a copy of it."""
        return list(self._events)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    config: Any = None,
) -> DirectContext:
    """A context to call an asset with: ``my_asset(build_op_context(resources={...}), upstream)``.

    Args:
        resources: values or ResourceDefinitions by key; all of them are visible.
        op_config: what ``context.op_config`` is.
        resources_config: ``{key: {"config": ...}}``.
        config: another name for op_config.

    Raises:
        InvalidInvocationError: both config and op_config are given.
    """
    if config is not None and op_config is not None:
        raise InvalidInvocationError("give either config or op_config, not both")
    return DirectContext(as_resources(resources), resources_config, op_config if op_config is not None else config)


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
) -> DirectContext:
    """The same, with the names that assets use."""
    return build_op_context(resources, asset_config, resources_config)


def build_output_context(
    *,
    asset_key: CoercibleToAssetKey | None = None,
    name: str = "result",
    step_key: str = "",
    run_id: str = RUN_ID,
    metadata: Mapping[str, Any] | None = None,
    dagster_type: Any = inspect.Parameter.empty,
    op_def: OpDefinition | None = None,
    resources: Mapping[str, Any] | None = None,
    version: Version | None = None,
    config: Any = None,
    resource_config: Any = None,
) -> OutputContext:
    """A context to call ``handle_output`` of an IO manager with."""
    return OutputContext(
        asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
        name=name,
        step_key=step_key,
        run_id=run_id,
        metadata=metadata,
        annotation=dagster_type,
        op_def=op_def,
        resources=_before_block(as_resources(resources)),
        log=logging.getLogger("assetflow.step"),
        version=version,
        config=config,
        resource_config=resource_config,
    )


def build_input_context(
    *,
    asset_key: CoercibleToAssetKey | None = None,
    name: str = "",
    metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagster_type: Any = inspect.Parameter.empty,
    resources: Mapping[str, Any] | None = None,
    version: Version | None = None,
    config: Any = None,
    resource_config: Any = None,
) -> InputContext:
    """A context to call ``load_input`` of an IO manager with."""
    return InputContext(
        asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
        name=name,
        metadata=metadata,
        upstream_output=upstream_output,
        annotation=dagster_type,
        resources=_before_block(as_resources(resources)),
        log=logging.getLogger("assetflow.step"),
        version=version,
        config=config,
        resource_config=resource_config,
    )


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: OpDefinition | None = None,
    run_id: str = RUN_ID,
    op_exception: BaseException | None = None,
    op_output_values: Mapping[str, Any] | None = None,
) -> HookContext:
    """A context to call a hook with.

    Args:
        resources: values or ResourceDefinitions by key; all of them are visible.
    """
    return HookContext(
        op=op,
        run_id=run_id,
        step_key=op.name if op is not None else "",
        job_name=IMPLICIT_JOB,
        log=logging.getLogger("assetflow.step"),
        resources=_before_block(as_resources(resources)),
        op_exception=op_exception,
        op_output_values=op_output_values or {},
    )


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
        log=logging.getLogger("assetflow.step"),
    )


@contextmanager
def build_resources(
    resources: Mapping[str, Any], resource_config: Mapping[str, Any] | None = None
) -> Iterator[Resources]:
    """Open resources for a block, and close them after it.

    Args:
        resources: values or ResourceDefinitions by key.
        resource_config: ``{key: {"config": ...}}``.
    """
    definitions = as_resources(resources)
    log = logging.getLogger("assetflow.step")
    with open_resources(definitions, definitions, run_id=RUN_ID, log=log, config=resource_config or {}) as opened:
        yield Resources(opened, None, "this context")


class _Unopened(Resources):
    """Stands for resources that have to be closed again and are not open now."""

    __slots__ = ()

    def __init__(self, definitions: Mapping[str, ResourceDefinition]) -> None:
        super().__init__(
            definitions, None, ", ".join(sorted(filter(lambda key: _yields(definitions[key]), definitions)))
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __iter__(self) -> Iterator[str]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise InvariantViolationError(
            f"resources whose functions yield are not open here: {self._owner}",
            fix="use them in a block: `with build_op_context(resources=...) as c:` or `with build_resources(...)`",
        )


def _before_block(definitions: Mapping[str, ResourceDefinition], config: Mapping[str, Any] | None = None) -> Resources:
    if any(map(_yields, definitions.values())):
        return _Unopened(definitions)
    with build_resources(definitions, config) as opened:
        return opened


def _yields(definition: ResourceDefinition) -> bool:
    function = definition.resource_fn
    return inspect.isgeneratorfunction(function) or inspect.isgeneratorfunction(type(function).__call__)
