"""The facts of a run folded into how its steps stand; kept between requests, and read on from where it was."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from assetflow.runs.facts import ErrorDetail, Fact, FactKind, Phases
from assetflow.runs.states import StepState
from assetflow.runs.store import RunStore
from assetflow.web.schemas.runs import Attempt

_KEPT = 24
_STATES = {
    FactKind.STEP_SUCCEEDED: StepState.SUCCEEDED,
    FactKind.STEP_FAILED: StepState.FAILED,
    FactKind.STEP_SKIPPED: StepState.SKIPPED,
    FactKind.STEP_UPSTREAM_FAILED: StepState.UPSTREAM_FAILED,
    FactKind.STEP_RETRY: StepState.DELAYED,
    FactKind.STEP_LOST: StepState.READY,
}


@dataclass(slots=True, kw_only=True)
class StepFold:
    """How a step stands.

    Attributes:
        attempt: number of the try, from 0.
        started, ended: of the last try, in seconds since the epoch.
        seconds: that it took.
        phases: what on.
        made: keys of the assets that it made.
        tries: those that are over.
    """

    state: StepState | None = None
    attempt: int = 0
    slot: str = ""
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None
    phases: Phases | None = None
    error: ErrorDetail | None = None
    unchanged: bool = False
    made: list[str] | None = None
    log_size: int = 0
    tries: list[Attempt] = field(default_factory=list)


@dataclass(slots=True)
class RunFold:
    """All that the facts of a run tell.

    Attributes:
        after: id of the last fact that is in it.
        steps: by index, those that anything was told of.
        error: why the run as a whole was given up.
    """

    after: str = "0"
    steps: dict[int, StepFold] = field(default_factory=dict)
    error: ErrorDetail | None = None
    is_over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, fact: Fact) -> list[int]:
        """Take a fact in; the steps that stand otherwise than before."""
        self.after = fact.id
        if fact.kind is FactKind.RUN_ENDED:
            self.is_over = True
        if fact.kind is FactKind.RUN_ABORTED:
            self.error = fact.told().error
        if not fact.steps:
            return []
        if len(fact.steps) > 1 or fact.kind in (FactKind.STEP_SKIPPED, FactKind.STEP_UPSTREAM_FAILED):
            for index in fact.steps:
                step = self.steps.setdefault(index, StepFold())
                step.state, step.ended = _STATES.get(fact.kind, step.state), fact.at
            return list(fact.steps)
        self._take_one(self.steps.setdefault(fact.steps[0], StepFold()), fact)
        return list(fact.steps)

    @staticmethod
    def _take_one(step: StepFold, fact: Fact) -> None:
        told = fact.told()
        step.attempt = max(step.attempt, told.retry)
        step.slot = told.slot or step.slot
        if told.log is not None:
            step.log_size = max(step.log_size, told.log.size)
        if fact.kind is FactKind.STEP_STARTED:
            step.state, step.started, step.ended = StepState.CLAIMED, told.started or fact.at, None
            step.seconds = step.phases = None
            return
        if fact.kind not in _STATES:
            return
        step.state, step.ended = _STATES[fact.kind], fact.at
        step.started = told.started or step.started
        step.seconds, step.phases = told.seconds, told.phases
        step.error = told.error
        step.unchanged = told.unchanged
        if fact.kind is FactKind.STEP_SUCCEEDED:
            step.made = ["/".join(output.key) for output in told.outputs]
        message = "" if told.error is None else f"{told.error.type}: {told.error.message}"[:500]
        step.tries.append(
            Attempt(
                outcome=fact.kind.value.removeprefix("step_"),
                at=fact.at,
                error=message,
                **({} if told.phases is None else told.phases._asdict()),
            )
        )


class RunFolds:
    """The folds of the runs that are looked at. Thread-safe."""

    def __init__(self, store: Callable[[], RunStore]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._folds: OrderedDict[str, RunFold] = OrderedDict()

    def of(self, run_id: str) -> RunFold:
        """How a run stands by now.

        Raises:
            ServiceUnreachableError: the server does not answer.
        """
        with self._lock:
            fold = self._folds.setdefault(run_id, RunFold())
            self._folds.move_to_end(run_id)
            while len(self._folds) > _KEPT:
                self._folds.popitem(last=False)
        with fold.lock:
            store = self._store()
            while not fold.is_over and (facts := store.facts(run_id, fold.after)):
                for fact in facts:
                    fold.take(fact)
        return fold

    def forget(self) -> None:
        """The server may have lost what it told before."""
        with self._lock:
            self._folds.clear()
