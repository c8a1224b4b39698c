"""Evaluating the conditions of all assets of a sensor: each after those it needs, so that what is asked for adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assetflow.automation.known import Known
from assetflow.automation.memory import AssetMemory, DecisionNode, Memory, NodeMemory, mark_of
from assetflow.automation.subsets import NONE, Subset
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.condition_tree import ConditionKind, ConditionTree
from assetflow.keys import AssetKey

Entity = AssetKey | AssetCheckKey
_MOST_TIMES = 2000  # partitions of which it is remembered since when a condition holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Of what a condition held.

    Attributes:
        entity: the asset, or check, it was looked at of.
        candidates: what it was asked of.
        held: of these, what it held of.
        times: since when, where something that was made has brought it about, in seconds since the epoch.
        parts: what came of the conditions it is made of.
    """

    condition: ConditionTree
    entity: Entity
    candidates: Subset
    held: Subset
    times: Mapping[str, float] = field(default_factory=dict)
    parts: tuple[Held, ...] = ()


class Evaluation:
    """One evaluation of the conditions of some assets.

    Attributes:
        conditions: by asset.
        known: what is known now.
        requested: what is asked for, as far as it has been decided.
        nodes: what is to be remembered of the asset whose turn it is.
        root: the asset whose turn it is.
    """

    def __init__(self, conditions: Mapping[AssetKey, ConditionTree], known: Known, before: Memory | None) -> None:
        self.conditions = conditions
        self.known = known
        self.requested: dict[AssetKey, Subset] = {}
        self.nodes: dict[str, NodeMemory] = {}
        self.root: AssetKey | None = None
        self._before = before
        self._results: dict[AssetKey, Held] = {}
        self._trees: dict[AssetKey, DecisionNode] = {}
        self._remembered: dict[str, AssetMemory] = {}

    # --- for conditions --------------------------------------------------------------------------

    @property
    def evaluated_before(self) -> datetime | None:
        """The moment of the evaluation before; None in the first."""
        return None if self._before is None else datetime.fromtimestamp(self._before.at, self.known.now.tzinfo)

    @property
    def requested_at(self) -> float:
        """When something was asked for in the evaluation before: after all that was known in it."""
        return 0.0 if self._before is None else max(self._before.at, self._before.newest.at)

    def remembered(self, key: AssetKey) -> AssetMemory | None:
        """What is remembered of an asset."""
        return None if self._before is None else self._before.assets.get(key.to_string())

    @property
    def is_first(self) -> bool:
        """Whether the asset is looked at for the first time under its condition."""
        assert self.root is not None
        told = self.remembered(self.root)
        return told is None or told.condition != mark_of(self.conditions[self.root].signature())

    def node(self, name: str) -> NodeMemory:
        """What a condition of the asset has remembered."""
        assert self.root is not None
        told = self.remembered(self.root)
        return NodeMemory() if told is None or self.is_first else told.nodes.get(name, NodeMemory())

    # --- the evaluation --------------------------------------------------------------------------

    def run(self, evaluate: Evaluate) -> None:
        """Evaluate them all.

        Args:
            evaluate: does it for one condition.
        """
        for key in self.known.graph.topological():
            if key not in self.conditions:
                continue
            self.root, self.nodes = key, {}
            found = self._results[key] = evaluate(self, self.conditions[key], key, self.known.every(key).all)
            self._remembered[key.to_string()] = AssetMemory(
                condition=mark_of(self.conditions[key].signature()), nodes=self.nodes, code=self._code(key)
            )
            self._ask_for(key, found.held)

    def _ask_for(self, key: AssetKey, subset: Subset) -> None:
        """An asset, and those that are made with it, since one function makes them together."""
        if subset:
            asset = self.known.graph.assets_by_key[key]
            for one in {key} if asset.can_subset else asset.keys:
                self.requested[one] = self.requested.get(one, NONE) | subset

    def _code(self, key: AssetKey) -> str | None:
        kinds = {one.kind for one in self.conditions[key].walk()}
        return self.known.graph.code_versions.of(key) if ConditionKind.CODE_VERSION_CHANGED in kinds else None

    @property
    def results(self) -> Mapping[AssetKey, Held]:
        """What came of each condition."""
        return self._results

    def decisions(self) -> dict[AssetKey, str]:
        """The decisions that are other than those that were kept last, as they are kept."""
        found = {}
        for key, tree in self.trees().items():
            text = tree.to_text()
            told = self.remembered(key)
            if self.requested.get(key) or told is None or told.told != mark_of(text):
                found[key] = text
        return found

    def trees(self) -> dict[AssetKey, DecisionNode]:
        """The condition of each asset, and what held of it."""
        if len(self._trees) < len(self._results):
            self._trees = {key: self._node(result, key) for key, result in self._results.items()}
        return self._trees

    def memory(self) -> Memory:
        """What is to be remembered for the next one."""
        assets = {}
        for key, tree in self.trees().items():
            told = self._remembered[key.to_string()]
            assets[key.to_string()] = AssetMemory(
                condition=told.condition,
                nodes=told.nodes,
                code=told.code,
                requested=self.known.every(key).ranges(self.requested.get(key, NONE)),
                told=mark_of(tree.to_text()),
            )
        return Memory(at=self.known.now.timestamp(), newest=self.known.newest, assets=assets)

    def _node(self, result: Held, above: Entity) -> DecisionNode:
        entity = result.entity
        every = self.known.every(asset_of(entity))
        return DecisionNode(
            name=result.condition.name,
            label=result.condition.label or "",
            of="" if entity == above else told(entity),
            candidates=None if len(result.candidates) == len(every.all) else every.ranges(result.candidates),
            held=every.ranges(result.held),
            held_count=len(result.held),
            candidate_count=len(result.candidates),
            parts=tuple(self._node(part, entity) for part in result.parts),
        )


def asset_of(entity: Entity) -> AssetKey:
    """The asset that is meant, or whose check is."""
    return entity.asset_key if isinstance(entity, AssetCheckKey) else entity


def told(entity: Entity) -> str:
    """What people call it."""
    return str(entity) if isinstance(entity, AssetCheckKey) else entity.to_user_string()


def few(times: Mapping[str, float]) -> dict[str, float]:
    """The times that are remembered: none where there are very many."""
    return dict(times) if len(times) <= _MOST_TIMES else {}


Evaluate = Callable[[Evaluation, ConditionTree, Entity, Subset], Held]
