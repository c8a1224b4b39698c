"""What is in hand of a run that was submitted."""

from __future__ import annotations

import base64
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assetflow.clock import pause
from assetflow.code.signing import Signer
from assetflow.engine.request import RunRequest
from assetflow.engine.retrying import Retrying
from assetflow.engine.run_logs import RunLogs
from assetflow.engine.session import Announce
from assetflow.errors import (
    AssetflowError,
    InvalidInvocationError,
    RunFailed,
    RunNotFoundError,
    ServiceUnreachableError,
    SignatureError,
    WaitTimeout,
)
from assetflow.log import logger
from assetflow.markup import block, code, line, quiet
from assetflow.planning.plan import Plan
from assetflow.runs.claims import Announcement
from assetflow.runs.displays import run_display
from assetflow.runs.facts import ErrorDetail, Fact, FactKind
from assetflow.runs.log_lines import LogLine
from assetflow.runs.result import Progress, RunEvent, RunResult
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import RunStore, RunView

_BLOCK = 1.0
_BEGINNINGS = (FactKind.RUN_QUEUED, FactKind.RUN_STARTED)
_ENDS = {
    FactKind.STEP_SUCCEEDED: StepState.SUCCEEDED,
    FactKind.STEP_FAILED: StepState.FAILED,
    FactKind.STEP_SKIPPED: StepState.SKIPPED,
    FactKind.STEP_UPSTREAM_FAILED: StepState.UPSTREAM_FAILED,
}
_LOOK_AGAIN = 2e-5  # seconds for each step that is outstanding: less than it takes
_LOOK_AGAIN_AT_LATEST = 0.05
_FEW = 50
_JUST_NOW = 1.0  # seconds within which a run does not tell so much that the first of it is let go
_SURELY_ALIVE = 60.0  # seconds after which a run that was alive may have ended and been forgotten


