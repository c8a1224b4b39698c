"""From an op or a graph to the assets that its outputs make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.names import CoercibleToPrefix, check_group, read_prefix
from assetflow.definitions.node import NodeDefinition
from assetflow.definitions.partitioning import BackfillPolicy, read_partitioning
from assetflow.definitions.source_asset import DEFAULT_GROUP
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.partitions.mapping import PartitionMapping
from assetflow.partitions.partitions_definition import PartitionsDefinition


def read_node_assets(
    node: NodeDefinition,
    keys_by_input_name: Mapping[str, CoercibleToAssetKey] | None,
    keys_by_output_name: Mapping[str, CoercibleToAssetKey] | None,
    key_prefix: CoercibleToPrefix | None,
    internal_asset_deps: Mapping[str, Iterable[AssetKey]] | None,
    group_name: str | None,
    metadata_by_output_name: Mapping[str, Mapping[str, Any]] | None,
    partitions_def: PartitionsDefinition | None,
    partition_mappings: Mapping[str, PartitionMapping] | None,
    backfill_policy: BackfillPolicy | None,
) -> dict[str, Any]:
    """What an AssetsDefinition of this node is made of; see `AssetsDefinition.from_graph`."""
    if isinstance(node, GraphDefinition) and (leaves := node.leaves_without_output()):
        raise CheckError(
            f"All leaf nodes within graph '{node.name}' must generate outputs which are mapped to outputs of the "
            f"graph, and produce assets. The following leaf node(s) are non-asset producing ops: {set(leaves)}. "
            f"Return their outputs from the graph's function, or hand them to another op: {node.where}"
        )
    if not node.outs:
        raise CheckError(f"{node.name} has no output that could be an asset: {node.where}")
    inputs = _given(node.name, "keys_by_input_name", keys_by_input_name, node.ins)
    outputs = _given(node.name, "keys_by_output_name", keys_by_output_name, node.outs)
    prefix = read_prefix(key_prefix)
    alone = list(node.outs) == ["result"]
    made = {
        name: AssetKey((*prefix, *outputs.get(name, AssetKey(node.name if alone else name)).parts))
        for name in node.outs
    }
    needed = {name: inputs.get(name, AssetKey(name)) for name in node.ins}
    check_keys(made, node.where)
    metadata = metadata_by_output_name or {}
    if unknown := sorted(metadata.keys() - made.keys()):
        raise CheckError(f"metadata_by_output_name names no outputs of {node.name}: {', '.join(unknown)}")
    group = DEFAULT_GROUP if group_name is None else check_group(group_name, node.where)
    declared = {name: metadata.get(name) or node.outs[name].metadata for name in made}
    return {
        "node_def": node,
        "keys_by_input_name": needed,
        "keys_by_output_name": made,
        "group_names_by_key": dict.fromkeys(made.values(), group),
        "metadata_by_key": {key: dict(declared[name]) for name, key in made.items() if declared[name]},
        "asset_deps": read_deps(internal_asset_deps, needed, made),
        "partitioning": read_partitioning(
            partitions_def, backfill_policy, partition_mappings or {}, needed, made.values(), node.where
        ),
    }


def check_keys(keys_by_output: Mapping[str, AssetKey], where: str | None) -> None:
    """Check that no asset is made twice; InvalidDefinitionError if one is."""
    made = list(keys_by_output.values())
    for key in made:
        if made.count(key) > 1:
            raise InvalidDefinitionError(
                f"Duplicate asset key: {key}", where=where, fix="give each output a key of its own"
            )


def read_deps(
    given: Mapping[str, Iterable[AssetKey]] | None,
    keys_by_input: Mapping[str, AssetKey],
    keys_by_output: Mapping[str, AssetKey],
) -> dict[AssetKey, frozenset[AssetKey]] | None:
    """What each asset needs, from ``internal_asset_deps``; None where every asset needs every input.

    Raises:
        CheckError: it names what is no output or no dependency, or leaves an output out.
    """
    if not given:  # also an empty mapping
        return None
    known = {*keys_by_input.values(), *keys_by_output.values()}
    found = {}
    for output, keys in given.items():
        if output not in keys_by_output:
            raise CheckError(
                f"Invalid out key '{output}' in internal_asset_deps: the outs are {', '.join(keys_by_output)}"
            )
        deps = {AssetKey.from_coercible(key) for key in keys}
        if unknown := sorted(key.to_user_string() for key in deps - known):
            raise CheckError(
                f"Invalid asset dependencies: {', '.join(unknown)} in internal_asset_deps of '{output}' "
                "are neither inputs nor outputs of this definition"
            )
        found[keys_by_output[output]] = frozenset(deps)
    if missing := [output for output in keys_by_output if output not in given]:
        raise CheckError(
            "The set of asset keys with dependencies specified in the asset_deps argument must equal the set of "
            f"asset keys that are made; missing: {', '.join(missing)}"
        )
    return found


def _given(
    node: str, what: str, keys: Mapping[str, CoercibleToAssetKey] | None, known: Mapping[str, object]
) -> dict[str, AssetKey]:
    if unknown := sorted((keys or {}).keys() - known.keys()):
        raise CheckError(
            f"{what} of {node} names what it does not have: {', '.join(unknown)}; it has: {', '.join(known) or 'none'}"
        )
    return {name: AssetKey.from_coercible(key) for name, key in (keys or {}).items()}
