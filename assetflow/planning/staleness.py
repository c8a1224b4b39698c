"""Which assets are not what they would be if they were made now, and why.

Nothing here knows where the records come from: of each asset the newest materialization, of each source how it was
seen last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from assetflow.definitions.checks import AssetCheckKey
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph


class StaleStatus(StrEnum):
    """How an asset stands."""

    MISSING = "MISSING"
    """It was never materialized."""
    STALE = "STALE"
    """It would be another one if it were made now, or it may be."""
    FRESH = "FRESH"
    """It was made by this code of this data."""


class StaleCauseCategory(StrEnum):
    """What has changed."""

    MISSING = "MISSING"
    CODE = "CODE"
    DEPENDENCIES = "DEPENDENCIES"
    DATA = "DATA"
    UPSTREAM = "UPSTREAM"


class UpstreamStatus(StrEnum):
    """What times alone say of an asset: the badge "upstream changed" stands for ``OUT_OF_DATE``."""

    UP_TO_DATE = "UP_TO_DATE"
    NONE = "NONE"
    OUT_OF_DATE = "OUT_OF_DATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The newest materialization of an asset.

    Attributes:
        at: seconds since the epoch.
        inputs: what was read for it: version and data version by key.
        reads: the same by key and partition; of very many partitions only their number, ``1000 partitions``.
        environment: where it was made.
    """

    at: float
    run_id: str
    token: int = 0
    version: str | None = None
    data_version: str | None = None
    code_version: str | None = None
    inputs: Mapping[AssetKey, tuple[str | None, str | None]] = field(default_factory=dict)
    reads: Mapping[tuple[AssetKey, str], tuple[str | None, str | None]] = field(default_factory=dict)
    environment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest observation of a source, or evaluation of a check.

    Attributes:
        at: seconds since the epoch.
        data_version: of a source.
        stops: a blocking check has failed.
    """

    at: float
    data_version: str | None = None
    stops: bool = False


class Records(Protocol):
    """What is remembered, by whichever environment an asset is read from."""

    def latest(self, keys: Collection[AssetKey]) -> Mapping[AssetKey, Latest]:
        """The newest materialization of each; assets that were never materialized are not in it."""

    def latest_partitions(self, key: AssetKey) -> Mapping[str, Latest]:
        """The newest materialization of each partition of an asset; those that were never made are not in it."""

    def seen(self, keys: Collection[AssetKey]) -> Mapping[AssetKey, Seen]:
        """The newest observation of each source; those that were never observed are not in it."""

    def checked(self, keys: Collection[AssetCheckKey]) -> Mapping[AssetCheckKey, Seen]:
        """The newest evaluation of each check; those that were never done are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleCause:
    """One reason why an asset is stale.

    Attributes:
        key: of the asset.
        reason: in words.
        dependency: the asset or source it is about, if it is about one.
        old, new: what has changed: code versions, or data versions; None where they are not known.
        at: when the dependency was made or seen, in seconds since the epoch.
    """

    key: AssetKey
    category: StaleCauseCategory
    reason: str
    dependency: AssetKey | None = None
    old: str | None = None
    new: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetStatus:
    """How an asset stands, and why.

    Attributes:
        causes: why it is stale; what is wrong with itself comes first.
        latest: its newest materialization, if there is one.
        code_version: of the code as it is now.
        upstream: what times alone say.
    """

    key: AssetKey
    status: StaleStatus
    causes: tuple[StaleCause, ...]
    latest: Latest | None
    code_version: str
    upstream: UpstreamStatus

    @property
    def is_fresh(self) -> bool:
        """Whether nothing need be done."""
        return self.status is StaleStatus.FRESH

    @property
    def own_causes(self) -> tuple[StaleCause, ...]:
        """What is wrong with itself, not with what it needs."""
        return tuple(cause for cause in self.causes if cause.category is not StaleCauseCategory.UPSTREAM)

    @property
    def words(self) -> str:
        """Why it is stale, in a few words; empty if it is not."""
        return "; ".join(dict.fromkeys(_WORDS[cause.category] for cause in self.causes))


_WORDS = {
    StaleCauseCategory.MISSING: "never materialized",
    StaleCauseCategory.CODE: "code changed",
    StaleCauseCategory.DEPENDENCIES: "dependencies changed",
    StaleCauseCategory.DATA: "upstream changed",
    StaleCauseCategory.UPSTREAM: "upstream is stale",
}


def judge(graph: AssetGraph, records: Records, keys: Iterable[AssetKey] | None = None) -> dict[AssetKey, AssetStatus]:
    """How assets stand, and all that they need. What has partitions is never stale, as a whole.

    Args:
        keys: which; None for all.

    Returns:
        a status for each of them and for each asset above, in topological order.
    """
    wanted = set(graph.materializable_keys) if keys is None else _with_all_above(graph, keys)
    order = [key for key in graph.topological() if key in wanted]
    needs = {key: graph.read_for(key) for key in order}
    sources = {need for found in needs.values() for need in found if need in graph.sources_by_key}
    whole = [key for key in order if graph.assets_by_key[key].partitions_def is None]
    facts = _Facts(graph=graph, needs=needs, latest=records.latest(whole), seen=records.seen(sources))
    found: dict[AssetKey, AssetStatus] = {}
    for key in order:
        found[key] = facts.status(key, found)
    return found


def root_causes(statuses: Mapping[AssetKey, AssetStatus], key: AssetKey) -> list[StaleCause]:
    """What is behind the status of an asset: the causes that have no others behind them, nearest first."""
    return [cause for cause, _ in chain_of_causes(statuses, key) if cause.category is not StaleCauseCategory.UPSTREAM]


