"""How assets stand by the history: when each was made last, why it is stale, and how many partitions there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assetflow.desk.records import history_in, records_in, settings_of
from assetflow.engine.standings import OUTCOMES, PartitionState
from assetflow.environments import Environments
from assetflow.errors import AssetflowError
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.staleness import AssetStatus, StaleCause, StaleCauseCategory, UpstreamStatus, judge
from assetflow.runs.event_log import AssetState, Unmade
from assetflow.settings import Settings
from assetflow.stores.sql.history import SqlHistory
from assetflow.submission import Project

Record = dict[str, Any]
_CAUSES = {
    StaleCauseCategory.MISSING: "never",
    StaleCauseCategory.CODE: "code",
    StaleCauseCategory.DEPENDENCIES: "deps",
    StaleCauseCategory.DATA: "data",
    StaleCauseCategory.UPSTREAM: "upstream",
}


def statuses(project: Project, arguments: Mapping[str, Any]) -> dict[str, Record]:
    """How every asset and source stands, by key; what live runs do with them is not in it.

    Raises:
        InvalidInvocationError: there is no such environment.
        HistoryUnreachableError: the history does not answer.
    """
    settings = settings_of(str(arguments["env"]))
    graph = project.graph()
    chain = Environments(settings, project.definitions).chain(settings.env)
    with history_in(settings) as history:
        judged = judge(graph, records_in(history, project, settings))
        states = _states(history, chain)
        checks = _checks(history, chain)
        unmade = _unmade(history, settings.env, graph)
    counts = Partitions(graph, settings)
    return {
        key.to_user_string(): _status(key, judged.get(key), states.get(key, []), counts, checks.get(key), settings.env)
        | _tried(states.get(key, []), unmade.get(key, []), counts.total(key))
        for key in [*graph.assets_by_key, *graph.sources_by_key]
    }


class Partitions:
    """How many partitions the assets of a graph have."""

    def __init__(self, graph: AssetGraph, settings: Settings) -> None:
        self._graph = graph
        self._known = KnownPartitions(settings)
        self._counts: dict[Any, int] = {}

    def total(self, key: AssetKey) -> int | None:
        """How many partitions an asset has; None if it is not divided, or nobody can tell."""
        owner = self._graph.assets_by_key.get(key) or self._graph.sources_by_key.get(key)
        definition = None if owner is None else owner.partitions_def
        if definition is None:
            return None
        if definition not in self._counts:
            try:
                self._counts[definition] = definition.get_num_partitions(dynamic_partitions_store=self._known)
            except AssetflowError:
                return None
        return self._counts[definition]


def _states(history: SqlHistory | None, chain: Sequence[str]) -> dict[AssetKey, list[AssetState]]:
    """The states of each asset in the nearest environment that has made it."""
    found: dict[AssetKey, list[AssetState]] = {}
    for name in chain if history is not None else ():
        assert history is not None
        layer: dict[AssetKey, list[AssetState]] = {}
        for state in history.catalog_of(name).states():
            layer.setdefault(AssetKey.from_db_string(state.asset), []).append(state)
        for key, states in layer.items():
            found.setdefault(key, states)
    return found


def _checks(history: SqlHistory | None, chain: Sequence[str]) -> dict[AssetKey, Record]:
    """How the checks of each asset stand, in the nearest environment that has done them."""
    found: dict[AssetKey, Record] = {}
    for name in chain if history is not None else ():
        assert history is not None
        layer: dict[AssetKey, Record] = {}
        for one in history.catalog_of(name).latest_checks():
            counts = layer.setdefault(AssetKey.from_db_string(one.entry.asset), {"passed": 0, "failed": 0, "warned": 0})
            word = "passed" if one.entry.passed else "failed" if one.entry.severity == "ERROR" else "warned"
            counts[word] += 1
        for key, counts in layer.items():
            found.setdefault(key, counts)
    return found


def _status(
    key: AssetKey,
    judged: AssetStatus | None,
    states: list[AssetState],
    partitions: Partitions,
    checks: Record | None,
    env: str,
) -> Record:
    last = max(states, key=lambda one: one.token, default=None)
    total = partitions.total(key)
    made = sum(bool(one.partition) for one in states)
    return {
        "state": "materialized" if last is not None else "never",
        "at": None if last is None else last.at,
        "run_id": None if last is None else last.run_id or None,
        "stale": [] if judged is None else [_cause(cause) for cause in judged.causes],
        "upstream_changed": judged is not None and judged.upstream is UpstreamStatus.OUT_OF_DATE,
        "partitions": None
        if total is None
        else {
            "total": total,
            "materialized": min(made, total),
            "failed": 0,
            "running": 0,
            "missing": max(0, total - made),
        },
        "checks": checks,
        "duration": None if last is None else last.seconds,
        "from_env": None if last is None or last.environment == env else last.environment,
    }


def _unmade(history: SqlHistory | None, env: str, graph: AssetGraph) -> dict[AssetKey, list[Unmade]]:
    """What the last tries did not make, of each asset."""
    found: dict[AssetKey, list[Unmade]] = {}
    for one in history.catalog_of(env).unmade(list(graph.assets_by_key)) if history is not None else ():
        found.setdefault(AssetKey.from_db_string(one.asset), []).append(one)
    return found


def _tried(states: list[AssetState], unmade: list[Unmade], total: int | None) -> Record:
    """What is otherwise because the last try made nothing."""
    known = {one.partition: OUTCOMES[one.outcome] for one in unmade if one.outcome in OUTCOMES}
    if not known:
        return {}
    if total is None:
        last = max(unmade, key=lambda one: one.at)
        return {"state": OUTCOMES[last.outcome].value, "run_id": last.run_id} if last.outcome in OUTCOMES else {}
    failed = sum(state is PartitionState.FAILED for state in known.values())
    made = len({one.partition for one in states if one.partition} - known.keys())
    tally = {
        "total": total, "materialized": min(made, total), "failed": failed, "running": 0,
        "missing": max(0, total - made - failed),
    }  # fmt: skip
    return {"partitions": tally, **({"state": "failed"} if failed else {})}


def _cause(cause: StaleCause) -> Record:
    return {"cause": _CAUSES[cause.category], "detail": cause.reason}
