"""Runs as lists show them: what the server tells of live ones, and the history of all others."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

from assetflow.engine.request import USER_TAG
from assetflow.engine.retrying import PARENT_RUN
from assetflow.errors import AssetflowError, HistoryUnreachableError, RunNotFoundError, ServiceUnreachableError
from assetflow.run_list import LOST, ListedRun, listed, listed_from_history
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import RunView
from assetflow.web.backend import Backend
from assetflow.web.run_facts import RunFacts, RunFactsCache, predicted
from assetflow.web.schemas.runs import RunState, RunSummary, StepCounts

_ASSETS_SHOWN = 20
_KEPT = 1000
_RUN_STATES: dict[str, RunState] = {
    RunStatus.NEW: "queued",
    RunStatus.QUEUED: "queued",
    RunStatus.RUNNING: "running",
    RunStatus.FINISHING: "running",
    RunStatus.CANCELLING: "cancelled",  # which it will be whatever happens
    RunStatus.PAUSED: "paused",
    RunStatus.SUCCEEDED: "success",
    RunStatus.FAILED: "failed",
    RunStatus.INCONSISTENT: "failed",
    RunStatus.CANCELLED: "cancelled",
    LOST: "lost",
}
_OUTCOMES = {
    "succeeded": StepState.SUCCEEDED,
    "unchanged": StepState.SUCCEEDED,
    "failed": StepState.FAILED,
    "skipped": StepState.SKIPPED,
    "upstream failed": StepState.UPSTREAM_FAILED,
}
_WAITING = (StepState.READY, StepState.DELAYED, StepState.POOLED)


def run_state(status: str) -> RunState:
    """How a run stands, in the words of the page."""
    return _RUN_STATES[status]


def statuses_of(states: Iterable[str]) -> list[str]:
    """The statuses that are meant by words of the page."""
    wanted = set(states)
    return [status for status, state in _RUN_STATES.items() if state in wanted]


class RunSummaries:
    """Makes summaries. Thread-safe; what is over is kept."""

    def __init__(self, backend: Backend, facts: RunFactsCache) -> None:
        self._backend = backend
        self._facts = facts
        self._lock = threading.Lock()
        self.durations: Callable[[str], Mapping[str, float | None]] = lambda _env: {}
        """How long the assets of an environment took last."""
        self._predicted: OrderedDict[str, float | None] = OrderedDict()
        self._over: OrderedDict[str, RunSummary] = OrderedDict()

    def live(self, run_id: str) -> RunSummary | None:
        """A run that the server knows; None if it does not any more."""
        try:
            view = self._backend.connection().store.view(run_id)
        except RunNotFoundError:
            return None
        return self.of_view(view)

    def of_view(self, view: RunView) -> RunSummary:
        """A run of which the server has told."""
        known = self._known(view.run_id)
        if known is not None and view.status.is_terminal:
            return known
        return self._made(listed(view), view.states, max(view.retries, default=0) + 1)

    def of_history(self, run: ListedRun) -> RunSummary:
        """A run that only the history knows."""
        known = self._known(run.run_id)
        if known is not None:
            return known
        states: list[StepState] = []
        tries = 0
        try:
            for one in self._backend.history().log.attempts(run.run_id, 0, max(run.about.steps, 1)):
                tries = max(tries, one.retry + 1)
                if one.outcome in _OUTCOMES:
                    states.append(_OUTCOMES[one.outcome])
        except HistoryUnreachableError:
            pass
        rest = StepState.CANCELLED if run.status != LOST else StepState.WAITING
        states += [rest] * (run.about.steps - len(states))
        return self._made(run, states, max(tries, 1))

    def _known(self, run_id: str) -> RunSummary | None:
        with self._lock:
            return self._over.get(run_id)

    def _made(self, run: ListedRun, states: Sequence[StepState], attempts: int) -> RunSummary:
        facts = self._facts.of(run.run_id)
        state = run_state(run.status)
        found = RunSummary(
            id=run.run_id,
            name=run.run_id[-6:].lower(),
            status=state,
            env=run.about.environment,
            target=_target(run, facts),
            assets=list(facts.assets[:_ASSETS_SHOWN]) if facts else [],
            assets_total=len(facts.assets) if facts else 0,
            job=facts.job if facts else None,
            partition=facts.partition if facts else None,
            tags={name: text for name, text in run.about.tags.items() if name != USER_TAG},
            who=_who(run.about.tags),
            created=run.created,
            started=run.started,
            ended=run.ended,
            predicted=None if facts is None else self._expected(run.run_id, facts),
            steps=counts_of(states, run.about.steps),
            attempts=attempts,
            backfill=facts.is_backfill if facts else False,
            error=run.error,
        )
        if run.ended is not None and facts is not None and (run.error or state == "success"):
            with self._lock:
                self._over[run.run_id] = found
                while len(self._over) > _KEPT:
                    self._over.popitem(last=False)
        return found

    def _expected(self, run_id: str, facts: RunFacts) -> float | None:
        """How long it may take, as it is seen when the run is first looked at."""
        with self._lock:
            if run_id in self._predicted:
                return self._predicted[run_id]
        try:
            slots = sum(view.info.slots for view in self._backend.connection().registry.workers())
            found = predicted(facts, self.durations(facts.environment), slots)
        except AssetflowError:
            return None
        with self._lock:
            self._predicted[run_id] = found
            while len(self._predicted) > _KEPT:
                self._predicted.popitem(last=False)
        return found

    def page(self, limit: int, before: str | None, states: Sequence[str]) -> list[RunSummary]:
        """Runs, newest first.

        Args:
            before: id of a run; only older ones.
            states: only those that stand so, in the words of the page; all if it is empty.

        Raises:
            HistoryUnreachableError: the history does not answer.
        """
        found: dict[str, RunSummary] = {}
        try:
            store = self._backend.connection().store
            for run_id in store.recent_runs(1000):
                if len(found) >= limit and not states:
                    break
                if (before is None or run_id < before) and (summary := self.live(run_id)) is not None:
                    found[run_id] = summary
        except ServiceUnreachableError:
            pass  # the history still tells of what is over
        wanted = [RunStatus(one) for one in statuses_of(states) if one != LOST]
        if "lost" in states:
            wanted += [status for status in RunStatus if not status.is_terminal]
        asked = [] if not states else list(dict.fromkeys(wanted))
        log = self._backend.history().log
        for entry in log.runs(limit, before=before, statuses=[one.value for one in asked]):
            if entry.run_id not in found:
                found[entry.run_id] = self.of_history(listed_from_history(entry))
            elif entry.error and not found[entry.run_id].error:
                found[entry.run_id] = found[entry.run_id].model_copy(update={"error": entry.error})
        newest = [found[run_id] for run_id in sorted(found, reverse=True)]
        return [one for one in newest if not states or one.status in states][:limit]

    def assets_of(self, run: RunSummary) -> tuple[str, ...]:
        """All that a run makes."""
        facts = self._facts.of(run.id)
        return tuple(run.assets) if facts is None else facts.assets

    def one(self, run_id: str) -> RunSummary:
        """A run, wherever it is known.

        Raises:
            RunNotFoundError: it is not.
        """
        try:
            if (found := self.live(run_id)) is not None:
                return found
        except ServiceUnreachableError:
            pass
        entry = self._backend.history().log.run(run_id)
        if entry is None:
            raise RunNotFoundError(f"there is no run {run_id}", fix="it was never there, or was cleared away")
        return self.of_history(listed_from_history(entry))


def counts_of(states: Sequence[StepState], total: int) -> StepCounts:
    """How many steps stand how."""
    counted = Counter(states)
    return StepCounts(
        total=total,
        done=sum(count for state, count in counted.items() if state.is_terminal),
        failed=counted[StepState.FAILED],
        skipped=counted[StepState.SKIPPED] + counted[StepState.UPSTREAM_FAILED] + counted[StepState.CANCELLED],
        running=counted[StepState.CLAIMED],
        ready=sum(counted[state] for state in _WAITING),
    )


def _target(run: ListedRun, facts: RunFacts | None) -> str:
    """What it is about, in a few words."""
    if facts is None:
        return run.about.selection
    if facts.job:
        return facts.job
    if run.about.selection == "*":
        return "all assets"
    if len(facts.assets) == 1:
        return facts.assets[0]
    return run.about.selection if len(run.about.selection) <= 80 else f"{len(facts.assets)} assets"


def _who(tags: dict[str, str]) -> str | None:
    """Who, or what, has started it. A run that does again what failed has its own, beside the tags of the first."""
    if PARENT_RUN in tags:
        return tags.get(USER_TAG, "retry")
    for name in ("assetflow/schedule_name", "assetflow/sensor_name", USER_TAG):
        if name in tags:
            return tags[name]
    return None
