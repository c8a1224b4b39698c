"""The ``@asset`` decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.asset_inputs import CoercibleToDependency, read_inputs
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckSpec, read_check_specs
from assetflow.definitions.hooks import HookDefinition
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.io_manager import IOManagerDefinition, is_io_manager
from assetflow.definitions.labels import NO_LABELS, AssetLabels, read_labels
from assetflow.definitions.names import CoercibleToPrefix, check_group, read_key, read_prefix
from assetflow.definitions.node_assets import check_keys
from assetflow.definitions.op import OpOutput
from assetflow.definitions.op_building import OpForm, ToldOfOp, build_op, check_function, name_of
from assetflow.definitions.outputs import is_self_stored, value_annotation
from assetflow.definitions.partitioning import BackfillPolicy, mappings_of, read_partitioning
from assetflow.definitions.resource import ResourceDefinition, as_resource, as_resources
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import Parameters, read_parameters
from assetflow.definitions.source_asset import DEFAULT_GROUP
from assetflow.definitions.typecheck import makes_nothing
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.partitions.partitions_definition import PartitionsDefinition

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition
    from assetflow.definitions.freshness_policy import FreshnessPolicy

Compute = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the decorator was told of the asset; `ToldOfOp` has the rest."""

    key_prefix: CoercibleToPrefix | None
    ins: Mapping[str, AssetIn] | None
    non_argument_deps: Iterable[AssetKey | str] | None
    metadata: Mapping[str, Any] | None
    io_manager_def: IOManagerDefinition | None
    io_manager_key: str | None
    dagster_type: Any
    group_name: str | None
    output_required: bool
    deps: Iterable[CoercibleToDependency] | None
    key: CoercibleToAssetKey | None
    owners: Iterable[str] | None
    tags: Mapping[str, str] | None
    kinds: Iterable[str] | None
    check_specs: Iterable[AssetCheckSpec] | None
    partitions_def: PartitionsDefinition | None
    backfill_policy: BackfillPolicy | None
    freshness_policy: FreshnessPolicy | None
    automation_condition: AutomationCondition | None

    def check(self, arguments: Arguments) -> None:
        """Check all of it; ParameterCheckError if something is of another type."""
        arguments.texts(io_manager_key=self.io_manager_key)
        arguments.flags(output_required=self.output_required)
        arguments.mappings(ins=self.ins, metadata=self.metadata, tags=self.tags)
        arguments.sets(
            non_argument_deps=self.non_argument_deps,
            deps=self.deps,
            check_specs=self.check_specs,
            owners=self.owners,
            kinds=self.kinds,
        )
        arguments.annotation(dagster_type=self.dagster_type)
        if self.io_manager_def is not None and not is_io_manager(self.io_manager_def):
            arguments.refuse("io_manager_def", self.io_manager_def, "an IO manager")


