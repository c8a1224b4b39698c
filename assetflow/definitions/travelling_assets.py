"""Assets that are sent along with a run: their keys go along as tuples of segments. See `travelling`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from assetflow.definitions.op import OpDefinition, remade_op
from assetflow.definitions.partitioning import UNDIVIDED, Partitioning
from assetflow.keys import AssetKey

if TYPE_CHECKING:
    from assetflow.definitions.assets_definition import AssetsDefinition

V = TypeVar("V")
Parts = tuple[str, ...]


def taken_assets(
    assets: AssetsDefinition,
    resource_defs: Mapping[str, Any] | None,
    deps: Mapping[AssetKey, Iterable[AssetKey]] | None,
) -> tuple[Any, ...]:
    """What has to be sent to have the same assets elsewhere."""
    return (
        assets.node_def,
        {name: key.parts for name, key in assets.keys_by_input_name.items()},
        {name: key.parts for name, key in assets.keys_by_output_name.items()},
        _by_parts(assets.group_names_by_key),
        _by_parts(assets.metadata_by_key),
        _by_parts(assets.labels_by_key),
        resource_defs,
        assets.can_subset,
        None if deps is None else {key.parts: [dep.parts for dep in needed] for key, needed in deps.items()},
        None if assets.partitioning is UNDIVIDED else assets.partitioning,
    )


def remade_assets(
    kind: type[AssetsDefinition],
    node_def: Any,
    inputs: Mapping[str, Parts],
    outputs: Mapping[str, Parts],
    groups: Mapping[Parts, Any],
    metadata: Mapping[Parts, Any],
    labels: Mapping[Parts, Any],
    resource_defs: Mapping[str, Any] | None,
    can_subset: bool,
    deps: Mapping[Parts, Iterable[Parts]] | None,
    partitioning: Partitioning | None,
) -> AssetsDefinition:
    """The same assets here."""
    keys = _Keys()
    return kind(
        node_def=node_def,
        keys_by_input_name={name: keys[parts] for name, parts in inputs.items()},
        keys_by_output_name={name: keys[parts] for name, parts in outputs.items()},
        group_names_by_key=keys.by_key(groups),
        metadata_by_key=keys.by_key(metadata),
        resource_defs=resource_defs,
        can_subset=can_subset,
        asset_deps=None if deps is None else {keys[one]: [keys[dep] for dep in needed] for one, needed in deps.items()},
        labels_by_key=keys.by_key(labels),
        partitioning=partitioning or UNDIVIDED,
    )


def taken_together(assets: Iterable[AssetsDefinition]) -> list[tuple[Any, ...]]:
    """What has to be sent to have all of them elsewhere, in plain tuples: an object takes as long as all of its parts.

    An op that several of them have is one elsewhere, too.
    """
    ops: dict[int, tuple[Any, ...]] = {}
    rows: list[tuple[Any, ...]] = []
    for one in assets:
        _, (kind, node, *rest) = one.__reduce__()
        if isinstance(node, OpDefinition):
            op = ops.get(id(node)) or ops.setdefault(id(node), node.__reduce__()[1])
            rows.append((kind, op, None, *rest))
        else:
            rows.append((kind, None, node, *rest))
    return rows


def remade_together(rows: Iterable[tuple[Any, ...]]) -> tuple[AssetsDefinition, ...]:
    """What `taken_together` was given."""
    ops: dict[int, OpDefinition] = {}
    found = []
    for kind, op, node, *rest in rows:
        if op is not None:
            node = ops.get(id(op)) or ops.setdefault(id(op), remade_op(*op))
        found.append(remade_assets(kind, node, *rest))
    return tuple(found)


def _by_parts(values: Mapping[AssetKey, V]) -> dict[Parts, V]:
    return {key.parts: value for key, value in values.items()} if values else {}


class _Keys(dict[Parts, AssetKey]):
    """Keys by their segments; each is made once."""

    def __missing__(self, parts: Parts) -> AssetKey:
        key = self[parts] = AssetKey.of_parts(parts)
        return key

    def by_key(self, values: Mapping[Parts, V]) -> dict[AssetKey, V]:
        """What `_by_parts` was given."""
        return {self[parts]: value for parts, value in values.items()}
