"""The RunStore in this process: for ``materialize()``, and the plain reading of the rules."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from assetflow.errors import ConflictError, LostPlaceError, RunNotFoundError
from assetflow.keys import Version
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import TERMINAL_STEPS, RunStatus, StepState
from assetflow.runs.store import (
    Advance,
    Advanced,
    Announcement,
    Chore,
    Claim,
    Created,
    NewRun,
    Outcome,
    Proof,
    RunView,
    Verdict,
)
from assetflow.runs.transitions import StepEvent, after
from assetflow.stores.ready_queue import ReadyQueue

_FRESH_SECONDS = 2.0


@dataclass(slots=True)
class _Entry:
    """What one slot holds of one run."""

    batch: int = 0
    claims: dict[int, Claim] = field(default_factory=dict)
    unpublished: dict[int, Chore] = field(default_factory=dict)
    reply: Advanced | None = None
    cancelled: bool = False


@dataclass(slots=True)
class _Run:
    """One run, unpacked."""

    request: NewRun
    created: float
    status: RunStatus = RunStatus.NEW
    started: float | None = None
    ended: float | None = None
    left: int = 0
    unpublished: int = 0
    failed: int = 0
    token: int = 0
    marks: int = 0
    states: list[StepState] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    retries: list[int] = field(default_factory=list)
    child_losses: list[int] = field(default_factory=list)
    host_losses: list[int] = field(default_factory=list)
    out: dict[int, Version] = field(default_factory=dict)
    ready: dict[str, ReadyQueue] = field(default_factory=dict)
    due: dict[int, float] = field(default_factory=dict)
    slots: dict[str, _Entry] = field(default_factory=dict)
    sent: dict[str, dict[str, float]] = field(default_factory=dict)
    chores: deque[Chore] = field(default_factory=deque)
    facts: list[Fact] = field(default_factory=list)

    @property
    def held(self) -> int:
        return sum(entry.cancelled for entry in self.slots.values())


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
        self._runs: dict[str, _Run] = {}
        self._run_keys: dict[str, NewRun] = {}
        self._changed = threading.Condition(threading.RLock())

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
                    raise ConflictError(
                        f"the same run key (or run id) was used for run {older} with another request",
                        fix="use a new run_key for a new request",
                    )
                return Created(run_id=older)
            if run.run_key is not None:
                self._run_keys[run.run_key] = run
            state = _Run(request=run, created=self._clock(), left=len(run.steps))
            for index, (_rank, _queue, _line, waits) in enumerate(run.steps):
                state.states.append(StepState.READY if waits == 0 else StepState.WAITING)
                state.pending.append(waits)
                if waits == 0:
                    self._enqueue(state, index)
            for counters in (state.retries, state.child_losses, state.host_losses):
                counters.extend([0] * len(run.steps))
            self._runs[run.run_id] = state
            state.status = RunStatus.RUNNING
            self._fact(state, FactKind.RUN_STARTED)
            self._finish_if_done(state)
            return Created(run_id=run.run_id, announcements=self._announcements(state))

    def advance(self, run_id: str, request: Advance) -> Advanced:
        """See RunStore.advance."""
        with self._changed:
            run = self._run(run_id)
            if run.status.is_terminal:
                refused = [outcome.step for outcome in request.outcomes]
                return Advanced(request.batch, run.status.value, refused=refused, left=run.left)
            entry = run.slots.get(request.slot) or _Entry()
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
                    self._settle(run, entry, held, outcome)
                    accepted.append(outcome.step)
            if entry.cancelled:
                entry.cancelled = False
                entry.claims.clear()
            for output in request.published:
                if entry.unpublished.pop(output, None) is not None:
                    run.unpublished -= 1
            self._promote(run)
            claims: list[Claim] = []
            chores: list[Chore] = []
            if request.want > 0:
                if run.status is RunStatus.RUNNING:
                    claims = self._claim(run, entry, request)
                while run.chores and len(chores) < 16:
                    chore = run.chores.popleft()
                    entry.unpublished[chore.output] = chore
                    chores.append(chore)
            self._finish_if_done(run)
            entry.batch = request.batch
            entry.reply = Advanced(
                request.batch,
                run.status.value,
                claims=claims,
                accepted=accepted,
                refused=refused,
                announcements=self._announcements(run),
                chores=chores,
                left=run.left,
            )
            return entry.reply

    def reclaim(self, run_id: str, slots: str, proof: Proof, culprit: int = -1) -> list[Announcement]:
        """See RunStore.reclaim."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is None or run.status.is_terminal:
                return []
            for slot in [name for name in run.slots if name == slots or name.startswith(slots + ":")]:
                entry = run.slots.pop(slot)
                for claim in () if entry.cancelled else entry.claims.values():
                    blamed = claim.step == culprit
                    if proof is Proof.CHILD_DIED and blamed:
                        run.child_losses[claim.step] += 1
                    elif proof is Proof.WORKER_DIED:
                        run.host_losses[claim.step] += 1
                    if proof is not Proof.DRAINED:
                        detail = {"slot": slot, "proof": proof.value, "blamed": blamed}
                        self._fact(run, FactKind.STEP_LOST, (claim.step,), claim.token, detail)
                    self._give_back(run, claim.step)
                run.chores.extend(entry.unpublished.values())
            self._finish_if_done(run)
            return self._announcements(run)

    def cancel(self, run_id: str) -> RunStatus:
        """See RunStore.cancel."""
        with self._changed:
            run = self._run(run_id)
            if run.status.is_terminal or run.status is RunStatus.CANCELLING:
                return run.status
            for step in range(len(run.states)):
                self._move(run, step, StepEvent.CANCEL)
            run.due.clear()
            run.ready.clear()
            run.sent.clear()
            for entry in run.slots.values():
                entry.cancelled = bool(entry.claims)
            run.status = RunStatus.CANCELLING
            self._fact(run, FactKind.RUN_CANCELLING)
            self._finish_if_done(run)
            return run.status

    def tick(self, run_id: str, idle: Collection[str] = ()) -> list[Announcement]:
        """See RunStore.tick."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is None or run.status.is_terminal:
                return []
            self._promote(run)
            self._finish_if_done(run)
            for queue in idle:
                sent = run.sent.get(queue, {})
                for mark in [mark for mark, at in sent.items() if at < self._clock() - _FRESH_SECONDS]:
                    del sent[mark]
            return self._announcements(run)

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

    def note(self, run_id: str, kind: FactKind, steps: Sequence[int], detail: str) -> None:
        """See RunStore.note."""
        with self._changed:
            if run_id in self._runs:
                self._fact(self._runs[run_id], kind, tuple(steps), 0, msgspec.json.decode(detail))

    def holds(self, run_id: str, slot: str, step: int, nonce: int) -> bool:
        """See RunStore.holds."""
        with self._changed:
            run = self._runs.get(run_id)
            entry = run.slots.get(slot) if run else None
            claim = entry.claims.get(step) if entry and not entry.cancelled else None
            return claim is not None and claim.nonce == nonce

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

    def live_runs(self) -> list[str]:
        """See RunStore.live_runs."""
        with self._changed:
            return [name for name, run in self._runs.items() if not run.status.is_terminal]

    def recent_runs(self, limit: int = 50) -> list[str]:
        """See RunStore.recent_runs."""
        with self._changed:
            return sorted(self._runs, reverse=True)[:limit]

    def await_durable(self, run_id: str) -> bool:  # noqa: ARG002
        """See RunStore.await_durable: there is nothing to wait for."""
        return True

    def now(self) -> float:
        """Seconds since the epoch by this store's clock."""
        return self._clock()

    def next_due(self, run_id: str) -> float | None:
        """When the next delayed step of the run is due, in seconds since the epoch."""
        with self._changed:
            return min(self._run(run_id).due.values(), default=None)

    # --- the rules -------------------------------------------------------------------------------

    def _settle(self, run: _Run, entry: _Entry, claim: Claim, outcome: Outcome) -> None:
        step = outcome.step
        verdict = Verdict(outcome.verdict)
        if verdict is Verdict.UNSTARTED:
            self._give_back(run, step)
            return
        detail = msgspec.json.decode(outcome.detail)
        if verdict is Verdict.SUCCEEDED:
            self._move(run, step, StepEvent.SUCCEED)
            for output in outcome.emitted:
                run.out[output] = claim.version
            for output in outcome.publishes:
                entry.unpublished[output] = Chore(output, claim.token, claim.nonce)
                run.unpublished += 1
            self._fact(run, FactKind.STEP_SUCCEEDED, (step,), claim.token, detail)
            for child in outcome.unlocks:
                run.pending[child] -= 1
                if run.pending[child] == 0 and self._move(run, child, StepEvent.UNBLOCK):
                    self._enqueue(run, child)
            self._close(run, entry, outcome.closes, StepEvent.PRUNE, FactKind.STEP_SKIPPED)
        elif verdict is Verdict.FAILED:
            self._move(run, step, StepEvent.FAIL)
            run.failed += 1
            self._fact(run, FactKind.STEP_FAILED, (step,), claim.token, detail)
            self._close(run, entry, outcome.closes, StepEvent.DOOM, FactKind.STEP_UPSTREAM_FAILED)
        else:
            self._move(run, step, StepEvent.RETRY)
            run.retries[step] += 1
            run.due[step] = self._clock() + outcome.delay_ms / 1000
            self._fact(run, FactKind.STEP_RETRY, (step,), claim.token, detail)

    def _close(self, run: _Run, entry: _Entry, steps: Sequence[int], event: StepEvent, kind: FactKind) -> None:
        moved = []
        for step in steps:
            if self._move(run, step, event):
                moved.append(step)
                entry.claims.pop(step, None)
        if moved:
            self._fact(run, kind, tuple(moved))

    def _claim(self, run: _Run, entry: _Entry, request: Advance) -> list[Claim]:
        ready = run.ready.get(request.queue)
        if not ready:
            return []
        slots = max(self._live_slots(request.queue), 1)
        share = min(request.want, max(1, math.ceil(len(ready) / slots)))
        picks = [request.hint] if ready.discard(request.hint) else []
        while ready and len(picks) < share:
            picks.append(ready.pop())
        claims: list[Claim] = []
        alone = False
        for position, step in enumerate(picks):
            troubled = run.retries[step] + run.child_losses[step] + run.host_losses[step] > 0
            if alone or (troubled and position > 0):
                self._enqueue(run, step)
            else:
                alone = troubled
                self._take(run, entry, claims, request.nonce, step, StepEvent.CLAIM)
        if not alone:
            for claim in claims:
                line = run.request.steps[claim.step][2]
                if len(claims) >= request.want:
                    break
                untroubled = line >= 0 and not (run.retries[line] + run.child_losses[line] + run.host_losses[line])
                if untroubled and run.states[line] is StepState.WAITING and run.pending[line] == 1:
                    self._take(run, entry, claims, request.nonce, line, StepEvent.FOLLOW)
        if claims and run.started is None:
            run.started = self._clock()
        return claims

    def _take(self, run: _Run, entry: _Entry, claims: list[Claim], nonce: int, step: int, event: StepEvent) -> None:
        self._move(run, step, event)
        run.token = max(run.token + 1, int(self._clock() * 1_000_000))
        claim = Claim(
            step,
            run.token,
            (nonce + len(claims)) % 2**32,
            run.retries[step],
            run.child_losses[step],
            run.host_losses[step],
        )
        entry.claims[step] = claim
        claims.append(claim)

    def _move(self, run: _Run, step: int, event: StepEvent) -> StepState | None:
        old = run.states[step]
        new = after(old, event)
        if new is not None:
            run.states[step] = new
            if new in TERMINAL_STEPS and old not in TERMINAL_STEPS:
                run.left -= 1
        return new

    def _enqueue(self, run: _Run, step: int) -> None:
        rank, queue, _line, _waits = run.request.steps[step]
        run.ready.setdefault(run.request.queues[queue], ReadyQueue()).add(step, rank)

    def _give_back(self, run: _Run, step: int) -> None:
        if run.pending[step] == 0:
            self._move(run, step, StepEvent.RETURN)
            self._enqueue(run, step)
        else:
            self._move(run, step, StepEvent.DETACH)

    def _promote(self, run: _Run) -> None:
        now = self._clock()
        for step in [step for step, due in run.due.items() if due <= now]:
            del run.due[step]
            if self._move(run, step, StepEvent.DUE):
                self._enqueue(run, step)

    def _announcements(self, run: _Run) -> list[Announcement]:
        found: list[Announcement] = []
        if run.status.is_terminal:
            return found
        now = self._clock()
        for position, queue in enumerate(run.request.queues):
            ready = run.ready.get(queue) if run.status is RunStatus.RUNNING else None
            count = (len(ready) if ready else 0) + (1 if position == 0 and run.chores else 0)
            if not count:
                continue
            slots = self._live_slots(queue)
            cap = max(4, 2 * slots) if slots > 0 else 0
            sent = run.sent.setdefault(queue, {})
            waiting = len(sent)
            missing = min(count, cap) - waiting
            if missing > 0:
                hints = ready.best(waiting, missing) if ready else []
                for number in range(missing):
                    run.marks += 1
                    sent[str(run.marks)] = now
                    hint = hints[number] if number < len(hints) else -1
                    found.append(Announcement(queue, hint, str(run.marks)))
        return found

    def _finish_if_done(self, run: _Run) -> None:
        if run.left > 0:
            return
        if run.status is RunStatus.CANCELLING:
            if run.held == 0 and run.unpublished == 0:
                self._end(run, RunStatus.CANCELLED)
        elif run.status in (RunStatus.RUNNING, RunStatus.FINISHING):
            if run.unpublished == 0:
                self._end(run, RunStatus.FAILED if run.failed else RunStatus.SUCCEEDED)
            else:
                run.status = RunStatus.FINISHING

    def _end(self, run: _Run, status: RunStatus) -> None:
        run.status = status
        run.ended = self._clock()
        self._fact(run, FactKind.RUN_ENDED, (), 0, {"status": status.value})
        run.slots.clear()
        run.sent.clear()

    def _fact(self, run: _Run, kind: FactKind, steps: tuple[int, ...] = (), token: int = 0, detail: Any = None) -> None:
        identity = str(len(run.facts) + 1)
        run.facts.append(Fact(id=identity, kind=kind, at=self._clock(), steps=steps, token=token, detail=detail or {}))
        self._changed.notify_all()

    def _run(self, run_id: str) -> _Run:
        run = self._runs.get(run_id)
        if run is None:
            raise RunNotFoundError(f"there is no run {run_id}")
        return run