@overload
def asset(compute_fn: Compute) -> AssetsDefinition: ...
@overload
def asset(
    *,
    name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    non_argument_deps: Iterable[AssetKey | str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    io_manager_def: IOManagerDefinition | None = None,
    io_manager_key: str | None = None,
    compute_kind: str | None = None,
    dagster_type: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    deps: Iterable[CoercibleToDependency] | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    key: CoercibleToAssetKey | None = None,
    owners: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    kinds: Iterable[str] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
    partitions_def: PartitionsDefinition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    freshness_policy: FreshnessPolicy | None = None,
    automation_condition: AutomationCondition | None = None,
) -> Callable[[Compute], AssetsDefinition]: ...
def asset(
    compute_fn: Compute | None = None,
    *,
    name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    non_argument_deps: Iterable[AssetKey | str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    io_manager_def: IOManagerDefinition | None = None,
    io_manager_key: str | None = None,
    compute_kind: str | None = None,
    dagster_type: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    deps: Iterable[CoercibleToDependency] | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    key: CoercibleToAssetKey | None = None,
    owners: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    kinds: Iterable[str] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
    partitions_def: PartitionsDefinition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    freshness_policy: FreshnessPolicy | None = None,
    automation_condition: AutomationCondition | None = None,
) -> AssetsDefinition | Callable[[Compute], AssetsDefinition]:
    """Make an asset of a function; its arguments are the assets it needs.

    A first parameter named ``context``, ``_context``, ``context_`` or ``_`` is the context. A function that
    yields must yield `Output`.

    Args:
        name: of the asset; by default the function's.
        key_prefix: segments before the name; a str is split at "/".
        ins: for arguments whose name is not the asset's key.
        non_argument_deps: assets that must be made before, and are not loaded; a str is split at "/".
        metadata: of the definition; any values.
        description: by default the docstring.
        config_schema: of ``context.op_config``.
        required_resource_keys: resources that ``context.resources`` shows.
        resource_defs: resources that come with the asset; they need not be declared again.
        io_manager_def: stores the value; not together with io_manager_key.
        io_manager_key: the resource that stores the value; by default ``io_manager``.
        compute_kind: a label such as "pandas".
        dagster_type: the type of the value, in place of the return annotation.
        op_tags: labels.
        group_name: by default ``default``.
        output_required: False lets a generator end without yielding: then whatever needs the asset is skipped.
        retry_policy: when it is tried again after it raised.
        code_version: a label of the code, given by hand.
        deps: assets that must be made before, and are not loaded: keys (a str is one segment), assets, sources.
        hooks: what is called after its steps, made with `success_hook` and `failure_hook`.
        key: in place of name and key_prefix; a str is one segment.
        owners: email addresses, or ``team:`` and a name.
        tags: label to value, to select by.
        kinds: what it is made with or stored as, such as "pandas"; three at most.
        check_specs: checks that the function does itself; it yields an AssetCheckResult for each, or returns
            ``MaterializeResult(check_results=[...])``.
        queue: whose workers run it; by default ``default``. Also the tag ``assetflow/queue``.
        pool: bounds how many such steps run at once, in all runs; ``assetflow pools set`` says how many.
        timeout: seconds after which it is stopped on a worker: first with `StepTimedOut` raised in its code, then by
            force. In process nothing is stopped.
        partitions_def: how the asset is divided; each partition is made and stored on its own.
        backfill_policy: how many partitions one call makes; by default one.
        freshness_policy: how old the data may be that it is made of.
        automation_condition: when a daemon has it made by itself.

    Raises:
        InvalidDefinitionError: a name, a group or an input does not fit.
        CheckError: arguments that exclude each other.
    """
    op = ToldOfOp(
        name=name,
        description=description,
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        resource_defs=resource_defs,
        compute_kind=compute_kind,
        op_tags=op_tags,
        retry_policy=retry_policy,
        hooks=hooks,
        code_version=code_version,
        queue=queue,
        pool=pool,
        timeout=timeout,
    )
    told = _Told(
        key_prefix=key_prefix,
        ins=ins,
        non_argument_deps=non_argument_deps,
        metadata=metadata,
        io_manager_def=io_manager_def,
        io_manager_key=io_manager_key,
        dagster_type=dagster_type,
        group_name=group_name,
        output_required=output_required,
        deps=deps,
        key=key,
        owners=owners,
        tags=tags,
        kinds=kinds,
        check_specs=check_specs,
        partitions_def=partitions_def,
        backfill_policy=backfill_policy,
        freshness_policy=freshness_policy,
        automation_condition=automation_condition,
    )
    if compute_fn is not None:
        return _make(compute_fn, op, told)
    return lambda function: _make(function, op, told)


def _make(function: Compute, op: ToldOfOp, told: _Told) -> AssetsDefinition:
    where = check_function(function, "@asset")
    arguments = Arguments(f'asset "{op.name or getattr(function, "__name__", "")}"', where)
    op.check(arguments)
    told.check(arguments)
    if told.kinds and op.compute_kind:
        raise CheckError(f"compute_kind and kinds exclude each other: give kinds only ({where})")
    key = _key(function, op.name, told, where)
    parameters = read_parameters(function)
    inputs, keys_by_input = read_inputs(parameters, told.ins, told.non_argument_deps, told.deps, where)
    check_keys({"result": key}, where)
    partitioning = read_partitioning(
        told.partitions_def,
        told.backfill_policy,
        mappings_of(told.ins, told.deps, keys_by_input),
        keys_by_input,
        [key],
        where,
    )
    resources, manager_key = _resources(op, told, key)
    return AssetsDefinition(
        node_def=build_op(
            function,
            parameters,
            op,
            OpForm(
                name=key.to_python_identifier(),
                title=f'asset "{key.to_user_string()}"',
                ins=inputs,
                outs={"result": _output(parameters, op, told, manager_key)},
                checks=read_check_specs(told.check_specs, [key], where),
            ),
        ),
        keys_by_input_name=keys_by_input,
        keys_by_output_name={"result": key},
        group_names_by_key={key: DEFAULT_GROUP if told.group_name is None else check_group(told.group_name, where)},
        metadata_by_key={key: dict(told.metadata)} if told.metadata else {},
        labels_by_key=_labels(key, told, where),
        resource_defs=resources,
        partitioning=partitioning,
    )


def _labels(key: AssetKey, told: _Told, where: str | None) -> dict[AssetKey, AssetLabels]:
    found = read_labels(told.owners, told.tags, told.kinds, where, told.freshness_policy, told.automation_condition)
    return {} if found == NO_LABELS else {key: found}


def _key(function: Compute, name: str | None, told: _Told, where: str | None) -> AssetKey:
    if told.key is None:
        prefix, last = read_prefix(told.key_prefix), name_of(function, name, "@asset")
        if slashed := [part for part in (*prefix, last) if "/" in part]:
            split = "/".join((*prefix, last)).split("/")
            raise InvalidDefinitionError(
                f'"{slashed[0]}" is not a valid name: each segment of a key is a name of its own',
                where=where,
                fix=f'key_prefix={split[:-1]!r}, name="{split[-1]}"',
            )
        return AssetKey((*prefix, last))
    if name is not None or told.key_prefix is not None:
        raise InvalidDefinitionError("key excludes name and key_prefix: give one or the other", where=where)
    return read_key(told.key, "key", where)


def _output(parameters: Parameters, op: ToldOfOp, given: _Told, manager_key: str) -> OpOutput:
    annotation = given.dagster_type if given.dagster_type is not None else parameters.annotation("return")
    if given.dagster_type is None:
        annotation = value_annotation(annotation)
    return OpOutput(
        annotation=annotation,
        is_nothing=makes_nothing(annotation),
        is_self_stored=given.dagster_type is None and is_self_stored(parameters.annotation("return")),
        is_required=given.output_required,
        io_manager_key=manager_key,
        metadata=given.metadata or {},
        description=op.description,
    )


def _resources(op: ToldOfOp, given: _Told, key: AssetKey) -> tuple[dict[str, ResourceDefinition], str]:
    resources = as_resources(op.resource_defs)
    if given.io_manager_def is None:
        return resources, given.io_manager_key or "io_manager"
    if given.io_manager_key is not None:
        raise CheckError("Both io_manager_key and io_manager_def were provided to `@asset`. Provide only one.")
    manager_key = f"{key.to_python_identifier()}__io_manager"
    resources[manager_key] = as_resource(given.io_manager_def)
    return resources, manager_key
