"""Contexts for calling assets and IO managers directly in tests."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, cast

from assetflow.definitions.call_context import RUN_ID, CallContext
from assetflow.definitions.hooks import HookContext
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.telling import Event
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey, CoercibleToAssetKey, Version
from assetflow.testing.resources import STEP_LOG, DirectResources


class _InBlock:
    """A context whose resources are open inside its ``with`` block, where their functions yield."""

    __slots__ = ()

    def __enter__(self) -> Self:
        cast(Any, self).resources.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cast(Any, self).resources.close()


class DirectContext(_InBlock, CallContext):
    """A context for direct calls."""

    __slots__ = ()

    def get_events(self) -> list[Event]:
        """What was logged with this very context; an asset that is called works with a copy of it."""
        return list(self._events)


class DirectOutputContext(_InBlock, OutputContext):
    """A context for ``handle_output``."""

    __slots__ = ()


class DirectInputContext(_InBlock, InputContext):
    """A context for ``load_input``."""

    __slots__ = ()


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
    return DirectContext(
        run_id=RUN_ID,
        op_def=None,
        resources=DirectResources(resources, resources_config, "build_op_context"),
        op_config=op_config if op_config is not None else config,
        log=STEP_LOG,
    )


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
    mapping_key: str | None = None,
) -> DirectOutputContext:
    """A context to call ``handle_output`` of an IO manager with.

    Args:
        resources: values or ResourceDefinitions by key; those whose functions yield are open in a ``with`` block.
        version: the attempt under whose name a value is kept, for a VersionedIOManager.
    """
    return DirectOutputContext(
        asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
        name=name,
        step_key=step_key,
        run_id=run_id,
        metadata=metadata,
        annotation=dagster_type,
        op_def=op_def,
        resources=DirectResources(resources, None, "build_output_context"),
        log=STEP_LOG,
        version=version,
        config=config,
        resource_config=resource_config,
        mapping_key=mapping_key,
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
) -> DirectInputContext:
    """A context to call ``load_input`` of an IO manager with.

    Args:
        upstream_output: made with `build_output_context`.
        resources: values or ResourceDefinitions by key; those whose functions yield are open in a ``with`` block.
    """
    return DirectInputContext(
        asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
        name=name,
        metadata=metadata,
        upstream_output=upstream_output,
        annotation=dagster_type,
        resources=DirectResources(resources, None, "build_input_context"),
        log=STEP_LOG,
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
        log=STEP_LOG,
        resources=DirectResources(resources, None, "build_hook_context"),
        op_exception=op_exception,
        op_output_values=op_output_values or {},
    )
