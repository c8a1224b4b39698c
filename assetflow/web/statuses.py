"""How assets stand: what the history says of them, and what live runs are doing with them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from assetflow.errors import AssetflowError, ServiceUnreachableError
from assetflow.runs.states import StepState
from assetflow.web.backend import Backend
from assetflow.web.run_facts import RunFacts, RunFactsCache
from assetflow.web.run_fold import RunFolds

Record = dict[str, Any]
_RUNS_LOOKED_AT = 100
_LARGE = 5000  # steps of a run, from which on what each made is not looked up
_QUEUED = (StepState.WAITING, StepState.READY, StepState.DELAYED, StepState.POOLED)
_KEPT = 500
_PARTITION_WORDS = {
    StepState.CLAIMED: "running",
    StepState.FAILED: "failed",
    StepState.SUCCEEDED: "materialized",
}


@dataclass(frozen=True, slots=True)
class Doing:
    """What a run does, or did last, with an asset.

    Attributes:
        state: ``running``, ``queued``, ``failed`` or ``skipped``; or ``materialized`` before that is recorded.
        at: seconds since the epoch.
        counts: of its partitions, if it makes several.
    """

    state: str
    at: float
    run_id: str
    running: int = 0
    failed: int = 0


class Statuses:
    """Looks up, and remembers until something has changed. Thread-safe."""

    def __init__(self, backend: Backend, facts: RunFactsCache, folds: RunFolds) -> None:
        self._backend = backend
        self._facts = facts
        self._folds = folds
        self._lock = threading.Lock()
        self._told: dict[str, tuple[tuple[str, str], dict[str, Record]]] = {}
        self._over: OrderedDict[str, dict[str, Doing]] = OrderedDict()

    def of(self, env: str) -> dict[str, Record]:
        """The status of every asset and source in an environment, by key.

        Raises:
            DeskRefusedError: there is no such environment.
            HistoryUnreachableError: the history does not answer.
        """
        told = self._recorded(env)
        doing = self._doing(env)
        found = dict(told)
        for key, one in doing.items():
            if key in told:
                found[key] = _joined(told[key], one)
        return found

    def durations(self, env: str) -> dict[str, float | None]:
        """How long each asset took last, in seconds."""
        return {key: one["duration"] for key, one in self._recorded(env).items()}

    def partitions_of(self, env: str, key: str) -> dict[str, str]:
        """What live runs do with the partitions of an asset, by their keys."""
        found: dict[str, str] = {}
        try:
            store = self._backend.connection().store
            for run_id in store.live_runs():
                facts = self._facts.of(run_id)
                if facts is None or facts.environment != env or key not in facts.assets:
                    continue
                states = store.view(run_id).states
                for keys, divided, state in zip(facts.made_by, facts.divided, states, strict=False):
                    word = _PARTITION_WORDS.get(state)
                    if word is not None and key in keys:
                        found.update(dict.fromkeys(divided, word))
        except AssetflowError:
            pass  # what is recorded is told all the same
        return found

    def _recorded(self, env: str) -> dict[str, Record]:
        mark = (self._backend.desk.loaded().version, self._backend.history().marker())
        with self._lock:
            known = self._told.get(env)
            if known is not None and known[0] == mark:
                return known[1]
        body = self._backend.desk.ask("statuses", {"env": env})
        told: dict[str, Record] = msgspec.json.decode(body)
        with self._lock:
            self._told[env] = (mark, told)
        return told

    def _doing(self, env: str) -> dict[str, Doing]:
        """What runs do with assets; what a newer run does counts."""
        found: dict[str, Doing] = {}
        for run_id in sorted(self._runs()):
            facts = self._facts.of(run_id)
            if facts is None or facts.environment != env:
                continue
            for key, one in self._of_run(run_id, facts).items():
                before = found.get(key)
                if before is None or before.state != "running" or one.state == "running":
                    found[key] = one
        return found

    def _runs(self) -> set[str]:
        found: set[str] = set()
        try:
            store = self._backend.connection().store
            found.update(store.live_runs())
            found.update(store.recent_runs(_RUNS_LOOKED_AT))
        except ServiceUnreachableError:
            pass
        found.update(entry.run_id for entry in self._backend.history().log.runs(_RUNS_LOOKED_AT))
        return found

    def _of_run(self, run_id: str, facts: RunFacts) -> dict[str, Doing]:
        with self._lock:
            if (known := self._over.get(run_id)) is not None:
                return known
        try:
            view = self._backend.connection().store.view(run_id)
        except AssetflowError:
            return {}
        is_over = view.status.is_terminal
        at = view.ended or view.started or view.created
        fold = self._folds.of(run_id) if len(view.states) <= _LARGE else None
        found: dict[str, Doing] = {}
        for index, state in enumerate(view.states):
            told = fold.steps.get(index) if fold is not None else None
            then = told.ended if told is not None and told.ended is not None else at
            for key in facts.made_by[index]:
                made = told is None or told.made is None or key in told.made or told.unchanged
                one = _done(state, then, run_id, is_over, made, divided=bool(facts.divided[index]))
                if one is not None:
                    found[key] = _both(found[key], one) if key in found else one
        if is_over:
            with self._lock:
                self._over[run_id] = found
                while len(self._over) > _KEPT:
                    self._over.popitem(last=False)
        return found


def _done(state: StepState, at: float, run_id: str, is_over: bool, made: bool, *, divided: bool) -> Doing | None:
    if state is StepState.CLAIMED and not is_over:
        return Doing("running", at, run_id, running=1)
    if state in _QUEUED and not is_over:
        return Doing("queued", at, run_id)
    if state is StepState.FAILED:
        return Doing("failed", at, run_id, failed=1)
    if state is StepState.SKIPPED or (state is StepState.SUCCEEDED and not made):
        return None if divided else Doing("skipped", at, run_id)
    return Doing("materialized", at, run_id) if state is StepState.SUCCEEDED else None


_WEIGHT = {"running": 5, "queued": 4, "failed": 3, "materialized": 2, "skipped": 1}


def _both(one: Doing, other: Doing) -> Doing:
    """Of two partitions of an asset what matters more."""
    first = one if _WEIGHT[one.state] >= _WEIGHT[other.state] else other
    return Doing(
        first.state, max(one.at, other.at), first.run_id, one.running + other.running, one.failed + other.failed
    )


def _joined(told: Record, doing: Doing) -> Record:
    """What the history says, and what a run does."""
    partitions = told["partitions"]
    if partitions is not None and (doing.running or doing.failed):
        failed = max(partitions["failed"], min(doing.failed, partitions["missing"]))
        partitions = {**partitions, "running": doing.running, "failed": failed}
    if doing.state in ("running", "queued"):
        return {**told, "state": doing.state, "run_id": doing.run_id, "partitions": partitions}
    at = told["at"]
    if at is not None and at > doing.at:
        return told
    if doing.state == "materialized":
        if at == doing.at or told["run_id"] == doing.run_id:
            return told
        stale = [cause for cause in told["stale"] if cause["cause"] not in ("never", "code", "data")]
        return {**told, "state": "materialized", "at": doing.at, "run_id": doing.run_id, "stale": stale}
    return {**told, "state": doing.state, "run_id": doing.run_id, "partitions": partitions}
