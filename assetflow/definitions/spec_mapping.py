"""Changing what is said of assets, whoever has defined them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from assetflow.definitions.asset_inputs import add_ordering
from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.node import NodeDefinition
from assetflow.definitions.op import OpInput
from assetflow.definitions.source_asset import DEFAULT_GROUP, SourceAsset
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey

Change = Callable[[AssetSpec], AssetSpec]


def map_asset_specs(func: Change, iterable: Iterable[Any]) -> list[Any]:
    """The same list with a function applied to each AssetSpec in it, and to those of each asset.

    The assets are copied. A dependency that is an argument may be given another key, but not be taken away.

    Args:
        func: from what is said of one asset to what is to be said of it.
        iterable: specs and assets; sources and checks in it stay as they are.

    Raises:
        CheckError: something in the list is none of these, or the function returns no AssetSpec.
        InvalidDefinitionError: the changed specs do not fit the functions that make the assets.
    """
    return [_changed(func, item) for item in iterable]


def _changed(func: Change, item: Any) -> Any:
    if isinstance(item, AssetSpec):
        return _applied(func, item)
    if isinstance(item, AssetsDefinition):
        return _changed_asset(func, item)
    if isinstance(item, SourceAsset):
        return item
    raise CheckError(f"map_asset_specs takes specs and assets, not {type(item).__name__}: {item!r}")


def _applied(func: Change, spec: AssetSpec) -> AssetSpec:
    found = func(spec)
    if not isinstance(found, AssetSpec):
        raise CheckError(
            f"the function given to map_asset_specs returned {found!r} for {spec!r}, which is no AssetSpec"
        )
    return found


def _changed_asset(func: Change, asset: AssetsDefinition) -> AssetsDefinition:
    before = {spec.key: spec for spec in asset.specs}
    after = {key: _applied(func, spec) for key, spec in before.items()}
    if before == after:
        return asset
    own = {key: spec.key for key, spec in after.items()}
    renamed = dict(own)
    for key, spec in before.items():
        renamed.update(_renamed_deps(spec, after[key]))
    moved = asset.with_attributes(new_keys=renamed)
    deps = {spec.key: {own.get(dep.asset_key, dep.asset_key) for dep in spec.deps} for spec in after.values()}
    wanted = {key for found in deps.values() for key in found} - set(own.values())
    node, inputs = _with_inputs(moved, wanted)
    said = {spec.key: spec for spec in after.values()}
    return type(asset)(
        node_def=_with_outputs(node, {name: said[key] for name, key in moved.keys_by_output_name.items()}),
        keys_by_input_name=inputs,
        keys_by_output_name=moved.keys_by_output_name,
        group_names_by_key={key: spec.group_name or DEFAULT_GROUP for key, spec in said.items()},
        metadata_by_key={key: spec.metadata for key, spec in said.items() if spec.metadata},
        labels_by_key={key: spec.labels for key, spec in said.items()},
        resource_defs=asset.resource_defs,
        can_subset=asset.can_subset,
        asset_deps=None if all(found == set(inputs.values()) for found in deps.values()) else deps,
    )


def _renamed_deps(before: AssetSpec, after: AssetSpec) -> dict[AssetKey, AssetKey]:
    """The dependencies that have got other keys: those that end in the same name, and a single other one."""
    old, new = ([dep.asset_key for dep in spec.deps] for spec in (before, after))
    gone = [key for key in old if key not in new]
    come = [key for key in new if key not in old]
    names = {key.parts[-1:]: key for key in come}
    found = {key: names.pop(key.parts[-1:]) for key in gone if key.parts[-1:] in names}
    rest = [key for key in gone if key not in found]
    if len(rest) == len(names) == 1:
        found[rest[0]] = names.popitem()[1]
    return found


def _with_inputs(asset: AssetsDefinition, wanted: set[AssetKey]) -> tuple[NodeDefinition, dict[str, AssetKey]]:
    """The node and the keys of its inputs, when these are the assets it is to need."""
    node = asset.node_def
    keys = {name: key for name, key in asset.keys_by_input_name.items() if key in wanted}
    for name, key in asset.keys_by_input_name.items():
        if key not in wanted and not node.ins[name].is_nothing:
            raise InvalidDefinitionError(
                f"{node.name} takes {key.to_user_string()} as its argument {name}, which cannot be taken from its deps",
                where=node.where,
                fix="keep it in deps, or give it another key",
            )
    new = sorted(wanted - set(keys.values()))
    if keys == asset.keys_by_input_name and not new:
        return node, keys
    if isinstance(node, GraphDefinition):
        raise InvalidDefinitionError(f"the deps of {node.name} are the inputs of its graph", where=node.where)
    inputs: dict[str, OpInput] = {name: item for name, item in node.ins.items() if name in keys}
    for key in new:
        keys[add_ordering(inputs, key)] = key
    return replace(node, ins=inputs), keys


def _with_outputs(node: NodeDefinition, specs: Mapping[str, AssetSpec]) -> NodeDefinition:
    outs = dict(node.outs)
    for name, spec in specs.items():
        outs[name] = outs[name]._replace(
            description=spec.description,
            code_version=spec.code_version,
            metadata=spec.metadata,
            is_required=not spec.skippable,
        )
    return node.with_outs(outs)
