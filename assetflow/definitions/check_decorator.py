"""The decorators ``@asset_check`` and ``@multi_asset_check``: functions that check assets after they were made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assetflow.definitions.asset_inputs import arguments_of, read_config, read_inputs, read_resource_keys
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckSpec, key_of
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.location import location_of
from assetflow.definitions.names import check_name
from assetflow.definitions.op import KIND_TAG, OpDefinition, OpInput, OpOutput, normalize_tags
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
        op_tags: labels; ``assetflow/queue`` names the queue whose workers run it.
        retry_policy: when it is tried again after it raised.
        metadata: of the definition; any values.

    Raises:
        InvalidDefinitionError: a name or an input does not fit.
    """
    key = key_of(asset)

    def make(function: Compute) -> AssetChecksDefinition:
        spec = AssetCheckSpec(
            name or function.__name__,
            asset=key,
            description=description or inspect.getdoc(function),
            blocking=blocking,
            metadata=metadata,
        )
        where = _where(function)
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
        return _definition(
            function,
            spec.get_python_identifier(),
            [spec],
            parameters,
            read_inputs(parameters, ins, None, deps, where),
            required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            config_schema=config_schema,
            tags={**({KIND_TAG: compute_kind} if compute_kind else {}), **normalize_tags(op_tags, where)},
            retry_policy=retry_policy,
        )

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
) -> Callable[[Compute], AssetChecksDefinition]:
    """Make several checks of one function that yields an `AssetCheckResult` for each, with its name and asset.

    Args:
        specs: the checks.
        name: of the step; by default the function's.
        required_resource_keys: resources that ``context.resources`` shows.
        resource_defs: resources that come with the checks.
        config_schema: of ``context.op_config``.
        compute_kind: a label such as "pandas".
        op_tags: labels; ``assetflow/queue`` names the queue whose workers run it.
        retry_policy: when it is tried again after it raised.
        ins: assets to load, by argument.
    """
    if not specs or not all(isinstance(spec, AssetCheckSpec) for spec in specs):
        raise CheckError(f"specs is a list of AssetCheckSpec, not {specs!r}")

    def make(function: Compute) -> AssetChecksDefinition:
        where = _where(function)
        parameters = read_parameters(function)
        given = {argument: item.resolve(argument) for argument, item in (ins or {}).items()}
        loaded = {*given.values(), *(AssetKey(argument) for argument in parameters.names if argument not in given)}
        deps = sorted({spec.asset_key for spec in specs} - loaded)
        return _definition(
            function,
            name or function.__name__,
            specs,
            parameters,
            read_inputs(parameters, ins, None, deps, where),
            required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            config_schema=config_schema,
            tags={**({KIND_TAG: compute_kind} if compute_kind else {}), **normalize_tags(op_tags, where)},
            retry_policy=retry_policy,
        )

    return make


def _definition(
    function: Compute,
    name: str,
    specs: Sequence[AssetCheckSpec],
    parameters: Parameters,
    found: tuple[dict[str, OpInput], dict[str, AssetKey]],
    *,
    required_resource_keys: Iterable[str] | None,
    resource_defs: Mapping[str, Any] | None,
    config_schema: Any,
    tags: Mapping[str, str],
    retry_policy: RetryPolicy | None,
) -> AssetChecksDefinition:
    where = _where(function)
    inputs, keys_by_input = found
    checks = {spec.get_python_identifier(): spec for spec in specs}
    if len(checks) < len(specs):
        raise InvalidDefinitionError(f"two checks of {name} have the same asset and name", where=where)
    op = OpDefinition(
        name=check_name(name, f'check "{name}"', where),
        compute_fn=function,
        ins=inputs,
        # What waits for a check waits for this; nothing is stored of it.
        outs={output: OpOutput(name=output, annotation=Nothing, is_nothing=True) for output in checks},
        context_name=parameters.context,
        arguments=arguments_of(parameters, inputs),
        takes_config=parameters.takes_config,
        resource_arguments=parameters.resources,
        defaults=frozenset(parameters.defaults),
        required_resource_keys=read_resource_keys(parameters, required_resource_keys, resource_defs)
        | frozenset(resource_defs or ()),
        config=read_config(parameters, config_schema, where),
        tags=tags,
        retry_policy=retry_policy,
        checks=checks,
        only_checks=True,
        description=next((spec.description for spec in specs if spec.description), None) or inspect.getdoc(function),
        location=location_of(function),
    )
    return AssetChecksDefinition(
        node_def=op,
        keys_by_input_name=keys_by_input,
        keys_by_output_name={},
        group_names_by_key={},
        metadata_by_key={},
        resource_defs=as_resources(resource_defs),
    )


def _where(function: Compute) -> str | None:
    location = location_of(function)
    return str(location) if location else None
