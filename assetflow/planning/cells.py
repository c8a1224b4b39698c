"""How each partition of assets stands: what it would need now, what it was made of, and what has changed since.

A *cell* is a partition of an asset, or an asset that has no partitions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assetflow.errors import InvariantViolationError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.staleness import (
    AssetStatus,
    Latest,
    Records,
    Seen,
    StaleCause,
    StaleCauseCategory,
    StaleStatus,
    UpstreamStatus,
)
from assetflow.planning.targets import Divided

Cell = tuple[AssetKey, str]
"""An asset, and the key of a partition; empty if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCause:
    """Why a cell is stale.

    Attributes:
        cause: as people are told it.
        about: the cell that it needs and that has changed, if it is about one.
    """

    cause: StaleCause
    about: Cell | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStatus:
    """How a cell stands.

    Attributes:
        needs: the cells that it needs.
        causes: why it is stale.
        latest: its newest materialization.
    """

    needs: tuple[Cell, ...]
    causes: tuple[CellCause, ...]
    latest: Latest | None
    code_version: str

    def told(self, key: AssetKey) -> AssetStatus:
        """It as the status of an asset is told."""
        found = StaleStatus.MISSING if self.latest is None else StaleStatus.STALE if self.causes else StaleStatus.FRESH
        return AssetStatus(
            key=key,
            status=found,
            causes=tuple(one.cause for one in self.causes),
            latest=self.latest,
            code_version=self.code_version,
            upstream=UpstreamStatus.UP_TO_DATE,
        )


@dataclass(slots=True, kw_only=True)
class CellJudge:
    """Tells how cells stand.

    Attributes:
        divided: how assets are divided.
        latest, seen: of all assets and sources that take part.
    """

    graph: AssetGraph
    divided: Divided
    latest: Mapping[AssetKey, Mapping[str, Latest]]
    seen: Mapping[AssetKey, Seen]
    _loaded: dict[AssetKey, dict[AssetKey, list[str]]] = field(default_factory=dict)

    @staticmethod
    def of(graph: AssetGraph, divided: Divided, keys: Collection[AssetKey], records: Records) -> CellJudge:
        """One that knows of some assets, and of what they need."""
        every = {*keys, *(need for key in keys for need in graph.read_for(key))}
        assets = [key for key in sorted(every) if key in graph.assets_by_key]
        whole = [key for key in assets if divided.of(key) is None]
        latest: dict[AssetKey, Mapping[str, Latest]] = {key: {"": one} for key, one in records.latest(whole).items()}
        for key in assets:
            if divided.of(key) is not None:
                latest[key] = records.latest_partitions(key)
        sources = {key for key in every if key in graph.sources_by_key}
        return CellJudge(graph=graph, divided=divided, latest=latest, seen=records.seen(sources))

    def status(self, cell: Cell) -> CellStatus:
        """How one stands, whatever those it needs do."""
        key, partition = cell
        made, code = self.latest.get(key, {}).get(partition), self.graph.code_versions.of(key)
        needs = tuple(dict.fromkeys(need for need, _ in self._needs(cell)))
        if made is None:
            never = _cause(key, StaleCauseCategory.MISSING, f"{_name(cell)} was never materialized")
            return CellStatus(needs=needs, causes=(CellCause(cause=never),), latest=None, code_version=code)
        causes: list[CellCause] = []
        if made.code_version != code:
            known = "has changed since" if made.code_version else "that made it is not known"
            cause = _cause(
                key,
                StaleCauseCategory.CODE,
                f"the code of {key.to_user_string()} {known}",
                old=made.code_version,
                new=code,
            )
            causes.append(CellCause(cause=cause))
        causes += self._changed(cell, made)
        return CellStatus(needs=needs, causes=tuple(causes), latest=made, code_version=code)

    def _needs(self, cell: Cell) -> Iterator[tuple[Cell, bool]]:
        """The cells that one needs, and whether each is loaded."""
        key, partition = cell
        asset = self.graph.assets_by_key[key]
        for need in self.graph.read_for(key) & asset.keys - {key}:
            yield (need, partition), False
        read = self.graph.read_for(key)
        for name in asset.keys_by_input_name:
            meant = self.graph.resolved_input(asset, name)
            if meant is None or (meant not in read and meant != key):
                continue
            need = meant
            loads = not asset.node_def.ins[name].is_nothing
            if self.divided.of(need) is None:
                yield (need, ""), loads
                continue
            mapping, edge = self.divided.edge(asset, name, need)
            try:
                found: Sequence[str] = mapping.upstream_of(partition or None, edge)
            except InvariantViolationError:  # there is no such partition; making it says so
                found = ()
            yield from (((need, str(one)), loads) for one in found)

    def _changed(self, cell: Cell, made: Latest) -> Iterator[CellCause]:
        key = cell[0]
        asset = self.graph.assets_by_key[key]
        several = asset.backfill_policy.makes_several  # then what was read was read for all that were made together
        many = {need: part for need, part in made.reads if part.endswith(" partitions")}
        needs = dict(self._needs(cell))
        counts: dict[AssetKey, int] = {}
        for (need, part), loads in needs.items():
            counts[need] = counts.get(need, 0) + 1
            read = made.reads.get((need, part))
            if read is None and loads and not several and need not in many and need not in asset.keys:
                reason = f"{_name(cell)} needs {_name((need, part))} now, which it did not before"
                yield CellCause(cause=_cause(key, StaleCauseCategory.DEPENDENCIES, reason, need))
                continue
            cause = self._other_data(cell, made, (need, part), read)
            if cause is not None:
                yield CellCause(cause=cause, about=(need, part))
        all_inputs = {self.graph.resolved_input(asset, name) for name in asset.keys_by_input_name} | asset.keys
        gone = {need for need, _ in made.reads if need not in all_inputs}
        if not several:
            loaded = {need for (need, _), loads in needs.items() if loads}
            gone |= {need for need, part in made.reads if need in loaded - many.keys() and (need, part) not in needs}
            gone |= {need for need, told in many.items() if need in loaded and told != f"{counts[need]} partitions"}
        for need in sorted(gone):
            reason = f"{_name(cell)} does not need the same of {need.to_user_string()} any more"
            yield CellCause(cause=_cause(key, StaleCauseCategory.DEPENDENCIES, reason, need))

    def _other_data(
        self, cell: Cell, made: Latest, need: Cell, read: tuple[str | None, str | None] | None
    ) -> StaleCause | None:
        key, part = need
        found = self.latest.get(key, {}).get(part) or (self.seen.get(key) if not part else None)
        if found is None:
            return None
        version, data_version = read or (None, None)
        if data_version is not None and found.data_version is not None:
            changed = data_version != found.data_version
        else:
            changed = found.at > made.at and (version is None or version != getattr(found, "version", None))
        if not changed:
            return None
        verb = "made" if key in self.latest else "seen"
        return _cause(
            cell[0],
            StaleCauseCategory.DATA,
            f"{_name(need)} was {verb} anew, and is not what {_name(cell)} was made of",
            key,
            old=data_version,
            new=found.data_version,
            at=found.at,
        )


def _cause(
    key: AssetKey,
    category: StaleCauseCategory,
    reason: str,
    dependency: AssetKey | None = None,
    old: str | None = None,
    new: str | None = None,
    at: float | None = None,
) -> StaleCause:
    return StaleCause(key=key, category=category, reason=reason, dependency=dependency, old=old, new=new, at=at)


def _name(cell: Cell) -> str:
    key, partition = cell
    return f"{key.to_user_string()} {partition}" if partition else key.to_user_string()
