"""Why partitions are to be made: they never were, or something that they need was made again since."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from assetflow.automation.subsets import Keys, Ranges
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_selection
from assetflow.partitions.partitions_definition import PartitionKeyRange
from assetflow.planning.cells import Cell, CellJudge, CellStatus
from assetflow.planning.staleness import StaleCauseCategory
from assetflow.planning.targets import Divided

_NEVER = "never made"


class PartReasons:
    """The partitions of the selected assets that are to be made, each with a mark of the reason.

    Args:
        selection: of assets; those without partitions are left to others.
        context: of the sensor that asks.
        whole: assets without partitions that are to be made.

    Attributes:
        found: by asset, the partitions and their marks, in the order of the definition.
    """

    def __init__(
        self, graph: AssetGraph, selection: Any, context: SensorEvaluationContext, whole: Collection[AssetKey]
    ) -> None:
        self._graph = graph
        self._divided = Divided(graph, context.evaluation_time, None)
        chosen = set(resolve_selection(graph, selection))
        self._order = [key for key in graph.topological() if key in chosen and self._divided.of(key) is not None]
        self.found: dict[AssetKey, dict[str, str]] = {}
        self._keys: dict[AssetKey, Keys] = {}
        self._needs: dict[Cell, tuple[Cell, ...]] = {}
        if not self._order:
            return
        self._divided.store = context.instance
        judge = CellJudge.of(graph, self._divided, self._order, context.instance.latest_records)
        for key in self._order:
            definition = self._divided.of(key)
            assert definition is not None, "only those that are divided are looked at"
            every = self._keys[key] = Keys(self._divided.keys_of(definition))
            for part in every.keys:
                status = judge.status((key, str(part)))
                mark = self._mark(judge, key, status, whole)
                if mark:
                    self.found.setdefault(key, {})[str(part)] = mark
                    self._needs[key, str(part)] = status.needs

    def _mark(self, judge: CellJudge, key: AssetKey, status: CellStatus, whole: Collection[AssetKey]) -> str:
        """Why a partition is to be made; empty if it is not, or if something that it needs is missing."""
        above = [need for need in status.needs if need[0] in whole or need[1] in self.found.get(need[0], {})]
        assets = self._graph.assets_by_key
        if any(
            need not in above and need[0] in assets and need[0] != key and need[1] not in judge.latest.get(need[0], {})
            for need in status.needs
        ):
            return ""
        if status.latest is None:
            return _NEVER
        changed = [
            f"{one.cause.reason}@{one.cause.new}@{one.cause.at}"
            for one in status.causes
            if one.cause.category in (StaleCauseCategory.DATA, StaleCauseCategory.DEPENDENCIES)
        ]
        changed += [f"{need[0].to_string()}:{self.found.get(need[0], {}).get(need[1], need[1])}" for need in above]
        return hashlib.sha256("|".join(changed).encode()).hexdigest()[:16] if changed else ""

    def new(self, asked: Mapping[str, str | dict[str, Ranges]], below: set[AssetKey]) -> dict[AssetKey, list[str]]:
        """The partitions that were not asked for with the same mark, and those to be made that need some of these.

        Args:
            asked: what was asked for before, as `told` tells it.
            below: assets without partitions that are asked for now.
        """
        wanted: set[Cell] = {(key, "") for key in below}
        for key in self._order:
            before = asked.get(key.to_string())
            known = before if isinstance(before, dict) else {}
            same = {mark: self._keys[key].subset(ranges) for mark, ranges in known.items()}
            for part, mark in self.found.get(key, {}).items():
                is_new = part not in same.get(mark, ())
                if is_new or any(need in wanted for need in self._needs[key, part]):
                    wanted.add((key, part))
        return {
            key: parts
            for key in self._order
            if (parts := [part for part in self.found.get(key, {}) if (key, part) in wanted])
        }

    def told(self) -> dict[str, dict[str, Ranges]]:
        """All of it, as a cursor keeps it: mark to ranges, by asset."""
        told: dict[str, dict[str, Ranges]] = {}
        for key, marks in self.found.items():
            by_mark: dict[str, list[str]] = {}
            for part, mark in marks.items():
                by_mark.setdefault(mark, []).append(part)
            told[key.to_string()] = {mark: self._keys[key].ranges(parts) for mark, parts in by_mark.items()}
        return told

    def marks(self, parts: Mapping[AssetKey, Sequence[str]]) -> list[str]:
        """The reasons for some partitions, as texts."""
        return [f"{key.to_string()}@{part}={self.found[key][part]}" for key, some in parts.items() for part in some]

    def ranges(self, parts: Mapping[AssetKey, Sequence[str]]) -> dict[AssetKey, list[PartitionKeyRange]]:
        """Some partitions in ranges."""
        return {key: [PartitionKeyRange(*one) for one in self._keys[key].ranges(some)] for key, some in parts.items()}
