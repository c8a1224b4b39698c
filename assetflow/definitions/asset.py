"""The ``@asset`` decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from assetflow.definitions.asset_inputs import (
    CoercibleToDependency,
    arguments_of,
    read_config,
    read_inputs,
    read_resource_keys,
)
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckSpec, read_check_specs
from assetflow.definitions.hooks import HookDefinition, read_hooks
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.io_manager import IOManagerDefinition
from assetflow.definitions.labels import read_labels
from assetflow.definitions.location import location_of
from assetflow.definitions.names import CoercibleToPrefix, check_group, check_name, read_prefix
from assetflow.definitions.op import KIND_TAG, OpDefinition, OpOutput, normalize_tags
from assetflow.definitions.outputs import value_annotation
from assetflow.definitions.resource import ResourceDefinition, as_resource, as_resources
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import Parameters, read_parameters
from assetflow.definitions.source_asset import DEFAULT_GROUP
from assetflow.definitions.typecheck import makes_nothing
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey, CoercibleToAssetKey

Compute = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arguments:
    """What the decorator was given."""

    name: str | None
    key_prefix: CoercibleToPrefix | None
    ins: Mapping[str, AssetIn] | None
    non_argument_deps: Iterable[AssetKey | str] | None
    metadata: Mapping[str, Any] | None
    description: str | None
    config_schema: Any
    required_resource_keys: Iterable[str] | None
    resource_defs: Mapping[str, Any] | None
    io_manager_def: IOManagerDefinition | None
    io_manager_key: str | None
    compute_kind: str | None
    dagster_type: Any
    op_tags: Mapping[str, Any] | None
    group_name: str | None
    output_required: bool
    retry_policy: RetryPolicy | None
    code_version: str | None
    deps: Iterable[CoercibleToDependency] | None
    hooks: Iterable[HookDefinition] | None
    key: CoercibleToAssetKey | None
    owners: Iterable[str] | None
    tags: Mapping[str, str] | None
    kinds: Iterable[str] | None
    check_specs: Iterable[AssetCheckSpec] | None


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
        op_tags: labels; ``assetflow/queue`` names the queue whose workers run it.
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

    Raises:
        InvalidDefinitionError: a name, a group or an input does not fit.
        CheckError: arguments that exclude each other.
    """
    arguments = _Arguments(
        name=name,
        key_prefix=key_prefix,
        ins=ins,
        non_argument_deps=non_argument_deps,
        metadata=metadata,
        description=description,
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        resource_defs=resource_defs,
        io_manager_def=io_manager_def,
        io_manager_key=io_manager_key,
        compute_kind=compute_kind,
        dagster_type=dagster_type,
        op_tags=op_tags,
        group_name=group_name,
        output_required=output_required,
        retry_policy=retry_policy,
        code_version=code_version,
        deps=deps,
        hooks=hooks,
        key=key,
        owners=owners,
        tags=tags,
        kinds=kinds,
        check_specs=check_specs,
    )
    if compute_fn is not None:
        return _make(compute_fn, arguments)
    return lambda function: _make(function, arguments)


def _make(function: Compute, given: _Arguments) -> AssetsDefinition:
    if not callable(function):
        raise CheckError(f"@asset decorates a function, not {type(function).__name__}: {function!r}")
    if isinstance(function, type):
        raise CheckError(f"@asset decorates a function, not the class {function.__name__}")
    location = location_of(function)
    where = str(location) if location else None
    key = _key(function, given, where)
    op_name = check_name(key.to_python_identifier(), f'asset "{key.to_user_string()}"', where)
    parameters = read_parameters(function)
    inputs, keys_by_input = read_inputs(parameters, given.ins, given.non_argument_deps, given.deps, where)
    if key in keys_by_input.values():
        raise InvalidDefinitionError(
            f"asset {key.to_user_string()!r} depends on itself. Assets can only depend on themselves if they are "
            "time-partitioned and each partition depends on earlier partitions",
            where=where,
        )
    resources, manager_key = _resources(given, key)
    tags = {**({KIND_TAG: given.compute_kind} if given.compute_kind else {}), **normalize_tags(given.op_tags, where)}
    op = OpDefinition(
        name=op_name,
        compute_fn=function,
        ins=inputs,
        outs={"result": _output(parameters, given, manager_key)},
        context_name=parameters.context,
        arguments=arguments_of(parameters, inputs),
        takes_config=parameters.takes_config,
        resource_arguments=parameters.resources,
        defaults=frozenset(parameters.defaults),
        required_resource_keys=read_resource_keys(parameters, given.required_resource_keys, given.resource_defs)
        | frozenset(name for name in resources if name != manager_key or name in (given.resource_defs or {})),
        config=read_config(parameters, given.config_schema, where),
        tags=tags,
        retry_policy=given.retry_policy,
        hooks=read_hooks(given.hooks),
        checks=read_check_specs(given.check_specs, [key], where),
        description=given.description or inspect.getdoc(function),
        code_version=given.code_version,
        location=location,
    )
    return AssetsDefinition(
        node_def=op,
        keys_by_input_name=keys_by_input,
        keys_by_output_name={"result": key},
        group_names_by_key={key: check_group(given.group_name, where) if given.group_name else DEFAULT_GROUP},
        metadata_by_key={key: dict(given.metadata)} if given.metadata else {},
        labels_by_key={key: read_labels(given.owners, given.tags, given.kinds, where)} if _labelled(given) else None,
        resource_defs=resources,
    )


def _labelled(given: _Arguments) -> bool:
    return bool(given.owners or given.tags or given.kinds)


def _key(function: Compute, given: _Arguments, where: str | None) -> AssetKey:
    if given.key is None:
        return AssetKey((*read_prefix(given.key_prefix), _name(function, given, where)))
    if given.name is not None or given.key_prefix is not None:
        raise InvalidDefinitionError("key excludes name and key_prefix: give one or the other", where=where)
    if isinstance(given.key, str) and "/" in given.key:
        raise InvalidDefinitionError(
            f'"{given.key}" is not a valid name: a text is one segment of a key',
            where=where,
            fix=f"key=[{', '.join(map(repr, given.key.split('/')))}]",
        )
    return AssetKey.from_coercible(given.key)


def _name(function: Compute, given: _Arguments, where: str | None) -> str:
    name = given.name if given.name is not None else getattr(function, "__name__", None)
    if name is None:
        raise InvalidDefinitionError(
            f"{type(function).__name__} objects have no name that the asset could take",
            where=where,
            fix='@asset(name="...")',
        )
    return name


def _output(parameters: Parameters, given: _Arguments, manager_key: str) -> OpOutput:
    annotation = given.dagster_type if given.dagster_type is not None else parameters.annotation("return")
    if given.dagster_type is None:
        annotation = value_annotation(annotation)
    return OpOutput(
        annotation=annotation,
        is_nothing=makes_nothing(annotation),
        is_required=given.output_required,
        io_manager_key=manager_key,
        metadata=given.metadata or {},
        description=given.description,
    )


def _resources(given: _Arguments, key: AssetKey) -> tuple[dict[str, ResourceDefinition], str]:
    resources = as_resources(given.resource_defs)
    if given.io_manager_def is None:
        return resources, given.io_manager_key or "io_manager"
    if given.io_manager_key is not None:
        raise CheckError("Both io_manager_key and io_manager_def were provided to `@asset`. Provide only one.")
    manager_key = f"{key.to_python_identifier()}__io_manager"
    resources[manager_key] = as_resource(given.io_manager_def)
    return resources, manager_key
