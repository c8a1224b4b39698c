"""The story of one step: load the inputs, compute, store what was made."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.context import OpExecutionContext, Resources
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import IOManager, VersionedIOManager
from assetflow.definitions.metadata import metadata_to_json, normalize_metadata
from assetflow.definitions.outputs import Output
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.typecheck import check_value
from assetflow.errors import InvariantViolationError, LoadError, TypeCheckDidNotPass
from assetflow.execution.compute import Event, compute
from assetflow.execution.resources import OpenResources
from assetflow.keys import AssetKey, Version
from assetflow.log import StepLogger
from assetflow.planning.plan import Step, StepInput, StepOutput
from assetflow.runs.facts import OutputDetail, StepDetail
from assetflow.runs.store import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWork:
    """What executing one step needs.

    Attributes:
        versions: of the inputs that this run has made.
        values: where outputs are also kept in memory, or None.
    """

    run_id: str
    step: Step
    claim: Claim
    versions: Mapping[int, Version]
    assets: Mapping[AssetKey, AssetsDefinition]
    sources: Mapping[AssetKey, SourceAsset]
    resources: OpenResources
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]
    log: StepLogger
    values: dict[int, Any] | None = None


def execute_step(work: StepWork, detail: StepDetail) -> tuple[list[int], list[int]]:
    """Do it all, and tell in `detail` what was made.

    Returns:
        indices of the outputs that were made, and of those among them that are staged only.

    Raises:
        whatever the user's code or an IO manager raises; what was staged is then removed again.
    """
    asset = _asset_of(work)
    op = asset.op
    managers = {output.io_manager_key for output in work.step.outputs}
    opened = work.resources.for_asset(asset, sorted(managers | op.required_resource_keys), work.log)
    inputs = {item.name: _load(work, asset, opened, item) for item in work.step.inputs if item.loads}
    declared = {output.name: output for output in work.step.outputs}
    context = OpExecutionContext(
        run_id=work.run_id,
        op_def=op,
        assets_def=asset,
        resources=Resources(opened, op.required_resource_keys, op.name),
        op_config=_op_config(work, op.name),
        log=work.log,
        retry_number=work.claim.retries,
        run_tags=work.tags,
        run_config=work.run_config,
        selected_output_names=frozenset(declared),
    )
    emitted: list[int] = []
    staged: list[tuple[VersionedIOManager, StepOutput]] = []
    try:
        for item in compute(op, context, inputs, selected=declared.keys()):
            _take_events(context, detail)
            if not isinstance(item, Output):
                detail.observations.append(_event(item))
            elif item.output_name in declared:
                output = declared[item.output_name]
                _store(work, asset, opened, context, output, item, detail, staged)
                emitted.append(output.index)
        _take_events(context, detail)
    except BaseException:
        for manager, output in staged:
            with suppress(Exception):
                manager.discard(asset_key=AssetKey(output.key), version=work.claim.version)
        raise
    return emitted, [output.index for _, output in staged]


def _asset_of(work: StepWork) -> AssetsDefinition:
    key = AssetKey(work.step.outputs[0].key)
    asset = work.assets.get(key)
    if asset is None:
        raise LoadError(
            f"the plan asks for {key.to_user_string()}, which the code on this worker does not define",
            fix="start the workers again, with the code the run was submitted with",
        )
    needed = {item.name for item in work.step.inputs if item.loads}
    if not needed <= asset.op.ins.keys():
        raise LoadError(
            f"{key.to_user_string()} takes other inputs on this worker than in the plan: "
            f"{', '.join(sorted(needed ^ asset.op.ins.keys()))}",
            fix="start the workers again, with the code the run was submitted with",
        )
    return asset


def _op_config(work: StepWork, op_name: str) -> Any:
    entry = (work.run_config.get("ops") or {}).get(op_name) or {}
    return entry.get("config")


def _load(work: StepWork, asset: AssetsDefinition, opened: Mapping[str, object], item: StepInput) -> Any:
    declared = asset.op.ins[item.name]
    key = AssetKey(item.key)
    # An asset is loaded with the manager of whoever stored it, unless the reader names another.
    owner = asset if declared.input_manager_key else work.assets.get(key) or work.sources.get(key) or asset
    manager = _manager(work.resources.for_asset(owner, [item.io_manager_key], work.log), item.io_manager_key)
    context = InputContext(
        name=item.name,
        asset_key=key,
        metadata=declared.metadata or {},
        upstream_output=_upstream(work, opened, key),
        annotation=declared.annotation,
        resources=Resources(opened, None, asset.op.name),
        log=work.log,
        version=work.versions.get(item.output) if item.output is not None else None,
        run_id=work.run_id,
        step_key=work.step.key,
    )
    value = manager.load_input(context)
    reason = check_value(value, declared.annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(
            f'Type check failed for step input "{item.name}" of op "{asset.op.name}": {reason}',
            where=str(asset.op.location) if asset.op.location else None,
        )
    return value


def _upstream(work: StepWork, opened: Mapping[str, object], key: AssetKey) -> OutputContext | None:
    resources = Resources(opened, None, work.step.key)
    maker = work.assets.get(key)
    if maker is not None:
        name = next(name for name, made in maker.keys_by_output_name.items() if made == key)
        return OutputContext(
            asset_key=key,
            name=name,
            step_key=maker.op.name,
            run_id=work.run_id,
            metadata=maker.metadata_by_key.get(key) or {},
            annotation=maker.op.outs[name].annotation,
            op_def=maker.op,
            resources=resources,
            log=work.log,
        )
    source = work.sources.get(key)
    if source is None:
        return None
    return OutputContext(
        asset_key=key, step_key="", run_id=work.run_id, metadata=source.raw_metadata, resources=resources, log=work.log
    )


def _store(
    work: StepWork,
    asset: AssetsDefinition,
    opened: Mapping[str, object],
    context: OpExecutionContext,
    output: StepOutput,
    item: Output[Any],
    detail: StepDetail,
    staged: list[tuple[VersionedIOManager, StepOutput]],
) -> None:
    key = AssetKey(output.key)
    out = asset.op.outs[output.name]
    if work.values is not None:
        work.values[output.index] = item.value
    metadata = {**item.metadata, **context.get_output_metadata(output.name)}
    version: str | None = None
    if not out.is_nothing:
        storing = OutputContext(
            asset_key=key,
            name=output.name,
            step_key=work.step.key,
            run_id=work.run_id,
            metadata=asset.metadata_by_key.get(key) or {},
            annotation=out.annotation,
            op_def=asset.op,
            resources=Resources(opened, None, asset.op.name),
            log=work.log,
            version=work.claim.version,
        )
        manager = _manager(opened, output.io_manager_key)
        if isinstance(manager, VersionedIOManager):
            staged.append((manager, output))
            manager.stage(storing, item.value)
            version = work.claim.version.name
        else:
            for extra in manager.handle_output(storing, item.value) or ():
                metadata.update(_metadata_of(extra))
        detail.observations += [_event(event) for event in storing.take_events()]
        metadata.update(storing.collected_metadata)
    normal = metadata_to_json(normalize_metadata(metadata))
    detail.outputs.append(OutputDetail(output=output.index, key=output.key, version=version, metadata=normal))


def _manager(opened: Mapping[str, object], key: str) -> IOManager:
    manager = opened[key]
    if not (hasattr(manager, "handle_output") and hasattr(manager, "load_input")):
        raise InvariantViolationError(
            f"the resource {key!r} is used as an IO manager, but is a {type(manager).__name__}",
            fix="give it handle_output and load_input: derive it from IOManager",
        )
    return cast(IOManager, manager)


def _metadata_of(extra: Any) -> Mapping[str, Any]:
    metadata = getattr(extra, "metadata", extra)
    return metadata if isinstance(metadata, Mapping) else {}


def _take_events(context: OpExecutionContext, detail: StepDetail) -> None:
    detail.observations += [_event(event) for event in context.take_events()]


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": "materialization" if type(event).__name__ == "AssetMaterialization" else "observation",
        "key": list(event.asset_key.parts),
        "description": event.description,
        "metadata": metadata_to_json(event.metadata),
    }
