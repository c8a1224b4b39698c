"""Loading what a step, or a person, wants to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.context import Resources
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import IOManager
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.typecheck import check_value
from assetflow.errors import InvariantViolationError, TypeCheckDidNotPass
from assetflow.execution.work import StepWork
from assetflow.keys import AssetKey
from assetflow.log import StepLogger
from assetflow.planning.plan import StepInput


def load_input(work: StepWork, asset: AssetsDefinition, opened: Mapping[str, object], item: StepInput) -> Any:
    """The value of one input.

    Raises:
        TypeCheckDidNotPass: it does not fit the argument's annotation.
        whatever the IO manager raises.
    """
    declared = asset.op.ins[item.name]
    key = AssetKey(item.key)
    maker = work.assets.get(key) or work.sources.get(key)
    # An asset is loaded with the manager of whoever stored it, unless the reader names another.
    owner = asset if declared.input_manager_key else maker or asset
    manager = as_io_manager(work.resources.for_asset(owner, [item.io_manager_key], work.log), item.io_manager_key)
    context = InputContext(
        name=item.name,
        asset_key=key,
        metadata=declared.metadata or {},
        upstream_output=upstream_context(
            key, maker, run_id=work.run_id, resources=Resources(opened, None, work.step.key), log=work.log
        ),
        annotation=declared.annotation,
        resources=Resources(opened, None, asset.op.name),
        log=work.log,
        version=work.versions.get(item.output) if item.output is not None else None,
        run_id=work.run_id,
        step_key=work.step.key,
        config=work.io_config(asset.op, owner, item.io_manager_key, "inputs", item.name),
        resource_config=work.resources.config_of(owner, item.io_manager_key),
    )
    value = manager.load_input(context)
    reason = check_value(value, declared.annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(
            f'Type check failed for step input "{item.name}" of op "{asset.op.name}": {reason}',
            where=str(asset.op.location) if asset.op.location else None,
        )
    return value


def upstream_context(
    key: AssetKey,
    maker: AssetsDefinition | SourceAsset | None,
    *,
    run_id: str,
    resources: Resources,
    log: StepLogger,
) -> OutputContext | None:
    """How a value was stored, as far as its definition tells; None for a key that nobody defines."""
    if isinstance(maker, AssetsDefinition):
        name = output_name(maker, key)
        return OutputContext(
            asset_key=key,
            name=name,
            step_key=maker.op.name,
            run_id=run_id,
            metadata=maker.metadata_by_key.get(key) or {},
            annotation=maker.op.outs[name].annotation,
            op_def=maker.op,
            resources=resources,
            log=log,
        )
    if maker is None:
        return None
    return OutputContext(
        asset_key=key, step_key="", run_id=run_id, metadata=maker.raw_metadata, resources=resources, log=log
    )


def output_name(maker: AssetsDefinition, key: AssetKey) -> str:
    """Which output makes an asset."""
    return next(name for name, made in maker.keys_by_output_name.items() if made == key)


def as_io_manager(opened: Mapping[str, object], key: str) -> IOManager:
    """The IO manager under a resource key; InvariantViolationError if what is there is none."""
    manager = opened[key]
    if not (hasattr(manager, "handle_output") and hasattr(manager, "load_input")):
        raise InvariantViolationError(
            f"the resource {key!r} is used as an IO manager, but is a {type(manager).__name__}",
            fix="give it handle_output and load_input: derive it from IOManager",
        )
    return cast(IOManager, manager)
