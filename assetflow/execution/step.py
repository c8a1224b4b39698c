"""The story of one step: load the inputs, compute, store what was made."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.events import AssetMaterialization, ExpectationResult
from assetflow.definitions.io_context import OutputContext
from assetflow.definitions.io_manager import VersionedIOManager
from assetflow.definitions.materialize_result import NO_VALUE
from assetflow.definitions.metadata import normalize_metadata
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.outputs import Output
from assetflow.definitions.unfolding import Event, spec_of
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import AssetCheckFailedError
from assetflow.execution.compute import compute
from assetflow.execution.handled import metadata_of
from assetflow.execution.inputs import as_io_manager, load_for, load_inputs
from assetflow.execution.work import StepWork, value_path
from assetflow.fail_points import reached
from assetflow.planning.plan import StepOutput
from assetflow.runs.facts import CheckDetail, OutputDetail, StepDetail

Staged = tuple[VersionedIOManager, StepOutput]


def execute_step(work: StepWork, detail: StepDetail) -> tuple[list[int], list[Staged]]:
    """Do it all, and tell in `detail` what was made.

    Returns:
        indices of the outputs that were made, and those among them that are staged only, with their IO managers.

    Raises:
        whatever the user's code or an IO manager raises; what was staged is then removed again.
    """
    run, asset, op = work.run, work.asset, work.op
    managers = {output.io_manager_key for output in work.step.outputs if not op.outs[output.name].may_be_none}
    opened = run.resources.own.for_asset(asset, sorted(managers | op.required_resource_keys), work.log)
    inputs = load_inputs(work, opened)
    detail.loaded = work.loaded
    declared = {output.name: output for output in work.step.outputs}
    keys = {output.name: run.makers.key(output.key) for output in work.step.outputs if output.key}
    context = OpExecutionContext(
        run_id=run.run_id,
        op_def=op,
        assets_def=asset,
        resources=Resources(opened, op.required_resource_keys, op.name),
        op_config=work.op_config(),
        log=work.log,
        retry_number=work.claim.retries,
        run_tags=run.tags,
        run_config=run.run_config,
        job_name=run.job_name,
        step_key=work.step.key,
        load_value=partial(load_for, work),
        selected_output_names=frozenset(declared),
        keys_by_output_name=keys,
        keys_by_input_name={item.name: run.makers.key(item.key) for item in work.step.inputs if item.key},
    )
    emitted: list[int] = []
    staged: list[Staged] = []
    try:
        for item in compute(op, context, inputs, selected=declared.keys(), keys=keys):
            _take_events(context, detail)
            if isinstance(item, AssetCheckResult):
                detail.checks.append(_check(op, item))
            elif not isinstance(item, Output):
                detail.observations.append(_event(item))
            else:
                context.close_output(item.output_name)
                if item.output_name in declared:
                    output = declared[item.output_name]
                    _store(work, opened, context, output, item, detail, staged)
                    emitted.append(output.index)
                elif item.output_name in asset.keys_by_output_name:
                    work.log.warning(
                        "the output %s of %s was not selected: it is not stored. context.selected_output_names tells "
                        "what to make",
                        item.output_name,
                        op.name,
                    )
        _take_events(context, detail)
        _stop_if_blocked(detail)
    except BaseException:
        unseen = {output.index for _, output in staged}
        if run.values is not None:
            for output in work.step.outputs:
                run.values.pop(output.index, None)
        detail.outputs = [made for made in detail.outputs if made.output not in unseen]
        for manager, output in staged:
            with suppress(Exception):
                manager.discard(path=value_path(run.run_id, work.step, output), version=work.claim.version)
        raise
    return emitted, staged


def _check(op: OpDefinition, result: AssetCheckResult) -> CheckDetail:
    spec = spec_of(op, result)
    return CheckDetail(
        key=spec.asset_key.parts,
        name=spec.name,
        passed=result.passed,
        severity=result.severity.value,
        blocking=spec.blocking,
        description=result.description,
        metadata=metadata_to_json(result.metadata),
    )


def _stop_if_blocked(detail: StepDetail) -> None:
    stopping = [check for check in detail.checks if check.stops]
    if stopping:
        names = ", ".join(f"{'/'.join(check.key)}:{check.name}" for check in stopping)
        found = "; ".join(check.description for check in stopping if check.description)
        raise AssetCheckFailedError(
            f"{len(stopping)} blocking asset check{'s' * (len(stopping) > 1)} failed with ERROR severity: {names}"
            + (f" ({found})" if found else "")
        )


def _store(
    work: StepWork,
    opened: Mapping[str, object],
    context: OpExecutionContext,
    output: StepOutput,
    item: Output[Any],
    detail: StepDetail,
    staged: list[Staged],
) -> None:
    run, asset, op = work.run, work.asset, work.op
    key = run.makers.key(output.key) if output.key else None
    out = op.outs[output.name]
    if run.values is not None:
        run.values[output.index] = None if item.value is NO_VALUE else item.value
    if op.hooks or run.job_hooks:
        work.made[output.name] = item.value
    metadata = {**item.metadata, **context.get_output_metadata(output.name)}
    version: str | None = None
    size: int | None = None
    uri: str | None = None
    data_version = item.data_version.value if item.data_version else None
    if item.value is not NO_VALUE and not (out.may_be_none and item.value is None):
        found = work.open(output.io_manager_key)  # where it may make nothing, only now it is known that it is needed
        storing = OutputContext(
            asset_key=key,
            name=output.name,
            step_key=work.step.key,
            run_id=run.run_id,
            job_name=run.job_name,
            metadata=(asset.metadata_by_key.get(key) if key else None) or out.metadata,
            annotation=out.annotation,
            op_def=op,
            resources=Resources({**opened, output.io_manager_key: found.value, **found.needed}, None, op.name),
            log=work.log,
            version=work.claim.version,
            config=work.io_config(found, "outputs", output.name),
            resource_config=found.config,
            data_version=data_version,
        )
        manager = as_io_manager(found.value, output.io_manager_key)
        if isinstance(manager, VersionedIOManager):
            staged.append((manager, output))
            reached("stage.before")
            manager.stage(storing, item.value)
            reached("stage.after")
            version = work.claim.version.name
        else:
            returned = manager.handle_output(storing, item.value)
            if returned is not None:
                metadata.update(metadata_of(returned, output=output.name, key=output.io_manager_key))
        detail.observations += [_event(event) for event in storing.take_events()]
        metadata.update(storing.collected_metadata)
        size, uri, data_version = storing.size, storing.uri, data_version or storing.digest
    normal = metadata_to_json(normalize_metadata(metadata))
    if key is not None:
        made = OutputDetail(output=output.index, key=output.key, version=version, metadata=normal, tags=item.tags)
        made.data_version = data_version or version
        made.size, made.uri = size, uri
        if run.code_versions is not None and (code := run.code_versions.of(key)) != output.code_version:
            made.code_version = code
        detail.outputs.append(made)
    else:
        detail.inner.append((output.index, version))


def _take_events(context: OpExecutionContext, detail: StepDetail) -> None:
    detail.observations += [_event(event) for event in context.take_events()]


def _event(event: Event) -> dict[str, Any]:
    if isinstance(event, ExpectationResult):
        about: dict[str, Any] = {"kind": "expectation", "label": event.label, "success": event.success}
    else:
        kind = "materialization" if isinstance(event, AssetMaterialization) else "observation"
        about = {"kind": kind, "key": list(event.asset_key.parts), "partition": event.partition, "tags": event.tags}
    return {**about, "description": event.description, "metadata": metadata_to_json(event.metadata)}
