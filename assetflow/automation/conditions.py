"""What each kind of condition means."""

from __future__ import annotations

from collections.abc import Callable

from assetflow.automation.condition_facts import FACTS_OF_ASSETS, FACTS_OF_CHECKS, Times
from assetflow.automation.evaluating import Entity, Evaluation, Held, asset_of, few, told
from assetflow.automation.memory import NodeMemory, mark_of
from assetflow.automation.subsets import NONE, Subset
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.condition_tree import ConditionKind, ConditionTree
from assetflow.errors import InvalidDefinitionError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.meaning import AnyOf, Meaning, Named


def evaluate(evaluation: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    """Of what a condition holds.

    Args:
        entity: the asset or check that it is looked at of.
        candidates: what it is asked of.

    Raises:
        InvalidDefinitionError: a condition of checks stands where none is looked at, or the other way round.
    """
    joining = _JOINING.get(condition.kind)
    if joining is not None:
        return joining(evaluation, condition, entity, candidates)
    if isinstance(entity, AssetCheckKey) and condition.kind in FACTS_OF_CHECKS:
        held, times = FACTS_OF_CHECKS[condition.kind](evaluation, condition, entity)
    elif isinstance(entity, AssetKey) and condition.kind in FACTS_OF_ASSETS:
        held, times = FACTS_OF_ASSETS[condition.kind](evaluation, condition, entity)
    else:
        raise InvalidDefinitionError(
            f"the automation condition {condition.name} cannot be looked at of "
            f"{'the check ' if isinstance(entity, AssetCheckKey) else ''}{told(entity)}",
            where=_where(evaluation, evaluation.root),
            fix="check_passed() and check_failed() stand in any_checks_match(...) or all_checks_match(...), "
            "the others outside of these",
        )
    return Held(condition=condition, entity=entity, candidates=candidates, held=held & candidates, times=times)


def _all(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    left, parts = candidates, []
    times: dict[str, float] = {}
    for one in condition.operands:  # all of them, since some have to remember
        part = evaluate(at, one, entity, left)
        left &= part.held
        _later(times, part.times)
        parts.append(part)
    return Held(
        condition=condition, entity=entity, candidates=candidates, held=left, times=_of(times, left), parts=tuple(parts)
    )


def _any(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    parts = tuple(evaluate(at, one, entity, candidates) for one in condition.operands)
    times: dict[str, float] = {}
    for part in parts:
        _later(times, _of(part.times, part.held))
    held = NONE.union(*(part.held for part in parts))
    return Held(condition=condition, entity=entity, candidates=candidates, held=held, times=times, parts=parts)


def _not(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    part = evaluate(at, condition.operands[0], entity, candidates)
    return Held(condition=condition, entity=entity, candidates=candidates, held=candidates - part.held, parts=(part,))


def _since(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    every, name = at.known.every(asset_of(entity)), _name(condition, entity)
    begins, ends = (evaluate(at, one, entity, every.all) for one in condition.operands)
    before = at.node(name)
    since: dict[str, float] = dict(before.times)
    _later(since, _of(begins.times, begins.held))
    held = every.subset(before.held) | begins.held
    # What has ended it counts as earlier than what has begun it only where both are known to be so.
    again = {
        part for part in held & ends.held if part in since and part in ends.times and since[part] > ends.times[part]
    }
    held = held - (ends.held - again)
    since = _of(since, held)
    at.nodes[name] = NodeMemory(held=every.ranges(held), times=few(since))
    return Held(
        condition=condition,
        entity=entity,
        candidates=candidates,
        held=held & candidates,
        times=since,
        parts=(begins, ends),
    )


def _newly_true(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    every, name = at.known.every(asset_of(entity)), _name(condition, entity)
    part = evaluate(at, condition.operands[0], entity, every.all)
    held = part.held - every.subset(at.node(name).held)
    at.nodes[name] = NodeMemory(held=every.ranges(part.held))
    return Held(
        condition=condition,
        entity=entity,
        candidates=candidates,
        held=held & candidates,
        times=_of(part.times, held),
        parts=(part,),
    )


def _any_deps(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    parts, held = [], NONE
    times: dict[str, float] = {}
    for need in _needs(at, condition, asset_of(entity)):
        part, below, since = _of_need(at, condition, asset_of(entity), need, candidates)
        parts.append(part)
        held |= below
        _later(times, since)
    return Held(condition=condition, entity=entity, candidates=candidates, held=held, times=times, parts=tuple(parts))


def _all_deps(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    parts, held = [], candidates
    times: dict[str, float] = {}
    for need in _needs(at, condition, asset_of(entity)):
        part, below, since = _of_need(at, condition, asset_of(entity), need, candidates)
        parts.append(part)
        held &= below
        _later(times, since)
    return Held(
        condition=condition, entity=entity, candidates=candidates, held=held, times=_of(times, held), parts=tuple(parts)
    )


def _of_need(
    at: Evaluation, condition: ConditionTree, key: AssetKey, need: AssetKey, candidates: Subset
) -> tuple[Held, Subset, Times]:
    """What came of a condition for something that an asset needs, and of what of the asset that makes it hold."""
    known = at.known
    part = evaluate(at, condition.operands[0], need, known.above(key, need, candidates))
    below = known.below(key, need, part.held, candidates)
    since: dict[str, float] = {}
    for own, time in _of(part.times, part.held).items():
        for one in known.below(key, need, frozenset((own,)), below) if len(part.times) <= 100 else below:
            since[one] = max(since.get(one, 0.0), time)
    return part, below, since


def _needs(at: Evaluation, condition: ConditionTree, key: AssetKey) -> list[AssetKey]:
    graph = at.known.graph
    needs = {need for need in graph.asset_deps(key) if need in graph.assets_by_key or need in graph.sources_by_key}
    if condition.allowed is not None:
        needs &= _chosen(condition.allowed.meaning, graph)
    if condition.ignored is not None:
        needs -= _chosen(condition.ignored.meaning, graph)
    return sorted(needs)


def _chosen(meaning: Meaning, graph: AssetGraph) -> frozenset[AssetKey]:
    """The assets of a selection, and the sources that it names."""
    if isinstance(meaning, Named):
        return frozenset(meaning.selected)
    if isinstance(meaning, AnyOf):
        return frozenset(key for one in meaning.children for key in _chosen(one, graph))
    return meaning.resolve(graph)


def _checks(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    key, graph = asset_of(entity), at.known.graph
    specs = {spec.key: spec for one in set(graph.checks_by_key.values()) for spec in one.check_specs}
    wanted = sorted(
        spec.key
        for spec in specs.values()
        if spec.asset_key == key and (spec.blocking or not condition.argument("blocking_only"))
    )
    parts = tuple(evaluate(at, condition.operands[0], one, candidates) for one in wanted)
    if condition.kind is ConditionKind.ANY_CHECKS:
        held = NONE.union(*(part.held for part in parts))
    else:
        held = candidates.intersection(*(part.held for part in parts))
    return Held(condition=condition, entity=entity, candidates=candidates, held=held, parts=parts)


def _of_asset(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    known, key = at.known, asset_of(entity)
    other = AssetKey.from_user_string(condition.argument("key"))
    if other not in known.graph.assets_by_key and other not in known.graph.sources_by_key:
        near = known.graph.near(condition.argument("key"), 1)
        raise InvalidDefinitionError(
            f"the automation condition of {key.to_user_string()} looks at {condition.argument('key')}, which is not "
            "defined",
            where=str(known.graph.assets_by_key[key].location),
            fix=f"did you mean {near[0]}?" if near else None,
        )
    part = evaluate(at, condition.operands[0], other, known.every(other).all)
    if other in known.graph.asset_deps(key):
        held = known.below(key, other, part.held, candidates)
    else:
        held = candidates if part.held else NONE
    return Held(condition=condition, entity=entity, candidates=candidates, held=held, parts=(part,))


def _any_downstream(at: Evaluation, condition: ConditionTree, entity: Entity, candidates: Subset) -> Held:
    graph, waiting = at.known.graph, [asset_of(entity)]
    below: set[AssetKey] = set()
    while waiting:
        new = graph.downstream(waiting.pop()) - below
        below |= new
        waiting += new
    conditions = dict.fromkeys(at.conditions[key] for key in sorted(below) if key in at.conditions)
    parts = tuple(
        evaluate(at, one, entity, candidates)
        for one in conditions
        if all(inner.kind is not ConditionKind.ANY_DOWNSTREAM for inner in one.walk())
    )
    held = NONE.union(*(part.held for part in parts))
    return Held(condition=condition, entity=entity, candidates=candidates, held=held, parts=parts)


def _where(at: Evaluation, key: AssetKey | None) -> str | None:
    asset = None if key is None else at.known.graph.assets_by_key.get(key)
    return None if asset is None else str(asset.location)


def _name(condition: ConditionTree, entity: Entity) -> str:
    """What a condition remembers something under: the same wherever it stands in the condition of the asset."""
    return mark_of(f"{condition.signature()}@{entity}")


def _later(times: dict[str, float], others: Times) -> None:
    for part, time in others.items():
        times[part] = max(times.get(part, time), time)


def _of(times: Times, held: Subset) -> dict[str, float]:
    return {part: time for part, time in times.items() if part in held}


_JOINING: dict[ConditionKind, Callable[[Evaluation, ConditionTree, Entity, Subset], Held]] = {
    ConditionKind.ALL: _all,
    ConditionKind.ANY: _any,
    ConditionKind.NOT: _not,
    ConditionKind.SINCE: _since,
    ConditionKind.NEWLY_TRUE: _newly_true,
    ConditionKind.ANY_DEPS: _any_deps,
    ConditionKind.ALL_DEPS: _all_deps,
    ConditionKind.ANY_CHECKS: _checks,
    ConditionKind.ALL_CHECKS: _checks,
    ConditionKind.ASSET: _of_asset,
    ConditionKind.ANY_DOWNSTREAM: _any_downstream,
}
