"""Storing what a step has made, as its IO managers want it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar, cast

from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.io_context import OutputContext
from assetflow.definitions.io_manager import IOManager, VersionedIOManager
from assetflow.definitions.materialize_result import NO_VALUE
from assetflow.definitions.metadata import normalize_metadata
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.outputs import Output
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import InvariantViolationError
from assetflow.execution.handled import metadata_of
from assetflow.execution.inputs import as_io_manager
from assetflow.execution.resources import Opened
from assetflow.execution.told import event_record
from assetflow.execution.work import StepWork
from assetflow.fail_points import reached
from assetflow.keys import AssetKey, Version
from assetflow.planning.plan import StepOutput
from assetflow.runs.facts import OutputDetail, PartDetail, StepDetail

Staging = TypeVar("Staging")


class Staged(NamedTuple):
    """What is staged of an output, and not published yet.

    Attributes:
        paths: of its value, or of that of each of its partitions.
    """

    output: int
    manager: VersionedIOManager
    paths: tuple[tuple[str, ...], ...]

    def discard(self, version: Version) -> None:
        """Remove it, as far as that is possible."""
        for path in self.paths:
            with suppress(Exception):
                self.manager.discard(path=path, version=version)


def store_output(
    work: StepWork,
    opened: Mapping[str, object],
    context: OpExecutionContext,
    output: StepOutput,
    item: Output[Any],
    detail: StepDetail,
    staged: list[Staged],
) -> None:
    """Store one output, and tell in `detail` that it was made.

    Args:
        opened: resources of the step, by key.
        staged: gets what is only staged, also if it goes wrong half-way.

    Raises:
        InvariantViolationError: it is of several partitions, and is not a dict with the value of each.
        whatever the IO manager raises.
    """
    run, op = work.run, work.op
    key = run.makers.key(output.key) if output.key else None
    out = op.outs[output.name]
    if run.values is not None:
        run.values[output.index] = None if item.value is NO_VALUE else item.value
    if op.hooks or run.job_hooks:
        work.made[output.name] = item.value
    metadata = {**item.metadata, **context.get_output_metadata(output.name)}
    made = OutputDetail(output=output.index, key=output.key, tags=item.tags)
    said = item.data_version.value if item.data_version else None
    if item.value is not NO_VALUE and not (out.may_be_none and item.value is None):
        found = work.open(output.io_manager_key)  # where it may make nothing, only now it is known that it is needed
        storing = _context(work, opened, found, output, key, said)
        manager = as_io_manager(found.value, output.io_manager_key)
        if found.keeps_versions:
            made.version = work.version.name
        for one, value in _parts(manager, storing, item.value):
            _store(found, one, value, output, metadata, staged)
            if events := one.take_events():
                detail.observations += [event_record(event) for event in events]
            metadata.update(one.collected_metadata)
            made.size, made.uri, made.data_version = one.size, one.uri, said or one.digest
            if one is not storing:
                made.parts.append(PartDetail(one.asset_partition_key, made.data_version, one.size, one.uri))
    if key is None:
        detail.inner.append((output.index, made.version))
        return
    made.metadata = metadata_to_json(normalize_metadata(metadata))
    made.data_version = made.data_version or said or made.version
    if run.code_versions is not None and (code := run.code_versions.of(key)) != output.code_version:
        made.code_version = code
    detail.outputs.append(made)


def _context(
    work: StepWork,
    opened: Mapping[str, object],
    found: Opened,
    output: StepOutput,
    key: AssetKey | None,
    said: str | None,
) -> OutputContext:
    run, asset, op = work.run, work.asset, work.op
    out = op.outs[output.name]
    return OutputContext(
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
        version=work.version,
        config=work.io_config(found.of_outputs, "outputs", output.name),
        resource_config=found.config,
        data_version=said,
        partitions=work.partitions if key is not None else None,
        partitions_of_step=work.partitions,
    )


def _parts(manager: IOManager, storing: OutputContext, value: Any) -> Iterator[tuple[OutputContext, Any]]:
    """What the IO manager is given: all of it, or, if it takes no more than that, each partition with its value."""
    divided = storing.asset_partitions() if storing.has_asset_partitions else None
    if divided is None or not divided.keyed or not getattr(manager, "takes_one_partition", False):
        yield storing, value
        return
    _check_keys(storing, divided, value)
    for key in divided.keys:
        yield storing.of_partition(key), value[key]


def _check_keys(storing: OutputContext, divided: ValuePartitions, value: Any) -> None:
    if isinstance(value, Mapping) and value.keys() == set(divided.keys):
        return
    if not isinstance(value, Mapping):
        told = f"a {type(value).__name__}"
    else:
        missing, more = [key for key in divided.keys if key not in value], sorted(value.keys() - set(divided.keys))
        told = "; ".join(
            [f"a dict without {', '.join(missing[:3])}"] * bool(missing)
            + [f"a dict with {', '.join(map(str, more[:3]))}"] * bool(more)
        )
    raise InvariantViolationError(
        f"the step makes {len(divided.keys)} partitions of {storing.asset_key.to_user_string()} at once, "
        f"{divided.keys[0]} to {divided.keys[-1]}, and its value is {told}",
        where=storing.op_def.where,
        fix="return a dict with the value of each of context.partition_keys, or store it with an IO manager of your "
        "own that takes several partitions",
    )


def _store(
    found: Opened,
    storing: OutputContext,
    value: Any,
    output: StepOutput,
    metadata: dict[str, Any],
    staged: list[Staged],
) -> None:
    if not found.keeps_versions:
        returned = cast(IOManager, found.value).handle_output(storing, value)
        if returned is not None:
            metadata.update(metadata_of(returned, output=output.name, key=output.io_manager_key))
        return
    manager = cast(VersionedIOManager, found.value)
    before = staged.pop().paths if staged and staged[-1].output == output.index else ()
    staged.append(Staged(output.index, manager, (*before, storing.value_path)))
    stage(manager.stage, storing, value)


def stage(act: Callable[..., Staging], *given: Any) -> Staging:
    """Have an IO manager stage something."""
    reached("stage.before")
    told = act(*given)
    reached("stage.after")
    return told
