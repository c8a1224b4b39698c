"""From selected keys to the calls of functions that make them.

A function with one asset is one part. A function with several is one part too, unless it can be called for
some of them alone and must be, because what it makes first is needed for what it makes last.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.errors import CircularDependencyError, InvalidSubsetError
from assetflow.graph.asset_graph import AssetGraph
from assetflow.keys import AssetKey


@dataclass(frozen=True, slots=True)
class Part:
    """One call of one function, to be one step.

    Attributes:
        outputs: the outputs that are wanted of it, with the assets they make.
        inputs: the inputs it has, with the assets they mean.
        after: assets of the same function that an earlier call makes and these need.
    """

    asset: AssetsDefinition
    outputs: Mapping[str, AssetKey]
    inputs: Mapping[str, AssetKey]
    after: tuple[AssetKey, ...] = ()


def parts_of(graph: AssetGraph, chosen: Collection[AssetKey]) -> list[Part]:
    """The parts that make the chosen assets, each after the parts it needs.

    Raises:
        InvalidSubsetError: some assets of a function are chosen that makes all or none.
        CircularDependencyError: a function needs what is made of its own assets, and cannot be called twice.
    """
    wanted: dict[AssetsDefinition, list[AssetKey]] = {}
    order = [key for key in graph.topological() if key in chosen]
    for key in order:
        wanted.setdefault(graph.assets_by_key[key], []).append(key)
    parts: list[Part] = []
    several = False
    for asset, keys in wanted.items():
        if len(asset.keys_by_output_name) == 1:
            parts.append(Part(asset, asset.keys_by_output_name, _inputs(graph, asset)))
            continue
        several = True
        _check_subset(asset, keys)
        parts += _split(graph, asset, _stages(graph, asset, keys, order))
    return _sorted(parts) if several else parts


def _check_subset(asset: AssetsDefinition, keys: Sequence[AssetKey]) -> None:
    missing = asset.keys - set(keys)
    if missing and not asset.can_subset:
        raise InvalidSubsetError(
            "This AssetsDefinition does not support subsetting. Please select all asset keys produced by this asset. "
            f"{asset.op.name} also makes: {_names(missing)}",
            where=asset.op.where,
            fix="select these too, or declare it with can_subset=True and yield only context.selected_output_names",
        )


def _inputs(graph: AssetGraph, asset: AssetsDefinition) -> dict[str, AssetKey]:
    found = {name: graph.resolved_input(asset, name) for name in asset.keys_by_input_name}
    return {name: key for name, key in found.items() if key is not None}


def _stages(
    graph: AssetGraph, asset: AssetsDefinition, keys: Sequence[AssetKey], order: Sequence[AssetKey]
) -> list[list[AssetKey]]:
    """The assets in groups that one call can make: a later group needs what others make of an earlier one."""
    if not asset.has_own_deps or len(keys) == 1:
        return [list(keys)]
    stage: dict[AssetKey, int] = {}
    own = set(keys)
    for key in order:
        above = [(parent, stage[parent]) for parent in graph.upstream(key) if parent in stage]
        stage[key] = max((at + (parent in own and key not in own) for parent, at in above), default=0)
    groups: dict[int, list[AssetKey]] = {}
    for key in keys:
        groups.setdefault(stage[key], []).append(key)
    if len(groups) > 1 and not asset.can_subset:
        raise CircularDependencyError(
            f"Circular dependencies exist: {asset.op.name} makes {_names(keys)} in one step, but needs, to make the "
            "last of them, what others make of the first",
            where=asset.op.where,
            fix="declare it with can_subset=True, so that it can be called twice, or make it two assets",
        )
    return [groups[number] for number in sorted(groups)]


def _split(graph: AssetGraph, asset: AssetsDefinition, stages: Sequence[Sequence[AssetKey]]) -> list[Part]:
    names = {key: name for name, key in asset.keys_by_output_name.items()}
    inputs = _inputs(graph, asset)
    made: set[AssetKey] = set()
    found = []
    for keys in stages:
        needed = {parent for key in keys for parent in graph.asset_deps(key)}
        kept = {name: key for name, key in inputs.items() if key in needed or not asset.op.ins[name].is_nothing}
        if len(stages) > 1 and (early := sorted(set(kept.values()) - needed)):
            raise CircularDependencyError(
                f"Circular dependencies exist: {asset.op.name} is called once for {_names(keys)} and once for others, "
                f"and takes {_names(early)} as an argument each time, which is not there yet",
                where=asset.op.where,
                fix="name it in non_argument_deps, and load it in the function when it is needed",
            )
        outputs = {name: key for key, name in names.items() if key in keys}
        found.append(Part(asset, outputs, kept, tuple(sorted(needed & made))))
        made.update(keys)
    return found


def _sorted(parts: Sequence[Part]) -> list[Part]:
    """In an order in which they can be called; otherwise as they are.

    Raises:
        CircularDependencyError: there is none.
    """
    makers = {key: place for place, part in enumerate(parts) for key in part.outputs.values()}
    above = [{makers[key] for key in (*part.inputs.values(), *part.after) if key in makers} for part in parts]
    below: list[list[int]] = [[] for _ in parts]
    for place, parents in enumerate(above):
        for parent in parents:
            below[parent].append(place)
    waiting = [len(parents) for parents in above]
    ready = [place for place, count in enumerate(waiting) if count == 0]
    order = []
    while ready:
        place = heapq.heappop(ready)
        order.append(parts[place])
        for child in below[place]:
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, child)
    if len(order) < len(parts):
        stuck = [parts[place] for place, count in enumerate(waiting) if count > 0]
        raise CircularDependencyError(
            "Circular dependencies exist among the steps of these assets: "
            + "; ".join(_names(part.outputs.values()) for part in stuck),
            where=", ".join(str(part.asset.location) for part in stuck),
            fix="a function that makes several assets waits for the inputs of all of them: make it two functions",
        )
    return order


def _names(keys: Iterable[AssetKey]) -> str:
    return ", ".join(sorted(key.to_user_string() for key in keys))
