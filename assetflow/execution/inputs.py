"""Loading what a step, or a person, wants to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.input_manager import InputManager
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import IOManager
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.signature import EMPTY
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.typecheck import check_value
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import InvalidInvocationError, InvariantViolationError, TypeCheckDidNotPass
from assetflow.execution.resources import Opened, OpenResources
from assetflow.execution.work import StepWork
from assetflow.keys import AssetKey, CoercibleToAssetKey, Version
from assetflow.log import StepLogger
from assetflow.partitions.time_windows import TimeWindowPartitionsDefinition
from assetflow.planning.plan import StepInput
from assetflow.runs.facts import Read


def load_inputs(work: StepWork, opened: Mapping[str, object]) -> dict[str, Any]:
    """The values of all inputs that are loaded, by name.

    Raises:
        TypeCheckDidNotPass: one does not fit the argument's annotation.
        whatever an IO manager raises.
    """
    inputs: dict[str, Any] = {}
    for item in work.step.inputs:
        if item.loads and item.listed:
            inputs.setdefault(item.name, []).append(_load_input(work, opened, item))
        elif item.loads and (item.partition or item.is_empty):
            if item.name not in inputs:
                inputs[item.name] = _load_partitions(work, opened, item)
        elif item.loads:
            inputs[item.name] = _load_input(work, opened, item)
        elif item.name in work.op.ins and not work.op.ins[item.name].is_nothing:
            inputs[item.name] = None  # of what is materialized, but not stored
    for name in dict.fromkeys(item.name for item in work.step.inputs if item.loads):
        check_input(work.op, name, inputs[name])
    return inputs


def check_input(op: OpDefinition, name: str, value: Any) -> None:
    """Raise TypeCheckDidNotPass if a value does not fit the annotation of the argument."""
    reason = check_value(value, op.ins[name].annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(
            f'Type check failed for step input "{name}" of op "{op.name}": {reason}',
            where=str(op.location) if op.location else None,
        )


def _load_partitions(work: StepWork, opened: Mapping[str, object], first: StepInput) -> Any:
    """What an input is that has partitions: the value of one, or a dict of those of several by key."""
    partitions = work.partitions_read(first.name)
    assert partitions is not None, "the plan names some"
    if first.is_empty:
        return {} if first.keyed else None
    items = [item for item in work.step.inputs if item.name == first.name]
    manager = _opened(work, first, made_by(work, first)[1]).value
    if len(items) > 1 and not getattr(manager, "takes_one_partition", False):
        return _load_input(work, opened, first, partitions)
    values = {item.partition: _load_input(work, opened, item, partitions.only(item.partition)) for item in items}
    return values if first.keyed else next(iter(values.values()))


def _opened(work: StepWork, item: StepInput, maker: AssetsDefinition | SourceAsset | None) -> Opened:
    """The IO manager of an input: that of whoever stored it, unless the reader names another."""
    declared = work.op.ins[item.name]
    kept = None if item.output is None else work.settled.kept(item.output)
    environment = item.environment if kept is None else kept.environment
    return work.open(item.io_manager_key, work.asset if declared.input_manager_key else maker, environment)


def _load_input(
    work: StepWork, opened: Mapping[str, object], item: StepInput, partitions: ValuePartitions | None = None
) -> Any:
    run, op = work.run, work.op
    declared = op.ins[item.name]
    key, maker = made_by(work, item)
    found = _opened(work, item, maker)

    def upstream() -> OutputContext | None:
        seen = Resources(opened, None, work.step.key)
        if key is None:
            return inner_context(work, item, resources=seen)
        return upstream_context(key, maker, run_id=run.run_id, resources=seen, log=work.log, partitions=partitions)

    context = InputContext(
        name=item.name,
        asset_key=key,
        metadata=declared.metadata,
        upstream_output=upstream,
        annotation=declared.annotation,
        resources=Resources({**opened, **found.needed} if found.needed else opened, None, op.name),
        log=work.log,
        version=_version_of(work, item),
        run_id=run.run_id,
        step_key=work.step.key,
        config=work.io_config(found.of_inputs, "inputs", item.name),
        resource_config=found.config,
        partitions=partitions,
        partitions_of_step=work.partitions,
    )
    value = as_input_manager(found.value, item.io_manager_key).load_input(context)
    if item.output is None and (version := item.version or context.loaded_version):
        work.loaded.append(Read(item.key, version, context.loaded_data_version, item.partition))
    return value


def _version_of(work: StepWork, item: StepInput) -> Version | None:
    """The version that is read: of this run, or of the one whose work it goes on with; None for the published one."""
    if item.output is not None:
        return work.versions.get(item.output)
    return Version.parse(item.version) if item.version else None


def made_by(
    work: StepWork, item: StepInput
) -> tuple[AssetKey, AssetsDefinition | SourceAsset | None] | tuple[None, AssetsDefinition]:
    """The key of what is read, None for the value of another op of the graph; and what is defined to make it."""
    if not item.key:
        return None, work.asset
    makers = work.run.makers
    key = makers.key(item.key)
    return key, makers.assets.get(key) or makers.sources.get(key)


def load_for(
    work: StepWork,
    asset_key: CoercibleToAssetKey,
    *,
    python_type: Any = EMPTY,
    metadata: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
) -> Any:
    """What is stored of an asset, for code that asks for it while its step runs; see ``context.load_asset_value``."""
    key = AssetKey.from_coercible(asset_key)
    if key not in work.run.makers.assets:
        raise KeyError(f"there is no asset {key.to_user_string()}")
    return load_stored(
        work.run.resources.own,
        work.run.makers.assets[key],
        key,
        run_id=work.run.run_id,
        log=work.log,
        annotation=python_type,
        metadata=metadata,
        partition_key=partition_key,
    )


def load_stored(
    resources: OpenResources,
    asset: AssetsDefinition,
    key: AssetKey,
    *,
    run_id: str,
    log: StepLogger,
    annotation: Any,
    metadata: Mapping[str, Any] | None,
    version: Version | None = None,
    partition_key: str | None = None,
) -> Any:
    """The published value of an asset, or of one of its partitions, or a version of it.

    Raises:
        UnknownPartitionError: the asset has no such partition.
        InvalidInvocationError: the asset has partitions and none is named, or the other way round.
        InvariantViolationError: it stores nothing.
        TypeCheckDidNotPass: the value does not fit the annotation.
        whatever an IO manager raises.
    """
    name = output_name(asset, key)
    out = asset.node_def.outs[name]
    if out.is_nothing:
        raise InvariantViolationError(
            f"asset {key.to_user_string()} stores nothing: it is declared to make None",
            where=asset.node_def.where,
            fix="read what its function has written where that is",
        )
    found = resources.one(asset, out.io_manager_key, log)
    seen = Resources({out.io_manager_key: found.value, **found.needed}, None, "load_asset_value")
    context = InputContext(
        name=name,
        asset_key=key,
        metadata=metadata or {},
        upstream_output=upstream_context(key, asset, run_id=run_id, resources=seen, log=log),
        annotation=annotation,
        resources=seen,
        log=log,
        resource_config=found.config,
        version=version,
        partitions=stored_partition(asset, key, partition_key),
    )
    value = as_input_manager(found.value, out.io_manager_key).load_input(context)
    if (reason := check_value(value, annotation)) is not None:
        raise TypeCheckDidNotPass(f"the stored value of {key.to_user_string()} is of another type: {reason}")
    return value


def stored_partition(asset: AssetsDefinition, key: AssetKey, partition_key: str | None) -> ValuePartitions | None:
    """The partition of an asset that is asked for; None of an asset that has none.

    Raises:
        InvalidInvocationError: the asset has partitions and none is named, or the other way round.
        UnknownPartitionError: a window of time that is none.
    """
    definition = asset.partitions_def
    if (definition is None) != (partition_key is None):
        raise InvalidInvocationError(
            f"asset {key.to_user_string()} has "
            + ("no partitions" if definition is None else f"{definition}: say which"),
            fix="leave partition_key out" if definition is None else "partition_key=...",
        )
    if definition is None or partition_key is None:
        return None
    if isinstance(definition, TimeWindowPartitionsDefinition):
        definition.time_window_for_partition_key(partition_key)
    return ValuePartitions(definition, (str(partition_key),))


def path_of(owner: AssetsDefinition | SourceAsset, key: AssetKey, partition_key: str) -> tuple[str, ...]:
    """The segments under which an asset, or one of its partitions, is stored.

    Args:
        partition_key: empty for an asset without partitions.
    """
    definition = owner.partitions_def
    if not partition_key or definition is None:
        return key.parts
    return key.parts + ValuePartitions(definition, (partition_key,)).segments(partition_key)


def inner_context(work: StepWork, item: StepInput, *, resources: Resources) -> OutputContext:
    """How a value was stored that another op of the same graph has made."""
    assert item.output is not None, "an op's value comes from the plan"
    step, output = work.run.outputs[item.output]
    op = work.asset.op_at(step.node)
    return OutputContext(
        name=output.name,
        step_key=step.key,
        run_id=work.run.run_id,
        metadata=op.outs[output.name].metadata,
        annotation=op.outs[output.name].annotation,
        op_def=op,
        resources=resources,
        log=work.log,
    )


def upstream_context(
    key: AssetKey,
    maker: AssetsDefinition | SourceAsset | None,
    *,
    run_id: str,
    resources: Resources,
    log: StepLogger,
    partitions: ValuePartitions | None = None,
) -> OutputContext | None:
    """How a value was stored, as far as its definition tells; None for a key that nobody defines."""
    if isinstance(maker, AssetsDefinition):
        name = output_name(maker, key)
        return OutputContext(
            asset_key=key,
            name=name,
            step_key=maker.node_def.name,
            run_id=run_id,
            metadata=maker.metadata_by_key.get(key) or {},
            annotation=maker.node_def.outs[name].annotation,
            op_def=maker.op_at(maker.maker(name).path),
            resources=resources,
            log=log,
            partitions=partitions,
        )
    if maker is None:
        return None
    return OutputContext(
        asset_key=key,
        step_key="",
        run_id=run_id,
        metadata=maker.raw_metadata,
        resources=resources,
        log=log,
        partitions=partitions,
    )


def output_name(maker: AssetsDefinition, key: AssetKey) -> str:
    """Which output makes an asset."""
    return next(name for name, made in maker.keys_by_output_name.items() if made == key)


def as_input_manager(manager: object, key: str) -> InputManager:
    """What loads inputs under a resource key; InvariantViolationError if what is there does not."""
    if not hasattr(manager, "load_input"):
        raise InvariantViolationError(
            f"the resource {key!r} is used to load inputs, but is a {type(manager).__name__}",
            fix="give it load_input: derive it from InputManager, or from IOManager",
        )
    return cast(InputManager, manager)


def as_io_manager(manager: object, key: str) -> IOManager:
    """The IO manager under a resource key; InvariantViolationError if what is there is none."""
    if not (hasattr(manager, "handle_output") and hasattr(manager, "load_input")):
        raise InvariantViolationError(
            f"the resource {key!r} is used as an IO manager, but is a {type(manager).__name__}",
            fix="give it handle_output and load_input: derive it from IOManager",
        )
    return cast(IOManager, manager)
