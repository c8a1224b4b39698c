"""From selected keys to the calls of functions that make them.

A function with one asset is one part. A function with several is one part too, unless it can be called for
some of them alone and must be, because what it makes first is needed for what it makes last.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.graph_definition import CallOutput, GraphDefinition, OpCall
from assetflow.errors import CircularDependencyError, InvalidSubsetError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph


@dataclass(frozen=True, slots=True)
class InnerValue:
    """What an op of a graph makes for other ops of it; no asset."""

    asset: AssetsDefinition
    maker: CallOutput


Value = AssetKey | InnerValue


class Part(NamedTuple):
    """One call of one op, to be one step.

    Attributes:
        outputs: the outputs that are wanted of it, with what they make.
        inputs: the inputs it has, with what they are loaded from.
        after: what has to be done before besides: assets of the same function that an earlier call makes and these
            need, and checks of the inputs that block.
    """

    asset: AssetsDefinition
    call: OpCall
    outputs: Mapping[str, Value]
    inputs: Mapping[str, tuple[Value, ...]]
    after: tuple[Value, ...] = ()


def parts_of(
    graph: AssetGraph,
    chosen: Collection[AssetKey],
    checks: Collection[AssetCheckKey] = frozenset(),
    observed: Collection[AssetKey] = frozenset(),
    gathered: Collection[AssetsDefinition] = frozenset(),
) -> list[Part]:
    """The parts that look at sources, make the chosen assets and do the checks, each after the parts it needs.

    Args:
        gathered: graphs whose ops wait for everything that the graph reads.

    Raises:
        InvalidSubsetError: some assets of a function are chosen that makes all or none.
        CircularDependencyError: a function needs what is made of its own assets, and cannot be called twice.
    """
    wanted: dict[AssetsDefinition, list[AssetKey]] = {}
    order = [key for key in graph.topological() if key in chosen]
    for key in order:
        wanted.setdefault(graph.assets_by_key[key], []).append(key)
    parts: list[Part] = [_looking(graph.observations_by_key[key]) for key in sorted(observed)]
    several = False
    for asset, keys in wanted.items():
        if isinstance(asset.node_def, GraphDefinition):
            several = True
            _check_subset(asset, keys)
            ops = _ops_of_graph(graph, asset, keys)
            parts += [_gathered(graph, part, chosen) for part in ops] if asset in gathered else ops
        elif len(asset.keys_by_output_name) == 1:
            inputs = {name: (key,) for name, key in _inputs(graph, asset).items()}
            parts.append(Part(asset, OpCall(path=(), op=asset.op, inputs={}), asset.keys_by_output_name, inputs))
        else:
            several = True
            _check_subset(asset, keys)
            parts += _split(graph, asset, _stages(graph, asset, keys, order))
    if not checks:
        return _sorted(parts) if several else parts
    checking, blocking = _checking(graph, checks)
    return _sorted([_held_up(part, blocking) for part in parts] + checking)


def _looking(definition: AssetsDefinition) -> Part:
    outputs = {name: InnerValue(definition, CallOutput((), name)) for name in definition.op.outs}
    return Part(definition, definition.calls[0], dict(outputs), {})


def _checking(
    graph: AssetGraph, checks: Collection[AssetCheckKey]
) -> tuple[list[Part], dict[AssetKey, list[InnerValue]]]:
    """The parts that do nothing but check, and for each asset the checks that hold up what needs it."""
    wanted: dict[AssetsDefinition, list[AssetCheckKey]] = {}
    for key in sorted(checks):
        if not graph.checks_by_key[key].keys:
            wanted.setdefault(graph.checks_by_key[key], []).append(key)
    parts = []
    blocking: dict[AssetKey, list[InnerValue]] = {}
    for definition in wanted:
        op = definition.op
        names = [name for name in op.outs if not definition.can_subset or op.checks[name].key in wanted[definition]]
        outputs = {name: InnerValue(definition, CallOutput((), name)) for name in names}
        inputs = {name: (key,) for name, key in _inputs(graph, definition).items()}
        parts.append(Part(definition, definition.calls[0], dict(outputs), inputs))
        for name, spec in op.checks.items():
            if spec.blocking and name in outputs:
                blocking.setdefault(spec.asset_key, []).append(outputs[name])
    return parts, blocking


def _held_up(part: Part, blocking: Mapping[AssetKey, Sequence[InnerValue]]) -> Part:
    read = {value for values in part.inputs.values() for value in values if isinstance(value, AssetKey)}
    before = [check for key in sorted(read & blocking.keys()) for check in blocking[key]]
    return part._replace(after=(*part.after, *before)) if before else part


def _check_subset(asset: AssetsDefinition, keys: Sequence[AssetKey]) -> None:
    missing = asset.keys - set(keys)
    if missing and not asset.can_subset:
        raise InvalidSubsetError(
            "This AssetsDefinition does not support subsetting. Please select all asset keys produced by this asset. "
            f"{asset.node_def.name} also makes: {_names(missing)}",
            where=asset.node_def.where,
            fix="select these too, or declare it with can_subset=True"
            + ("" if isinstance(asset.node_def, GraphDefinition) else " and yield only context.selected_output_names"),
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
        optional = {name for name, item in asset.op.ins.items() if item.is_nothing or name in asset.op.defaults}
        kept = {name: key for name, key in inputs.items() if key in needed or name not in optional}
        if len(stages) > 1 and (early := sorted(set(kept.values()) - needed)):
            raise CircularDependencyError(
                f"Circular dependencies exist: {asset.op.name} is called once for {_names(keys)} and once for others, "
                f"and takes {_names(early)} as an argument each time, which is not there yet",
                where=asset.op.where,
                fix="name it in non_argument_deps, and load it in the function when it is needed",
            )
        outputs = {name: key for key, name in names.items() if key in keys}
        sources = {name: (key,) for name, key in kept.items()}
        found.append(Part(asset, asset.calls[0], outputs, sources, tuple(sorted(needed & made))))
        made.update(keys)
    return found


def _ops_of_graph(graph: AssetGraph, asset: AssetsDefinition, keys: Sequence[AssetKey]) -> list[Part]:
    """The ops of a graph that the wanted assets need."""
    wanted = set(keys)
    made = {asset.maker(name): key for name, key in asset.keys_by_output_name.items() if key in wanted}
    needed = set(made)
    calls = []
    for call in reversed(asset.calls):
        if any(output.path == call.path for output in needed):
            calls.append(call)
            needed |= {source for found in call.inputs.values() for source in found if isinstance(source, CallOutput)}
    outside = _inputs(graph, asset)

    def value(source: CallOutput | str) -> Value | None:
        if isinstance(source, CallOutput):
            return made.get(source) or InnerValue(asset, source)
        return outside.get(source)

    parts = []
    for call in reversed(calls):
        given = {name: [value(source) for source in sources] for name, sources in call.inputs.items()}
        inputs = {name: tuple(one for one in found if one is not None) for name, found in given.items()}
        own = [output for output in needed if output.path == call.path]
        outputs = {output.output: made.get(output) or InnerValue(asset, output) for output in own}
        ordered = {name: outputs[name] for name in call.op.outs if name in outputs}
        parts.append(Part(asset, call, ordered, inputs))
    return parts


def _gathered(graph: AssetGraph, part: Part, chosen: Collection[AssetKey]) -> Part:
    """An op of a graph that waits for all that the graph reads, whether or not it reads it itself."""
    own = {value for values in part.inputs.values() for value in values}
    others = sorted(key for key in set(_inputs(graph, part.asset).values()) if key in chosen and key not in own)
    return part._replace(after=(*part.after, *others))


def _sorted(parts: Sequence[Part]) -> list[Part]:
    """In an order in which they can be called; otherwise as they are.

    Raises:
        CircularDependencyError: there is none.
    """
    makers = {value: place for place, part in enumerate(parts) for value in part.outputs.values()}
    above = [
        {makers[value] for values in (*part.inputs.values(), part.after) for value in values if value in makers}
        for part in parts
    ]
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
        stuck = dict.fromkeys(parts[place].asset for place, count in enumerate(waiting) if count > 0)
        raise CircularDependencyError(
            "Circular dependencies exist among the steps of these assets: "
            + "; ".join(_names(asset.keys) or f"check {asset.node_def.name}" for asset in stuck),
            where=", ".join(str(asset.location) for asset in stuck),
            fix="a function that makes several assets waits for the inputs of all of them: make it two functions",
        )
    return order


def _names(keys: Iterable[AssetKey]) -> str:
    return ", ".join(sorted(key.to_user_string() for key in keys))