def chain_of_causes(statuses: Mapping[AssetKey, AssetStatus], key: AssetKey) -> Iterator[tuple[StaleCause, int]]:
    """Every cause on the way from an asset to the roots, each asset's once, and how far away it is."""
    seen = {key}
    waiting = [(key, 0)]
    while waiting:
        at, depth = waiting.pop(0)
        for cause in statuses[at].causes:
            yield cause, depth
            above = cause.dependency
            if cause.category is StaleCauseCategory.UPSTREAM and above is not None and above not in seen:
                seen.add(above)
                waiting.append((above, depth + 1))


def _with_all_above(graph: AssetGraph, keys: Iterable[AssetKey]) -> set[AssetKey]:
    found = set(keys)
    waiting = list(found)
    while waiting:
        new = graph.upstream(waiting.pop()) - found
        found |= new
        waiting += new
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """All that is known.

    Attributes:
        needs: the assets and sources that each asset needs.
    """

    graph: AssetGraph
    needs: Mapping[AssetKey, frozenset[AssetKey]]
    latest: Mapping[AssetKey, Latest]
    seen: Mapping[AssetKey, Seen]

    def status(self, key: AssetKey, above: Mapping[AssetKey, AssetStatus]) -> AssetStatus:
        code, made = self.graph.code_versions.of(key), self.latest.get(key)
        if self._is_divided(key):
            return AssetStatus(
                key=key,
                status=StaleStatus.FRESH,
                causes=(),
                latest=None,
                code_version=code,
                upstream=UpstreamStatus.UP_TO_DATE,
            )
        causes: list[StaleCause] = []
        if made is None:
            never = StaleCause(
                key=key, category=StaleCauseCategory.MISSING, reason=f"{_name(key)} was never materialized"
            )
            causes.append(never)
        else:
            causes += self._code(key, made, code)
            causes += self._dependencies(key, made)
            causes += self._data(key, made)
            causes += self._upstream(key, above)
        status = StaleStatus.MISSING if made is None else StaleStatus.STALE if causes else StaleStatus.FRESH
        return AssetStatus(
            key=key,
            status=status,
            causes=tuple(causes),
            latest=made,
            code_version=code,
            upstream=self._by_times(key, made, above),
        )

    def _is_divided(self, key: AssetKey) -> bool:
        maker = self.graph.assets_by_key.get(key) or self.graph.sources_by_key.get(key)
        return maker is not None and maker.partitions_def is not None

    def _code(self, key: AssetKey, made: Latest, now: str) -> Iterator[StaleCause]:
        if made.code_version != now:
            known = "has changed since" if made.code_version else "that made it is not known"
            yield StaleCause(
                key=key,
                category=StaleCauseCategory.CODE,
                reason=f"the code of {_name(key)} {known}",
                old=made.code_version,
                new=now,
            )

    def _dependencies(self, key: AssetKey, made: Latest) -> Iterator[StaleCause]:
        asset = self.graph.assets_by_key[key]
        for need in sorted(self.needs[key] - made.inputs.keys() - asset.keys):
            if self._is_divided(need):
                continue  # of which none may have been there
            yield StaleCause(
                key=key,
                category=StaleCauseCategory.DEPENDENCIES,
                reason=f"{_name(key)} needs {_name(need)} now, which it did not before",
                dependency=need,
            )
        # One call may read more than this one of its assets needs.
        all_inputs = {self.graph.resolved_input(asset, name) for name in asset.keys_by_input_name}
        for gone in sorted(made.inputs.keys() - self.needs[key] - all_inputs - asset.keys):
            yield StaleCause(
                key=key,
                category=StaleCauseCategory.DEPENDENCIES,
                reason=f"{_name(key)} does not need {_name(gone)} any more",
                dependency=gone,
            )

    def _data(self, key: AssetKey, made: Latest) -> Iterator[StaleCause]:
        for need in sorted(self.needs[key]):
            found = self.latest.get(need) or self.seen.get(need)
            if found is None:
                continue
            read = made.inputs.get(need)
            if read is None and need not in self.graph.assets_by_key[key].keys:
                continue  # it is new, which was said
            version, data_version = read or (None, None)
            if data_version is not None and found.data_version is not None:
                changed = data_version != found.data_version
            else:
                changed = found.at > made.at and (version is None or version != getattr(found, "version", None))
            if changed:
                verb = "made" if need in self.latest else "seen"
                yield StaleCause(
                    key=key,
                    category=StaleCauseCategory.DATA,
                    reason=f"{_name(need)} was {verb} anew, and is not what {_name(key)} was made of",
                    dependency=need,
                    old=data_version,
                    new=found.data_version,
                    at=found.at,
                )

    def _upstream(self, key: AssetKey, above: Mapping[AssetKey, AssetStatus]) -> Iterator[StaleCause]:
        for need in sorted(self.needs[key] & above.keys()):
            if not above[need].is_fresh:
                yield StaleCause(
                    key=key,
                    category=StaleCauseCategory.UPSTREAM,
                    reason=f"{_name(need)}, which {_name(key)} needs, "
                    + ("was never materialized" if above[need].latest is None else "is stale itself"),
                    dependency=need,
                )

    def _by_times(self, key: AssetKey, made: Latest | None, above: Mapping[AssetKey, AssetStatus]) -> UpstreamStatus:
        if made is None:
            return UpstreamStatus.NONE
        needs = [above[need] for need in self.needs[key] & above.keys()]
        later = any(need.latest is not None and need.latest.at > made.at for need in needs)
        if later or any(need.upstream is not UpstreamStatus.UP_TO_DATE for need in needs):
            return UpstreamStatus.OUT_OF_DATE
        return UpstreamStatus.UP_TO_DATE


def _name(key: AssetKey) -> str:
    return key.to_user_string()
