"""A slot: one process that takes steps of runs, runs them, and settles what became of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from assetflow.engine.batch import Batch
from assetflow.engine.flusher import Flusher
from assetflow.engine.giving_up import given_up, last_death
from assetflow.engine.session import RunSession
from assetflow.engine.settling import outcome_of, unstarted
from assetflow.engine.watch import Unwatched, Watch
from assetflow.errors import AssetflowError, CodeMismatchError, InvariantViolationError, RunNotFoundError
from assetflow.execution.outcome import StepResult, describe_error
from assetflow.execution.runner import StepStopped
from assetflow.fail_points import reached
from assetflow.keys import Version
from assetflow.log import logger
from assetflow.runs.claims import FIRST_MARK, Claim, Outcome
from assetflow.runs.facts import FactKind, StepDetail
from assetflow.runs.store import LOST_CHILD_LIMIT, LOST_HOST_LIMIT, Proof, RunStore

SLICE_SECONDS = 0.25
_FIRST_SHARE = 0.08  # of a slice: a run that has just come goes before the others, and for a moment only
_SLICES_ALONE = 20  # that a slot stays with the only run there is; its process may have to be replaced then
_SESSIONS_KEPT = 8

OpenSession = Callable[[str, str, bytes], RunSession]


class Slot:
    """Works on one run at a time, a time slice at a time.

    Args:
        name: ``worker:child``, unique for ever.
        store: where runs are kept.
        open_session: makes the session of a slot (its name) and a run (its id), told the sealed request of the run
            where that is in hand already, else nothing.
        slice_seconds: how long the slot stays with a run before it asks for the next wake-up.
        watch: told what the slot is doing.
    """

    def __init__(
        self,
        name: str,
        store: RunStore,
        open_session: OpenSession,
        *,
        slice_seconds: float = SLICE_SECONDS,
        watch: Watch | None = None,
    ) -> None:
        self.name = name
        self._store = store
        self._open_session = open_session
        self._slice = slice_seconds
        self._watch = watch or Unwatched()
        self._sessions: OrderedDict[str, RunSession] = OrderedDict()
        self._session: RunSession | None = None
        self._looking = threading.Lock()  # held while a session is chosen, or while those that rest are looked at
        self._unsettled: dict[int, Version] = {}
        self._batch: Batch | None = None
        self._refused: set[str] = set()
        self._flusher = Flusher(min(slice_seconds, SLICE_SECONDS), self._flush, self._tell_long, self._look_back)

    def work(
        self, run_id: str, queue: str = "default", hint: int = -1, announcement: str = "", sealed: bytes = b""
    ) -> bool:
        """Claim, run and settle steps of a run until the slice is over or nothing is ready.

        Args:
            sealed: the request of the run, if it has come with the wake-up.

        Returns:
            whether the wake-up is one for another process, because this one has old code and is to be replaced.
        """
        self._watch.wake()
        if self._watch.turned_away:
            return False  # answered, it would be sent again at once; unanswered, in a few seconds
        try:
            with self._looking:
                session = self._session = self._session_of(run_id, sealed)
        except RunNotFoundError:
            return False
        except CodeMismatchError as error:
            if error.is_old:
                logger.info("the code of run %s was changed since this process has imported it", run_id)
                self._watch.replace()
                return True
            self._refuse(run_id, error)
            return False
        except AssetflowError as error:
            self._refuse(run_id, error)
            return False
        try:
            self._work(session, queue, hint, announcement)
        except BaseException as error:
            self._abandon(session, error)
            raise
        finally:
            self._flusher.rest()
            self._batch = None
            session.close()
            self._session = None
            if session.status.is_terminal and not session.remembers:
                self._sessions.pop(run_id, None)
            self._watch.rest()
        return False

    def _work(self, session: RunSession, queue: str, hint: int, announcement: str) -> None:
        session.stuck = False
        began = time.monotonic()
        deadline = began + self._slice * (_FIRST_SHARE if announcement == FIRST_MARK else 1)
        want = 0 if self._watch.draining else session.pace.want(self._slice)
        claims = session.advance(queue=queue, want=want, hint=hint, announcement=announcement)
        while True:
            if session.settles_at_once or not claims:
                session.publish_settled()
            outcomes = self._run_batch(session, claims) if claims else []
            if not (outcomes or session.has_news):
                return
            now = time.monotonic()
            if now >= deadline and session.alone and now - began < self._slice * _SLICES_ALONE:
                deadline = now + self._slice
                self._watch.wake()
            # Where nobody else is woken, the slot stays with the run for as long as something is ready.
            remaining = self._slice if session.stuck else deadline - now
            want = session.pace.want(remaining) if remaining > 0 and not self._watch.draining else 0
            versions, self._unsettled = self._unsettled, {}
            claims = session.advance(outcomes, queue=queue, want=want, versions=versions)

    def _abandon(self, session: RunSession, error: BaseException) -> None:
        """Something broke that is no step's failure: give back what is held, and blame the step at hand.

        Without it the claims would stay with a slot that lives on and has forgotten them; without the blame
        a step that breaks every slot would go round for ever.
        """
        current = self._batch.at_hand if self._batch is not None else None
        logger.error("slot %s lets go of run %s: %r", self.name, session.run_id, error)
        self._sessions.pop(session.run_id, None)
        self._unsettled.clear()
        session.let_go(Proof.CHILD_DIED, -1 if current is None else current.step)

    def close(self) -> None:
        """Stop the slot's thread."""
        self._flusher.close()

    def _session_of(self, run_id: str, sealed: bytes = b"") -> RunSession:
        session = self._sessions.pop(run_id, None)
        if session is None:
            self._watch.open(run_id)
            try:
                session = self._open_session(self.name, run_id, sealed)
            finally:
                self._watch.end()
        self._sessions[run_id] = session
        if len(self._sessions) > _SESSIONS_KEPT:
            self._sessions.popitem(last=False)
        return session

    def _run_batch(self, session: RunSession, claims: list[Claim]) -> list[Outcome]:
        batch = self._batch = Batch(claims)
        reached("claim.after")
        known = session.versions_for(claims)
        self._flusher.watch(batch)
        started = time.monotonic()
        count = 0
        while not self._watch.draining and (claim := batch.next()) is not None:
            count += 1
            self._run_one(session, batch, claim, known)
        session.pace.learn(time.monotonic() - started, count)
        with batch.lock:
            if batch.broken is not None:
                raise batch.broken
            return batch.take_outcomes(all_of_it=self._watch.draining)

    def _run_one(self, session: RunSession, batch: Batch, claim: Claim, known: dict[int, Version]) -> None:
        step = session.plan.steps[claim.step]
        log = None
        if claim.child_losses >= LOST_CHILD_LIMIT or claim.host_losses >= LOST_HOST_LIMIT:
            result = given_up(session.run_id, claim, step, last_death(self._store, session.run_id, claim.step))
        elif step.timeout is not None and not self._watch.can_stop:
            result = _not_here(claim, step.key)
        else:
            self._watch.begin(session.run_id, claim, step.timeout, session.log_place)
            try:
                result = session.run(claim, known)
            finally:
                log = self._watch.end()
        result.detail.slot = self.name
        result.detail.log = log
        # A step that was stopped says nothing: its run was cancelled, or somebody else is to run it.
        stopped = isinstance(result.error, StepStopped)
        if stopped and log is not None:
            written = msgspec.json.encode(StepDetail(slot=self.name, retry=claim.retries, log=log)).decode()
            self._store.note(session.run_id, FactKind.STEP_LOGGED, [claim.step], written, claim.token)
        outcome = unstarted(claim) if stopped else outcome_of(claim, result, session.topology)
        self._unsettled[claim.step] = claim.version
        session.note_outputs(claim, result, known)
        back = (
            session.topology.descendants(list(session.topology.children[claim.step]))
            if result.delay is not None
            else ()
        )
        batch.finish(outcome, given_back=back, closed=outcome.closes)

    def _flush(self, batch: Batch) -> None:
        session = self._session
        if session is None:
            return
        outcomes = batch.take_outcomes(all_of_it=True)
        versions = {outcome.step: self._unsettled.pop(outcome.step) for outcome in outcomes if outcome.publishes}
        session.advance(outcomes, versions=versions)
        session.publish_settled()

    def _look_back(self) -> bool:
        """Whether something is remembered of any run that the store may lose, or has lost."""
        wanted = False
        with self._looking:
            for run_id, session in list(self._sessions.items()):
                again = session.look_back()
                wanted = wanted or again
                if session is self._session:
                    continue
                session.close()  # what publishing has opened
                if session.status.is_terminal and not again:
                    self._sessions.pop(run_id, None)
        return wanted

    def _tell_long(self, batch: Batch) -> None:
        if self._session is not None and batch.current is not None:
            started = time.time() - (time.monotonic() - batch.current_since)
            detail = msgspec.json.encode(StepDetail(slot=self.name, started=started)).decode()
            self._store.note(self._session.run_id, FactKind.STEP_STARTED, [batch.current.step], detail)

    def _refuse(self, run_id: str, error: AssetflowError) -> None:
        """This worker cannot work on the run; say so once, where the one who waits for it will look."""
        detail = ""
        if run_id not in self._refused:
            self._refused.add(run_id)
            logger.error("run %s is refused: %s", run_id, error)
            reason = StepDetail(slot=self.name, started=time.time(), error=describe_error(error))
            detail = msgspec.json.encode(reason).decode()
        self._store.refuse(run_id, detail)


def _not_here(claim: Claim, step_key: str) -> StepResult:
    error = InvariantViolationError(
        f"step {step_key} has a timeout, and this worker's pool cannot stop single steps",
        fix="start its workers with --pool prefork (the default), or solo, or remove the timeout",
    )
    return StepResult(succeeded=False, detail=StepDetail(retry=claim.retries, error=describe_error(error)), error=error)
