"""Contexts for calling assets and IO managers directly in tests."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from assetflow.definitions.context import InputContext, OpExecutionContext, OutputContext, Resources
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.resource import as_resources
from assetflow.definitions.resource_opening import open_resources
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey, CoercibleToAssetKey, Version

RUN_ID = "EPHEMERAL"


class DirectContext(OpExecutionContext):
    """A context for direct calls. Use it in a ``with`` block to have its resources closed."""

    __slots__ = ("_stack",)

    def __init__(self, stack: ExitStack, resources: Mapping[str, Any], op_config: Any) -> None:
        super().__init__(
            run_id=RUN_ID,
            op_def=None,
            resources=Resources(resources, None, "this context"),
            op_config=op_config,
            log=logging.getLogger("assetflow.step"),
        )
        self._stack = stack

    def __enter__(self) -> DirectContext:
        return self

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
    definitions = as_resources(resources)
    stack = ExitStack()
    opened = stack.enter_context(open_resources(definitions, definitions, run_id=RUN_ID, config=resources_config or {}))
    return DirectContext(stack, opened, op_config if op_config is not None else config)


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
    dagster_type: Any = None,
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
        resources=_plain(resources),
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
    dagster_type: Any = None,
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
        resources=_plain(resources),
        log=logging.getLogger("assetflow.step"),
        version=version,
        config=config,
        resource_config=resource_config,
    )


def _plain(resources: Mapping[str, Any] | None) -> Resources:
    definitions = as_resources(resources)
    with open_resources(definitions, definitions, run_id=RUN_ID) as opened:
        return Resources(dict(opened), None, "this context")