class RunHandle:
    """A run, from anywhere: make it of the id that ``submit`` gave.

    Args:
        announce: sends wake-ups.
        send_again: submits the run again if the server has lost it; only who submitted it can.
        logs: reads what steps have written.
        retrying: runs again what failed.
        page: looks up where runs can be looked at, if anywhere.
        begun: what the run has told first, if it was begun just now.
    """

    def __init__(
        self,
        run_id: str,
        store: RunStore,
        signer: Signer,
        announce: Announce,
        plan: Plan | None = None,
        *,
        send_again: Callable[[], str] | None = None,
        logs: RunLogs | None = None,
        retrying: Retrying | None = None,
        page: Callable[[], str | None] = lambda: None,
        begun: Fact | None = None,
    ) -> None:
        self.id = run_id
        self._page = page
        self._begun = begun
        self._logs = logs
        self._retrying = retrying
        self._send_again = send_again
        self._made_at = self._alive_at = time.monotonic()
        self._store = store
        self._signer = signer
        self._announce = announce
        self._cached_plan = plan

    def __repr__(self) -> str:
        return f"RunHandle({self.id!r})"

    def _repr_html_(self) -> str:
        try:
            view = self.store_view()
            names = [step.key for step in self.plan.steps]
        except AssetflowError as error:
            return block(line("run", code(self.id), quiet(error.message)))
        seconds = None if view.ended is None else view.ended - view.created
        return run_display(self.id, view.status, dict(zip(names, view.states, strict=True)), seconds=seconds)

    @property
    def status(self) -> RunStatus:
        """Where the run stands now.

        Raises:
            RunNotFoundError: it is unknown, or was forgotten.
        """
        return self._view(steps=False).status

    @property
    def url(self) -> str | None:
        """Where the run can be looked at in a browser; None if no page is known (``base_url``, `assetflow dev`)."""
        page = self._page()
        return None if page is None else f"{page.rstrip('/')}/runs/{self.id}"

    @property
    def plan(self) -> Plan:
        """What the run does."""
        if self._cached_plan is None:
            self._cached_plan = RunRequest.opened(self._signer, self._store.envelope(self.id), self.id).plan
        return self._cached_plan

    def store_view(self) -> RunView:
        """How the run and each of its steps stand now."""
        return self._view()

    def progress(self) -> Progress:
        """How far the run is."""
        view = self.store_view()
        counts: dict[StepState, int] = {}
        for state in view.states:
            counts[state] = counts.get(state, 0) + 1
        done = sum(count for state, count in counts.items() if state.is_terminal)
        return Progress(status=view.status, done=done, total=len(view.states), states=counts)

    def events(self, after: str = "0", *, timeout: float | None = None) -> Iterator[RunEvent]:
        """Everything that happens, as it happens, until the run is over.

        Args:
            after: id of the last event already seen.
            timeout: seconds after which WaitTimeout is raised; None waits for the end.
        """
        return (self._event(fact) for fact in self._facts_until_over(after, timeout))

    def logs(self, step: str | None = None, *, follow: bool = False) -> Iterator[LogLine]:
        """What the steps have written: standard output, standard error, and messages of ``logging``.

        Args:
            step: name of a step, or key of an asset; by default all of them, in the order in which they ended.
            follow: go on until the run, or the step, is over; a line comes within half a second.

        Raises:
            InvalidInvocationError: the run has no such step.
            RunNotFoundError: it is unknown, or was forgotten.
        """
        if self._logs is None:
            return iter(())
        read = self._logs.follow if follow else self._logs.lines
        return read(self.id, self.plan, step)

    def _facts_until_over(self, after: str, timeout: float | None, *, outstanding: int = 0) -> Iterator[Fact]:
        """See `events`.

        Args:
            outstanding: steps that are not over, for one who looks at the end only: the more there are, the longer
                he may leave the processor to the workers before he looks again.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if after == "0" and self._begun is not None and time.monotonic() - self._made_at < _JUST_NOW:
            yield self._begun
            after = self._begun.id
        while True:
            rest = _BLOCK if deadline is None else min(_BLOCK, deadline - time.monotonic())
            if rest <= 0:
                raise WaitTimeout(f"run {self.id} is not over after {timeout:g} s; it goes on")
            facts = self._facts(after, rest)
            for fact in facts:
                yield fact
                if fact.kind is FactKind.RUN_ENDED:
                    return
                outstanding -= len(fact.steps) if fact.kind in _ENDS else 0
            if facts:
                after, self._alive_at = facts[-1].id, time.monotonic()
                if outstanding > _FEW:
                    pause(min(rest, outstanding * _LOOK_AGAIN, _LOOK_AGAIN_AT_LATEST))
            elif self._is_over():
                yield from self._store.facts(self.id, after)
                return

    def wait(self, timeout: float | None = None, *, raise_on_error: bool = True) -> RunResult:
        """Wait until the run is over.

        Args:
            timeout: seconds; None waits for ever.
            raise_on_error: raise RunFailed unless the run succeeded.

        Raises:
            RunFailed: with the exception of the first failed step as its cause.
            WaitTimeout: the run is not over in time. It goes on.
        """
        facts = list(self._facts_until_over("0", timeout, outstanding=len(self.plan.steps)))
        ended = [fact for fact in facts if fact.kind in (FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED)]
        failed = ((fact, fact.told().error) for fact in ended if fact.kind is FactKind.STEP_FAILED)
        aborted = [fact.told().error for fact in facts if fact.kind is FactKind.RUN_ABORTED]
        view = self._view_in(facts) or self._view()
        result = RunResult(
            run_id=self.id,
            status=view.status,
            seconds=(view.ended or time.time()) - view.created,
            steps=dict(zip([step.key for step in self.plan.steps], view.states, strict=True)),
            errors={self.plan.steps[fact.steps[0]].key: error for fact, error in failed if error is not None},
            error=aborted[-1] if aborted else None,
            facts=ended,
            names=tuple(step.key for step in self.plan.steps),
            read_logs=self.logs,
        )
        if raise_on_error and not result.success:
            raise self._failure(result)
        return result

    def cancel(self) -> RunStatus:
        """End the run. After this nothing is begun and nothing is committed; running steps are stopped."""
        return self._told(self._store.cancel(self.id))

    def pause(self) -> RunStatus:
        """Begin nothing more for now; what runs goes on and is kept."""
        return self._told(self._store.pause(self.id))

    def resume(self) -> RunStatus:
        """Go on with a paused run."""
        return self._told(self._store.resume(self.id))

    def retry(
        self, *, everything: bool = False, steps: Sequence[str] = (), tags: Mapping[str, str] | None = None
    ) -> RunHandle:
        """Run again what failed, in a new run that reads what this one has made, with the same code and config.

        What is read are the very versions that this run has made, even if others have come since.

        Args:
            everything: all steps; by default those that failed, and those that could not run because of it.
            steps: names of steps, or keys of assets: only these.
            tags: of the new run, in addition to those of this one.

        Raises:
            InvalidInvocationError: this run is not over, or there is nothing to be run again.
            RunNotFoundError: it was forgotten, or its code was.
        """
        if self._retrying is None:
            raise InvalidInvocationError("this handle can only look", fix="take the one that submit() has returned")
        retry = self._retrying.prepare(self.id, everything=everything, steps=steps, tags=tags or {})
        created = self._retrying.launch(retry)
        self._announce(created.run_id, created.announcements)
        return RunHandle(
            created.run_id,
            self._store,
            self._signer,
            self._announce,
            retry.request.plan,
            logs=self._logs,
            retrying=self._retrying,
            page=self._page,
        )

    def _told(self, answer: tuple[RunStatus, list[Announcement]]) -> RunStatus:
        status, announcements = answer
        if announcements:
            self._announce(self.id, announcements)
        return status

    def _view(self, *, steps: bool = True) -> RunView:
        view = self._or_send_again(lambda: self._store.view(self.id, steps=steps))
        if not view.status.is_terminal:
            self._alive_at = time.monotonic()
        return view

    def _view_in(self, facts: list[Fact]) -> RunView | None:
        """How a run stands that has succeeded, if its facts are all there: the store need not be asked again."""
        if not facts or facts[0].kind not in _BEGINNINGS or facts[-1].kind is not FactKind.RUN_ENDED:
            return None
        states = [StepState.WAITING] * len(self.plan.steps)
        for fact in facts:
            if fact.kind in _ENDS:
                for step in fact.steps:
                    states[step] = _ENDS[fact.kind]
        status = RunStatus(facts[-1].detail["status"])
        if status is not RunStatus.SUCCEEDED or StepState.WAITING in states:
            return None
        begun, ended = facts[0].at, facts[-1].at
        return RunView(
            run_id=self.id, status=status, created=begun, started=begun, ended=ended, left=0, states=tuple(states)
        )

    def _facts(self, after: str, block: float) -> list[Fact]:
        try:
            return self._store.facts(self.id, after, block=block)
        except ServiceUnreachableError as error:
            logger.warning("waiting for run %s: %s", self.id, error.message)
            pause(min(block, 0.25))
            return []

    def _is_over(self) -> bool:
        try:
            return self._view(steps=False).status.is_terminal
        except ServiceUnreachableError:
            return False

    def _or_send_again(self, ask: Callable[[], RunView]) -> RunView:
        """Ask; if the server has lost the run that this handle submitted, submit it again and ask once more."""
        try:
            return ask()
        except RunNotFoundError:
            # Of a run that nobody has looked at for long, nothing is known: it may have ended and been forgotten.
            if self._send_again is None or time.monotonic() - self._alive_at > _SURELY_ALIVE:
                raise
            logger.warning("run %s is gone from the server, which lost its last writes: submitting it again", self.id)
            self._send_again()
            return ask()

    def _event(self, fact: Fact) -> RunEvent:
        steps = [self.plan.steps[index] for index in fact.steps]
        return RunEvent(
            id=fact.id,
            kind=fact.kind,
            at=fact.at,
            steps=tuple(step.key for step in steps),
            assets=tuple(key for step in steps for key in step.asset_keys),
            detail=fact.told(),
        )

    def _failure(self, result: RunResult) -> RunFailed:
        if result.status is RunStatus.CANCELLED:
            return RunFailed(f"run {self.id} was cancelled")
        if result.error is not None:
            return RunFailed(f"run {self.id} was given up: {result.error.message}")
        if not result.errors:
            return RunFailed(f"run {self.id} ended as {result.status.value}")
        step, error = next(iter(result.errors.items()))
        others = f", and {len(result.errors) - 1} more failed" if len(result.errors) > 1 else ""
        failure = RunFailed(f"run {self.id} failed: step {step} raised {error.type}: {error.message}{others}")
        failure.__cause__ = self._revived(error)
        return failure

    def _revived(self, error: ErrorDetail) -> BaseException:
        """The step's own exception, with the worker's traceback as a note."""
        cause: BaseException | None = None
        if error.pickled is not None:
            try:
                raw = self._signer.open("error", base64.b64decode(error.pickled), what="an exception")
                loaded: Any = pickle.loads(raw)
                cause = loaded if isinstance(loaded, BaseException) else None
            except SignatureError:
                raise
            except Exception:
                cause = None  # its class cannot be made here; the text tells what happened
        if cause is None:
            cause = RuntimeError(f"{error.type}: {error.message}")
        cause.add_note("\nOn the worker:\n" + error.traceback)
        return cause
