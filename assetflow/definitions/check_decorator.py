"""The decorators ``@asset_check`` and ``@multi_asset_check``: functions that check assets after they were made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.asset_inputs import read_inputs
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckSpec, key_of
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.location import location_of
from assetflow.definitions.op import OpInput, OpOutput
from assetflow.definitions.op_building import OpForm, ToldOfOp, build_op, check_function, name_of
from assetflow.definitions.resource import as_resources
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import Parameters, read_parameters
from assetflow.definitions.typecheck import Nothing
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey

Compute = Callable[..., Any]


class AssetChecksDefinition(AssetsDefinition):
    """What ``@asset_check`` makes of a function: a step that makes no asset. Still callable."""

    __slots__ = ()


def asset_check(
    *,
    asset: Any,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, AssetIn] | None = None,
    additional_deps: Iterable[Any] | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config_schema: Any = None,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    metadata: Mapping[str, Any] | None = None,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
) -> Callable[[Compute], AssetChecksDefinition]:
    """Make a check of a function that returns an `AssetCheckResult`, or whether all is well.

    An argument besides those of ``additional_ins`` is the asset's value, whatever its name; without one the
    asset is not loaded. The check is a step after that of the asset, whenever the asset is materialized.

    Args:
        asset: which asset: a key (a str is one segment), an asset, a source or a spec.
        name: of the check; by default the function's.
        description: by default the docstring.
        blocking: what needs the asset waits for the check, and is not made if it fails as an error; the run fails.
        additional_ins: other assets to load, by argument.
        additional_deps: assets that must be made before, and are not loaded.
        required_resource_keys: resources that ``context.resources`` shows.
        resource_defs: resources that come with the check.
        config_schema: of ``context.op_config``.
        compute_kind: a label such as "pandas".
        op_tags: labels.
        retry_policy: when it is tried again after it raised.
        metadata: of the definition; any values.
        queue: whose workers run it; by default ``default``.
        pool: bounds how many such steps run at once, in all runs.
        timeout: seconds after which it is stopped on a worker; see `asset`.

    Raises:
        InvalidDefinitionError: a name or an input does not fit.
    """
    key = key_of(asset)
    told = ToldOfOp(
        name=name,
        description=description,
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        resource_defs=resource_defs,
        compute_kind=compute_kind,
        op_tags=op_tags,
        retry_policy=retry_policy,
        queue=queue,
        pool=pool,
        timeout=timeout,
    )

    def make(function: Compute) -> AssetChecksDefinition:
        where = check_function(function, "@asset_check")
        arguments = Arguments(f'check "{name_of(function, name, "@asset_check")}"', where)
        told.check(arguments)
        arguments.flags(blocking=blocking)
        arguments.mappings(additional_ins=additional_ins, metadata=metadata)
        arguments.sets(additional_deps=additional_deps)
        spec = AssetCheckSpec(
            name_of(function, name, "@asset_check"),
            asset=key,
            description=description or inspect.getdoc(function),
            blocking=blocking,
            metadata=metadata,
        )
        parameters = read_parameters(function)
        ins = dict(additional_ins or {})
        free = [argument for argument in parameters.names if argument not in ins]
        if len(free) > 1:
            raise InvalidDefinitionError(
                f"the check {spec.name} takes {', '.join(free)}, and checks one asset",
                where=where,
                fix="say which assets the others are: additional_ins={...}",
            )
        if free:
            ins[free[0]] = AssetIn(key)
        elif any(item.resolve(argument) == key for argument, item in ins.items()):
            raise InvalidDefinitionError(
                f"the asset {key.to_user_string()} is checked, and cannot be in additional_ins of {spec.name} too",
                where=where,
            )
        deps = [*(additional_deps or ()), *([] if free else [key])]
        inputs = read_inputs(parameters, ins, None, deps, where)
        return _definition(function, spec.get_python_identifier(), [spec], parameters, inputs, told)

    return make


def multi_asset_check(
    *,
    specs: Sequence[AssetCheckSpec],
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config_schema: Any = None,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    can_subset: bool = False,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
) -> Callable[[Compute], AssetChecksDefinition]:
    """Make several checks of one function that yields an `AssetCheckResult` for each, with its name and asset.

    Args:
        specs: the checks.
        name: of the step; by default the function's.
        required_resource_keys: resources that ``context.resources`` shows.
        resource_defs: resources that come with the checks.
        config_schema: of ``context.op_config``.
        compute_kind: a label such as "pandas".
        op_tags: labels.
        retry_policy: when it is tried again after it raised.
        ins: assets to load, by argument.
        can_subset: some of the checks may be selected without the others; the function looks at
            ``context.selected_asset_check_keys`` and yields only these. Otherwise it always does all of them.
        queue: whose workers run it; by default ``default``.
        pool: bounds how many such steps run at once, in all runs.
        timeout: seconds after which it is stopped on a worker; see `asset`.
    """
    if not specs or not all(isinstance(spec, AssetCheckSpec) for spec in specs):
        raise CheckError(f"specs is a list of AssetCheckSpec, not {specs!r}")
    told = ToldOfOp(
        name=name,
        description=next((spec.description for spec in specs if spec.description), None),
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        resource_defs=resource_defs,
        compute_kind=compute_kind,
        op_tags=op_tags,
        retry_policy=retry_policy,
        queue=queue,
        pool=pool,
        timeout=timeout,
    )

    def make(function: Compute) -> AssetChecksDefinition:
        where = check_function(function, "@multi_asset_check")
        op_name = name_of(function, name, "@multi_asset_check")
        arguments = Arguments(f'check "{op_name}"', where)
        told.check(arguments)
        arguments.flags(can_subset=can_subset)
        arguments.mappings(ins=ins)
        parameters = read_parameters(function)
        given = {argument: item.resolve(argument) for argument, item in (ins or {}).items()}
        loaded = {*given.values(), *(AssetKey(argument) for argument in parameters.names if argument not in given)}
        deps = sorted({spec.asset_key for spec in specs} - loaded)
        inputs = read_inputs(parameters, ins, None, deps, where)
        return _definition(function, op_name, specs, parameters, inputs, told, can_subset=can_subset)

    return make


def _definition(
    function: Compute,
    name: str,
    specs: Sequence[AssetCheckSpec],
    parameters: Parameters,
    found: tuple[dict[str, OpInput], dict[str, AssetKey]],
    told: ToldOfOp,
    *,
    can_subset: bool = False,
) -> AssetChecksDefinition:
    inputs, keys_by_input = found
    checks = {spec.get_python_identifier(): spec for spec in specs}
    if len(checks) < len(specs):
        place = location_of(function)
        raise InvalidDefinitionError(
            f"two checks of {name} have the same asset and name", where=str(place) if place else None
        )
    form = OpForm(
        name=name,
        title=f'check "{name}"',
        ins=inputs,
        # What waits for a check waits for this; nothing is stored of it.
        outs={output: OpOutput(name=output, annotation=Nothing, is_nothing=True) for output in checks},
        checks=checks,
        only_checks=True,
    )
    return AssetChecksDefinition(
        node_def=build_op(function, parameters, told, form),
        keys_by_input_name=keys_by_input,
        keys_by_output_name={},
        group_names_by_key={},
        metadata_by_key={},
        resource_defs=as_resources(told.resource_defs),
        can_subset=can_subset,
    )
