"""The ``@multi_asset`` decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.asset_inputs import CoercibleToDependency, read_inputs
from assetflow.definitions.asset_spec import IO_MANAGER_KEY, AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckSpec, read_check_specs
from assetflow.definitions.hooks import HookDefinition
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.labels import NO_LABELS
from assetflow.definitions.names import check_name
from assetflow.definitions.node_assets import check_keys, read_deps
from assetflow.definitions.op import OpOutput
from assetflow.definitions.op_building import OpForm, ToldOfOp, build_op, check_function, name_of
from assetflow.definitions.outputs import AssetOut, groups_of, value_annotations
from assetflow.definitions.partitioning import BackfillPolicy, mappings_of, read_partitioning
from assetflow.definitions.resource import as_resources
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import EMPTY, read_parameters
from assetflow.definitions.typecheck import makes_nothing
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey
from assetflow.partitions.partitions_definition import PartitionsDefinition

Compute = Callable[..., Any]


def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    non_argument_deps: Iterable[AssetKey | str] | None = None,
    description: str | None = None,
    config_schema: Mapping[str, Any] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    compute_kind: str | None = None,
    internal_asset_deps: Mapping[str, Iterable[AssetKey]] | None = None,
    op_tags: Mapping[str, Any] | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    deps: Iterable[CoercibleToDependency] | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    specs: Sequence[AssetSpec] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
    partitions_def: PartitionsDefinition | None = None,
    backfill_policy: BackfillPolicy | None = None,
) -> Callable[[Compute], AssetsDefinition]:
    """Make several assets of one function, which is one step.

    The function returns a tuple in the order of ``outs``, or yields one ``Output(value, name)`` for each.

    Args:
        outs: name of the output to the asset it makes.
        name: of the step; by default the function's.
        ins: for arguments whose name is not the asset's key.
        non_argument_deps: assets that must be made before, and are not loaded; a str is split at "/".
        description: by default the docstring.
        config_schema: of ``context.op_config``.
        required_resource_keys: resources that ``context.resources`` shows.
        compute_kind: a label such as "pandas".
        internal_asset_deps: for each output the keys its asset needs, of inputs or of other outputs; by
            default every asset needs every input.
        op_tags: labels.
        can_subset: some of the assets may be selected without the others; the function looks at
            ``context.selected_output_names`` and yields only these. Declare the outputs ``is_required=False``.
        resource_defs: resources that come with the assets.
        group_name: of all the assets; not together with a group on an AssetOut.
        retry_policy: when the step is tried again after it raised.
        code_version: a label of the code, given by hand.
        deps: assets that must be made before, and are not loaded: keys (a str is one segment), assets, sources.
        hooks: what is called after its steps, made with `success_hook` and `failure_hook`.
        specs: the assets, in place of ``outs``: the function stores them by itself, and yields a
            ``MaterializeResult(asset_key=...)`` for each, or returns None when all are made. What has a ``value``
            is stored with the IO manager.
        check_specs: checks that the function does itself; it yields an AssetCheckResult for each.
        queue: whose workers run it; by default ``default``.
        pool: bounds how many such steps run at once, in all runs.
        timeout: seconds after which it is stopped on a worker; see `asset`.
        partitions_def: how the assets are divided; by default as their specs say.
        backfill_policy: how many partitions one call makes; by default one.

    Raises:
        InvalidDefinitionError: a name, a group or an input does not fit.
        CheckError: ``outs``, ``internal_asset_deps`` or groups do not fit together.
    """
    if specs is not None:
        if outs is not None or internal_asset_deps is not None:
            raise CheckError("specs exclude outs and internal_asset_deps, which they say themselves")
        outs = _outs_of(specs)
    declared = _check_arguments(outs, config_schema, group_name)
    told = ToldOfOp(
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

    def make(function: Compute) -> AssetsDefinition:
        where = check_function(function, "@multi_asset")
        op_name = name_of(function, name, "@multi_asset")
        arguments = Arguments(f'multi_asset "{op_name}"', where)
        told.check(arguments)
        arguments.flags(can_subset=can_subset)
        arguments.mappings(ins=ins, internal_asset_deps=internal_asset_deps)
        arguments.sets(non_argument_deps=non_argument_deps, deps=deps, check_specs=check_specs)
        parameters = read_parameters(function)
        made = {out.resolve(output) for output, out in declared.items()}
        beside = {dep.asset_key for spec in specs or () for dep in spec.deps} - made
        beside -= {(ins or {}).get(given, AssetIn()).resolve(given) for given in parameters.names}
        inputs, keys_by_input = read_inputs(parameters, ins, non_argument_deps, [*(deps or ()), *sorted(beside)], where)
        keys_by_output = {
            check_name(output, f'output "{output}"', where): out.resolve(output) for output, out in declared.items()
        }
        check_keys(keys_by_output, where)
        said = [*(deps or ()), *(dep for spec in specs or () for dep in spec.deps)]
        partitioning = read_partitioning(
            _partitions_of(partitions_def, specs, where),
            backfill_policy,
            mappings_of(ins, said, keys_by_input),
            keys_by_input,
            made,
            where,
        )
        form = OpForm(
            name=op_name,
            title=f'multi_asset "{op_name}"',
            ins=inputs,
            outs=_outputs(declared, parameters.annotation("return"), self_stored=specs is not None),
            checks=read_check_specs(check_specs, made, where),
        )
        return AssetsDefinition(
            node_def=build_op(function, parameters, told, form),
            keys_by_input_name=keys_by_input,
            keys_by_output_name=keys_by_output,
            group_names_by_key=groups_of(declared, keys_by_output, group_name, where),
            metadata_by_key={keys_by_output[output]: out.metadata for output, out in declared.items() if out.metadata},
            resource_defs=as_resources(resource_defs),
            can_subset=can_subset,
            asset_deps=_deps_of(specs, keys_by_input, beside)
            if specs is not None
            else read_deps(internal_asset_deps, keys_by_input, keys_by_output),
            labels_by_key={
                keys_by_output[output]: out.labels for output, out in declared.items() if out.labels != NO_LABELS
            },
            partitioning=partitioning,
        )

    return make


def _outs_of(specs: Sequence[AssetSpec]) -> dict[str, AssetOut]:
    if isinstance(specs, AssetSpec) or not isinstance(specs, Iterable):
        raise CheckError(f"specs is a list of AssetSpec, not {specs!r}")
    for spec in specs:
        if not isinstance(spec, AssetSpec):
            raise CheckError(f"specs is a list of AssetSpec, not of {type(spec).__name__}: {spec!r}")
    keys = [spec.key for spec in specs]
    for spec in specs:
        if keys.count(spec.key) > 1:
            raise InvalidDefinitionError(f"Duplicate asset key: {spec.key}", where=str(spec.location))
    return {
        spec.key.to_python_identifier(): AssetOut.from_spec(
            spec, io_manager_key=spec.metadata.get(IO_MANAGER_KEY, "io_manager")
        )
        for spec in specs
    }


def _partitions_of(
    given: PartitionsDefinition | None, specs: Sequence[AssetSpec] | None, where: str | None
) -> PartitionsDefinition | None:
    """How all assets of a function are divided."""
    said = {found for found in (given, *(spec.partitions_def for spec in specs or ())) if found is not None}
    if len(said) > 1:
        raise InvalidDefinitionError(
            "the assets of one function are divided in different ways: " + "; ".join(sorted(map(str, said))),
            where=where,
            fix="give all of them the same partitions_def, or make them with several functions",
        )
    return next(iter(said), None)


def _deps_of(specs: Sequence[AssetSpec], keys_by_input: Mapping[str, AssetKey], ordering: set[AssetKey]) -> Any:
    """What each asset needs: what its spec says, and what the function loads."""
    if not any(spec.deps for spec in specs):
        return None
    loaded = set(keys_by_input.values()) - ordering
    return {spec.key: {dep.asset_key for dep in spec.deps} | loaded for spec in specs}


def _check_arguments(outs: Any, config_schema: Any, group_name: str | None) -> Mapping[str, AssetOut]:
    if not isinstance(outs, Mapping) or not outs:
        raise CheckError(f"outs maps the name of each output to an AssetOut, not {outs!r}")
    for name, out in outs.items():
        if not isinstance(out, AssetOut):
            raise CheckError(f"outs maps names to AssetOut, not to {type(out).__name__}: {name}={out!r}")
    if config_schema is not None and not isinstance(config_schema, Mapping):
        raise CheckError(f"Only dicts are supported for asset config_schema, not {config_schema!r}")
    grouped = [name for name, out in outs.items() if out.group_name is not None]
    if group_name is not None and grouped:
        raise CheckError(
            f"group_name is given to multi_asset, and to its AssetOut {', '.join(grouped)}: give it in one place"
        )
    return cast("Mapping[str, AssetOut]", outs)


def _outputs(outs: Mapping[str, AssetOut], returned: Any, *, self_stored: bool) -> dict[str, OpOutput]:
    found = {}
    said = (EMPTY,) * len(outs) if self_stored else value_annotations(returned, len(outs))
    for (name, out), annotation in zip(outs.items(), said, strict=True):
        meant = out.annotation if out.annotation is not None else annotation
        found[name] = OpOutput(
            name=name,
            annotation=meant,
            is_nothing=makes_nothing(meant),
            is_self_stored=self_stored,
            is_required=out.is_required,
            io_manager_key=out.io_manager_key,
            metadata=out.metadata,
            description=out.description,
            code_version=out.code_version,
        )
    return found
