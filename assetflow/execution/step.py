"""The story of one step: load the inputs, compute, store what was made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.outputs import Output
from assetflow.definitions.step_instance import StepInstance
from assetflow.definitions.unfolding import spec_of
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import AssetCheckFailedError
from assetflow.execution.compute import compute
from assetflow.execution.inputs import load_for, load_inputs
from assetflow.execution.plain import plain_step, says_more
from assetflow.execution.storing import Staged, store_output
from assetflow.execution.told import event_record
from assetflow.execution.work import StepWork
from assetflow.runs.facts import CheckDetail, PartitionsDetail, StepDetail, worth_telling


def execute_step(work: StepWork, detail: StepDetail) -> tuple[list[int], list[Staged]]:
    """Do it all, and tell in `detail` what was made.

    Returns:
        indices of the outputs that were made, and what is staged only.

    Raises:
        whatever the user's code or an IO manager raises; what was staged is then removed again.
    """
    began = time.perf_counter()
    opened: Mapping[str, object] | None = None
    try:
        plain = plain_step(work)
        if plain is None:
            opened = _opened(work)
            inputs = load_inputs(work, opened)
    finally:
        detail.load = worth_telling(time.perf_counter() - began)
    if plain is None:
        assert opened is not None
        return _execute(work, detail, opened, lambda context: _call(work.op, context, inputs))
    returned = work.op.compute_fn(**plain.inputs)
    if not says_more(returned):
        return plain.store(returned, detail)
    return _execute(work, detail, _opened(work), lambda _: returned)


def _opened(work: StepWork) -> Mapping[str, object]:
    """The resources that the step's function and what stores its outputs need."""
    needed = {output.io_manager_key for output in work.step.outputs if not work.op.outs[output.name].may_be_none}
    keys = sorted(needed | work.op.required_resource_keys)
    return work.run.resources.own.for_asset(work.asset, keys, work.log)


def _call(op: OpDefinition, context: OpExecutionContext, inputs: Mapping[str, Any]) -> Any:
    arguments = [context] if op.takes_context else []
    return op.compute_fn(*arguments, **inputs, **op.beside_inputs(context))


def _execute(
    work: StepWork,
    detail: StepDetail,
    opened: Mapping[str, object],
    call: Callable[[OpExecutionContext], Any],
) -> tuple[list[int], list[Staged]]:
    """Call the function, and store what comes of it.

    Args:
        opened: resources of the step, by key.
    """
    run, asset, op = work.run, work.asset, work.op
    detail.loaded = work.loaded
    declared = {output.name: output for output in work.step.outputs}
    keys = {output.name: run.makers.key(output.key) for output in work.step.outputs if output.key}
    instance = StepInstance()
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
        partitions=work.partitions,
        input_partitions=work.partitions_read,
        instance=instance,
    )
    emitted: list[int] = []
    staged: list[Staged] = []
    try:
        for item in compute(op, call(context), selected=declared.keys(), keys=keys):
            _take_events(context, detail)
            if isinstance(item, AssetCheckResult):
                detail.checks.append(_check(op, item))
            elif not isinstance(item, Output):
                detail.observations.append(event_record(item))
            else:
                context.close_output(item.output_name)
                if item.output_name in declared:
                    output = declared[item.output_name]
                    began = time.perf_counter()
                    try:
                        store_output(work, opened, context, output, item, detail, staged)
                    finally:
                        detail.store += worth_telling(time.perf_counter() - began)
                    emitted.append(output.index)
                elif item.output_name in asset.keys_by_output_name:
                    work.log.warning(
                        "the output %s of %s was not selected: it is not stored. context.selected_output_names tells "
                        "what to make",
                        item.output_name,
                        op.name,
                    )
        _take_events(context, detail)
        if detail.checks:
            _stop_if_blocked(detail)
        if instance.changes:
            detail.partitions = [
                PartitionsDetail(change.name, change.partition_keys, change.removes) for change in instance.changes
            ]
    except BaseException:
        unseen = {one.output for one in staged}
        if run.values is not None:
            for output in work.step.outputs:
                run.values.pop(output.index, None)
        detail.outputs = [made for made in detail.outputs if made.output not in unseen]
        for one in staged:
            one.discard(work.version)
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


def _take_events(context: OpExecutionContext, detail: StepDetail) -> None:
    if events := context.take_events():
        detail.observations += [event_record(event) for event in events]
