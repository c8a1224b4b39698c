"""The RunStore in this process: for ``materialize()``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Sequence

from assetflow.errors import ConflictError, LostPlaceError, RunNotFoundError
from assetflow.keys import Version
from assetflow.runs.claims import Advance, Advanced, Announcement, Chore, Claim, Outcome, Resync, Resynced
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import Created, NewRun, Proof, RunView
from assetflow.stores.memory_limits import MemoryLimits
from assetflow.stores.memory_resync import resync
from assetflow.stores.memory_run import Entry, MemoryRun

FRESH_SECONDS = 2.0  # an unanswered wake-up older than this is lost, if a slot is idle


class MemoryRunStore:
    """Live runs in memory. Thread-safe.

    Args:
        clock: seconds since the epoch.
        live_slots: how many slots serve a queue, where that is known.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.time, live_slots: Callable[[str], int] = lambda _queue: 1
    ) -> None:
        self._clock = clock
        self._live_slots = live_slots
        self._runs: dict[str, MemoryRun] = {}
        self._run_keys: dict[str, NewRun] = {}
        self._changed = threading.Condition(threading.RLock())
        self.limits = MemoryLimits(self._changed)

    @property
    def durable_at_once(self) -> bool:
        """See RunStore."""
        return True

    # --- verbs -----------------------------------------------------------------------------------

    def create(self, run: NewRun) -> Created:
        """See RunStore.create."""
        with self._changed:
            known = self._run_keys.get(run.run_key) if run.run_key is not None else None
            older = known.run_id if known else run.run_id
            if older in self._runs:
                if self._runs[older].request.fingerprint != run.fingerprint:
                    conflict = ConflictError(
                        f"the same run key (or run id) was used for run {older} with another request",
                        fix="use a new run_key for a new request",
                    )
                    conflict.run_id = older
                    raise conflict
                return Created(run_id=older)
            if run.run_key is not None:
                self._run_keys[run.run_key] = run
            state = MemoryRun(
                request=run,
                clock=self._clock,
                live_slots=self._live_slots,
                on_fact=self._changed.notify_all,
                limits=self.limits,
                created=self._clock(),
            )
            self._runs[run.run_id] = self.limits.runs[run.run_id] = state
            state.open()
            return Created(run_id=run.run_id, announcements=state.announcements())

    def advance(self, run_id: str, request: Advance, *, server: str = "") -> Advanced:
        """See RunStore.advance."""
        if server and server != self.generation():
            raise LostPlaceError("another server carries the runs now")
        with self._changed:
            run = self._run(run_id)
            if run.status.is_terminal:
                refused = [outcome.step for outcome in request.outcomes]
                return Advanced(request.batch, run.status.value, refused=refused, left=run.left)
            entry = run.slots.get(request.slot) or Entry()
            if entry.batch == request.batch and entry.reply is not None:
                return entry.reply
            if entry.batch != request.batch - 1:
                raise LostPlaceError(f"run {run_id} expects another batch of this slot")
            run.slots[request.slot] = entry
            run.sent.get(request.queue, {}).pop(request.announcement, None)
            accepted: list[int] = []
            refused = []
            for outcome in request.outcomes:
                held = entry.claims.get(outcome.step)
                if held is None or held.nonce != outcome.nonce or entry.cancelled:
                    refused.append(outcome.step)
                else:
                    del entry.claims[outcome.step]
                    run.settle(entry, held, outcome)
                    accepted.append(outcome.step)
            if entry.cancelled:
                for step in entry.claims:
                    run.release(step)
                entry.cancelled = False
                entry.claims.clear()
            for output in request.published:
                if entry.unpublished.pop(output, None) is not None:
                    run.unpublished -= 1
            run.promote()
            claims: list[Claim] = []
            chores: list[Chore] = []
            if request.want > 0:
                if run.status is RunStatus.RUNNING:
                    claims = run.claim(entry, request)
                while run.chores and len(chores) < 16:
                    chore = run.chores.popleft()
                    entry.unpublished[chore.output] = chore
                    chores.append(chore)
            run.finish_if_done()
            entry.batch = request.batch
            entry.called = self._clock()
            entry.reply = Advanced(
                request.batch,
                run.status.value,
                claims=claims,
                accepted=accepted,
                refused=refused,
                announcements=run.announcements(),
                chores=chores,
                left=run.left,
                alone=not run.status.is_terminal and len(run.request.queues) == 1 and len(self._live()) == 1,
            )
            return entry.reply

    def reclaim(
        self,
        run_id: str,
        slots: str,
        proof: Proof,
        culprit: int = -1,
        outcome: Outcome | None = None,
        told: str = "",
    ) -> list[Announcement]:
        """See RunStore.reclaim."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is None or run.status.is_terminal:
                return []
            for slot in [name for name in run.slots if name == slots or name.startswith(slots + ":")]:
                entry = run.slots.pop(slot)
                for step in entry.claims if entry.cancelled else ():
                    run.release(step)
                for claim in () if entry.cancelled else list(entry.claims.values()):
                    blamed = claim.step == culprit
                    if proof is Proof.CHILD_DIED and blamed:
                        run.child_losses[claim.step] += 1
                    elif proof is Proof.WORKER_DIED:
                        run.host_losses[claim.step] += 1
                    if proof not in (Proof.DRAINED, Proof.TIMED_OUT):
                        about = json.loads(told) if told and blamed else {}
                        detail = json.dumps({**about, "slot": slot, "proof": proof.value, "blamed": blamed})
                        run.fact(FactKind.STEP_LOST, (claim.step,), claim.token, detail)
                    if outcome is not None and (outcome.step, outcome.nonce) == (claim.step, claim.nonce):
                        run.settle(entry, claim, outcome)
                    else:
                        run.give_back(claim.step)
                run.chores.extend(entry.unpublished.values())
            run.finish_if_done()
            return run.announcements()

    def resync(self, run_id: str, request: Resync) -> Resynced:
        """See RunStore.resync."""
        with self._changed:
            return resync(self._run(run_id), request)

    def boot_failed(self, run_id: str, detail: str) -> int:
        """See RunStore.boot_failed."""
        with self._changed:
            run = self._run(run_id)
            if run.status.is_terminal:
                return 0
            run.fact(FactKind.STEP_LOST, (), 0, detail)
            run.boots += 1
            return run.boots

    def abort(self, run_id: str, detail: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.abort."""
        return self._void(run_id, RunStatus.FAILED, FactKind.RUN_ABORTED, detail)

    def cancel(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.cancel."""
        return self._void(run_id, RunStatus.CANCELLED, FactKind.RUN_CANCELLING, "{}")

    def pause(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.pause."""
        with self._changed:
            run = self._run(run_id)
            if run.status is RunStatus.RUNNING:
                run.status = RunStatus.PAUSED
                run.fact(FactKind.RUN_PAUSED)
                for step, state in enumerate(list(run.states)):
                    if state is StepState.READY:
                        run.release(step)
            return run.status, run.announcements()

    def resume(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.resume."""
        with self._changed:
            run = self._run(run_id)
            if run.status is not RunStatus.PAUSED:
                return run.status, []
            run.status = RunStatus.RUNNING
            run.fact(FactKind.RUN_RESUMED)
            run.finish_if_done()
            return run.status, run.announcements()

    def tick(self, run_id: str, idle: Collection[str] = ()) -> list[Announcement]:
        """See RunStore.tick."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is None or run.status.is_terminal:
                return []
            if run.status is RunStatus.QUEUED:
                self.limits.begin_others()
                return self.limits.take_woken()
            run.promote()
            for pool in run.request.pools:
                self.limits.hand_on(pool)
            run.give_up_waiting()
            run.finish_if_done()
            for queue in idle:
                sent = run.sent.get(queue, {})
                for mark in [mark for mark, at in sent.items() if at < self._clock() - FRESH_SECONDS]:
                    del sent[mark]
            return run.announcements()

    # --- questions -------------------------------------------------------------------------------

    def versions(self, run_id: str, outputs: Sequence[int]) -> list[Version | None]:
        """See RunStore.versions."""
        with self._changed:
            out = self._run(run_id).out
            return [out.get(output) for output in outputs]

    def envelope(self, run_id: str) -> bytes:
        """See RunStore.envelope."""
        with self._changed:
            return self._run(run_id).request.envelope

    def note(self, run_id: str, kind: FactKind, steps: Sequence[int], detail: str, token: int = 0) -> None:
        """See RunStore.note."""
        with self._changed:
            if run_id in self._runs:
                self._runs[run_id].fact(kind, tuple(steps), token, detail)

    def refuse(self, run_id: str, detail: str) -> None:
        """See RunStore.refuse."""
        if detail:
            self.note(run_id, FactKind.RUN_REFUSED, (), detail)

    def holds(self, run_id: str, slot: str, step: int, nonce: int) -> bool:
        """See RunStore.holds."""
        with self._changed:
            run = self._runs.get(run_id)
            entry = run.slots.get(slot) if run else None
            claim = entry.claims.get(step) if entry and not entry.cancelled else None
            return claim is not None and claim.nonce == nonce

    def holders(self, run_id: str) -> set[str]:
        """See RunStore.holders."""
        with self._changed:
            run = self._runs.get(run_id)
            return {slot.partition(":")[0] for slot in run.slots} if run else set()

    def view(self, run_id: str, *, steps: bool = True) -> RunView:
        """See RunStore.view."""
        with self._changed:
            run = self._run(run_id)
            return RunView(
                run_id=run_id,
                status=run.status,
                created=run.created,
                started=run.started,
                ended=run.ended,
                left=run.left,
                states=tuple(run.states) if steps else (),
                retries=tuple(run.retries) if steps else (),
                about=run.request.about,
            )

    def facts(self, run_id: str, after: str = "0", limit: int = 1000, block: float | None = None) -> list[Fact]:
        """See RunStore.facts."""
        start = int(after)
        deadline = time.monotonic() + (block or 0)
        with self._changed:
            run = self._run(run_id)
            while len(run.facts) <= start and (rest := deadline - time.monotonic()) > 0:
                self._changed.wait(rest)
            return run.facts[start : start + limit]

    def ready_for(self, queues: Collection[str]) -> bool:
        """See RunStore.ready_for."""
        with self._changed:
            running = [run for run in self._runs.values() if run.status is RunStatus.RUNNING]
            return any(run.ready.get(queue) for run in running for queue in queues)

    def live_runs(self) -> list[str]:
        """See RunStore.live_runs."""
        with self._changed:
            return self._live()

    def _live(self) -> list[str]:
        return [name for name, run in self._runs.items() if not run.status.is_terminal]

    def recent_runs(self, limit: int = 50) -> list[str]:
        """See RunStore.recent_runs."""
        with self._changed:
            return sorted(self._runs, reverse=True)[:limit]

    def generation(self) -> str:
        """See RunStore.generation: it never starts again."""
        return ""

    def await_durable(self) -> str:
        """See RunStore.await_durable: there is nothing to wait for."""
        return ""

    def now(self) -> float:
        """Seconds since the epoch by this store's clock."""
        return self._clock()

    def next_due(self, run_id: str) -> float | None:
        """When the next delayed step of the run is due, in seconds since the epoch."""
        with self._changed:
            return min(self._run(run_id).due.values(), default=None)

    def _void(self, run_id: str, final: RunStatus, kind: FactKind, detail: str) -> tuple[RunStatus, list[Announcement]]:
        with self._changed:
            run = self._run(run_id)
            if run.status.is_terminal or run.status is RunStatus.CANCELLING:
                return run.status, []
            run.void(final)
            run.fact(kind, (), 0, detail)
            run.finish_if_done()
            return run.status, run.announcements()

    def _run(self, run_id: str) -> MemoryRun:
        run = self._runs.get(run_id)
        if run is None:
            raise RunNotFoundError(f"there is no run {run_id}")
        return run
