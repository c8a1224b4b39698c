"""One run in memory, and the plain reading of the rules it moves by."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assetflow.keys import Version
from assetflow.runs.claims import Advance, Advanced, Announcement, Chore, Claim, Outcome, Verdict
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import TERMINAL_STEPS, RunStatus, StepState
from assetflow.runs.store import NewRun
from assetflow.runs.transitions import StepEvent, after
from assetflow.stores.memory_limits import MemoryLimits
from assetflow.stores.ready_queue import ReadyQueue

FORGOTTEN_SECONDS = 15.0  # of silence of a slot that has something to publish and holds nothing
SKIPPED_FOR_POOLS = 32  # steps a claim looks at in vain because their pools are full


@dataclass(slots=True)
class Entry:
    """What one slot holds of one run."""

    batch: int = 0
    claims: dict[int, Claim] = field(default_factory=dict)
    unpublished: dict[int, Chore] = field(default_factory=dict)
    reply: Advanced | None = None
    cancelled: bool = False
    called: float = 0.0


@dataclass(slots=True)
class MemoryRun:
    """One run, and the rules it moves by.

    Args:
        request: as it was created.
        clock: seconds since the epoch.
        live_slots: how many slots serve a queue.
        on_fact: called after every new fact.
        limits: that hold over all runs.
    """

    request: NewRun
    clock: Callable[[], float]
    live_slots: Callable[[str], int]
    on_fact: Callable[[], None]
    limits: MemoryLimits
    created: float = 0.0
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
    slots: dict[str, Entry] = field(default_factory=dict)
    sent: dict[str, dict[str, float]] = field(default_factory=dict)
    chores: deque[Chore] = field(default_factory=deque)
    final: RunStatus = RunStatus.CANCELLED
    boots: int = 0
    facts: list[Fact] = field(default_factory=list)

    @property
    def held(self) -> int:
        """Slots that hold claims of a cancelled run and have not heard of it yet."""
        return sum(entry.cancelled for entry in self.slots.values())

    def open(self) -> None:
        """Make the roots ready and begin, or wait for others to end."""
        before, rows = self.request.standing, self.request.steps
        if before is None:
            self.states = [StepState.READY if row.waits == 0 else StepState.WAITING for row in rows]
            self.pending = [row.waits for row in rows]
            self.retries = [0] * len(rows)
        else:
            self.states, self.pending, self.retries = list(before.states), list(before.waits), list(before.retries)
            self.out, self.token, self.failed = dict(before.versions), before.token, before.failed
            self.chores.extend(Chore(output, *_numbers(self.out[output])) for output in before.unpublished)
            self.unpublished = len(before.unpublished)
        self.left = len(rows) if before is None else before.left
        self.child_losses, self.host_losses = [0] * len(rows), [0] * len(rows)
        for index, state in enumerate(self.states):
            if state is StepState.READY:
                self.enqueue(index)
        if self.limits.full(self.request.limits):
            self.status = RunStatus.QUEUED
            self.limits.wait(self.request.run_id, self.request.priority, self.request.limits)
            self.fact(FactKind.RUN_QUEUED)
        else:
            self.limits.enter(self.request.run_id, self.request.limits)
            self.begin()
            self.finish_if_done()

    def begin(self) -> None:
        """Start."""
        self.status = RunStatus.RUNNING
        self.fact(FactKind.RUN_STARTED)

    def pool_of(self, step: int) -> str | None:
        """The pool that bounds the step."""
        pool = self.request.steps[step].pool
        return None if pool < 0 else self.request.pools[pool]

    def release(self, step: int) -> None:
        """Free the token of a step, if it holds one."""
        if (pool := self.pool_of(step)) is not None:
            self.limits.release(pool, (self.request.run_id, step))

    def admit(self, step: int) -> bool:
        """See Limited.admit."""
        if self.move(step, StepEvent.ADMIT) is None:
            return False
        self.enqueue(step)
        return self.status is RunStatus.RUNNING

    def wake_ups(self, step: int | None) -> list[Announcement]:
        """See Limited.wake_ups."""
        run_id, priority = self.request.run_id, self.request.priority
        if step is None:
            return [
                Announcement(item.queue, item.hint, item.mark, run_id, priority) for item in self.own_announcements()
            ]
        queue = self.request.queues[self.request.steps[step].queue]
        slots = self.live_slots(queue)
        sent = self.sent.setdefault(queue, {})
        if slots <= 0 or len(sent) >= max(4, 2 * slots):
            return []
        self.marks += 1
        sent[str(self.marks)] = self.clock()
        return [Announcement(queue, step, str(self.marks), run_id, priority)]

    def settle(self, entry: Entry, claim: Claim, outcome: Outcome) -> None:
        """Take in what a slot reports of a claim it holds."""
        step = outcome.step
        verdict = Verdict(outcome.verdict)
        if verdict is Verdict.UNSTARTED:
            self.give_back(step)
            return
        self.release(step)
        detail = outcome.detail
        if verdict is Verdict.SUCCEEDED:
            self.move(step, StepEvent.SUCCEED)
            for output in outcome.emitted:
                self.out[output] = claim.version
            for output in outcome.publishes:
                entry.unpublished[output] = Chore(output, claim.token, claim.nonce)
                self.unpublished += 1
            self.fact(FactKind.STEP_SUCCEEDED, (step,), claim.token, detail)
            for child in outcome.unlocks:
                self.pending[child] -= 1
                if self.pending[child] == 0 and self.move(child, StepEvent.UNBLOCK):
                    self.enqueue(child)
            self.close(entry, outcome.closes, StepEvent.PRUNE, FactKind.STEP_SKIPPED)
        elif verdict is Verdict.FAILED:
            self.move(step, StepEvent.FAIL)
            self.failed += 1
            self.fact(FactKind.STEP_FAILED, (step,), claim.token, detail)
            self.close(entry, outcome.closes, StepEvent.DOOM, FactKind.STEP_UPSTREAM_FAILED)
        else:
            self.move(step, StepEvent.RETRY)
            self.retries[step] += 1
            self.due[step] = self.clock() + outcome.delay_ms / 1000
            self.fact(FactKind.STEP_RETRY, (step,), claim.token, detail)

    def close(self, entry: Entry, steps: Sequence[int], event: StepEvent, kind: FactKind) -> None:
        """Close the steps that can no longer run."""
        moved = []
        for step in steps:
            was_claimed = self.states[step] is StepState.CLAIMED
            if self.move(step, event):
                moved.append(step)
                if was_claimed:
                    self.release(step)
                    entry.claims.pop(step, None)
        if moved:
            self.fact(kind, tuple(moved))

    def claim(self, entry: Entry, request: Advance) -> list[Claim]:
        """Give ready steps to a slot, and with them those that only wait for one of them."""
        ready = self.ready.get(request.queue)
        if not ready:
            return []
        slots = max(self.live_slots(request.queue), 1)
        share = min(request.want, max(1, math.ceil(len(ready) / slots)))
        picks = [request.hint] if ready.discard(request.hint) else []
        claims: list[Claim] = []
        held_up, complete, alone = 0, False, False
        while not complete and len(claims) < share:
            while ready and len(picks) < share - len(claims):
                picks.append(ready.pop())
            if not picks:
                break
            for step in picks:
                single = self.is_troubled(step) or self.request.steps[step].alone
                if complete or (single and claims):
                    self.enqueue(step)
                    complete = True
                elif not self.acquire(step):
                    held_up += 1
                    complete = held_up >= SKIPPED_FOR_POOLS
                else:
                    alone = complete = single
                    self.take(entry, claims, request.nonce, step, StepEvent.CLAIM)
            picks = []
        if not alone:
            for claim in claims:
                line = self.request.steps[claim.step].line
                if len(claims) >= request.want:
                    break
                untroubled = line >= 0 and not self.is_troubled(line)
                if untroubled and self.states[line] is StepState.WAITING and self.pending[line] == 1:
                    self.take(entry, claims, request.nonce, line, StepEvent.FOLLOW)
        if claims:
            self.boots = 0  # it can be opened
            if self.started is None:
                self.started = self.clock()
        return claims

    def is_troubled(self, step: int) -> bool:
        """Whether it has failed before, and is tried without company."""
        return self.retries[step] + self.child_losses[step] + self.host_losses[step] > 0

    def acquire(self, step: int) -> bool:
        """A token of the step's pool; without one, the step waits for it."""
        pool = self.pool_of(step)
        if pool is None:
            return True
        rank = self.request.steps[step].rank
        if self.limits.acquire(pool, (self.request.run_id, step), self.request.priority, rank):
            return True
        self.move(step, StepEvent.HOLD)
        return False

    def take(self, entry: Entry, claims: list[Claim], nonce: int, step: int, event: StepEvent) -> None:
        """Hand one step over, under a new token."""
        self.move(step, event)
        self.token = max(self.token + 1, int(self.clock() * 1_000_000))
        claim = Claim(
            step,
            self.token,
            (nonce + len(claims)) % 2**32,
            self.retries[step],
            self.child_losses[step],
            self.host_losses[step],
        )
        entry.claims[step] = claim
        claims.append(claim)

    def move(self, step: int, event: StepEvent) -> StepState | None:
        """Move a step if the rule-book allows it; the new state, or None."""
        old = self.states[step]
        new = after(old, event)
        if new is not None:
            self.states[step] = new
            if new in TERMINAL_STEPS and old not in TERMINAL_STEPS:
                self.left -= 1
        return new

    def enqueue(self, step: int) -> None:
        """Put a step among the ready ones of its queue."""
        row = self.request.steps[step]
        self.ready.setdefault(self.request.queues[row.queue], ReadyQueue()).add(step, row.rank)

    def give_back(self, step: int) -> None:
        """Take a claimed step back, as if it had never been claimed."""
        if self.states[step] is not StepState.CLAIMED:
            return
        self.release(step)
        if self.pending[step] == 0:
            self.move(step, StepEvent.RETURN)
            self.enqueue(step)
        else:
            self.move(step, StepEvent.DETACH)

    def promote(self) -> None:
        """Put on the steps whose delay is over."""
        now = self.clock()
        for step in [step for step, due in self.due.items() if due <= now]:
            del self.due[step]
            if self.move(step, StepEvent.DUE):
                self.enqueue(step)

    def announcements(self) -> list[Announcement]:
        """Wake-ups that somebody has to send, for this run and for others; those on their way are not repeated."""
        return [*self.limits.take_woken(), *self.own_announcements()]

    def give_up_waiting(self) -> None:
        """Hand over what silent slots that hold nothing should have published long ago."""
        for slot, entry in list(self.slots.items()):
            silent = self.clock() - entry.called > FORGOTTEN_SECONDS
            if entry.unpublished and not entry.claims and not entry.cancelled and silent:
                self.chores.extend(entry.unpublished.values())
                del self.slots[slot]

    def own_announcements(self) -> list[Announcement]:
        """Wake-ups for this run."""
        found: list[Announcement] = []
        if self.status not in (RunStatus.RUNNING, RunStatus.FINISHING, RunStatus.CANCELLING):
            return found
        now = self.clock()
        for position, queue in enumerate(self.request.queues):
            ready = self.ready.get(queue) if self.status is RunStatus.RUNNING else None
            count = (len(ready) if ready else 0) + (1 if position == 0 and self.chores else 0)
            if not count:
                continue
            slots = self.live_slots(queue)
            cap = max(4, 2 * slots) if slots > 0 else 0
            sent = self.sent.setdefault(queue, {})
            waiting = len(sent)
            missing = min(count, cap) - waiting
            if missing > 0:
                hints = ready.best(waiting, missing) if ready else []
                for number in range(missing):
                    self.marks += 1
                    sent[str(self.marks)] = now
                    hint = hints[number] if number < len(hints) else -1
                    found.append(Announcement(queue, hint, str(self.marks), "", self.request.priority))
        return found

    def finish_if_done(self) -> None:
        """End the run when nothing is left of it."""
        if self.left > 0:
            return
        if self.status is RunStatus.CANCELLING:
            if self.held == 0 and self.unpublished == 0:
                self.end(self.final)
        elif self.status in (RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.FINISHING):
            if self.unpublished == 0:
                self.end(RunStatus.FAILED if self.failed else RunStatus.SUCCEEDED)
            else:
                self.status = RunStatus.FINISHING

    def end(self, status: RunStatus) -> None:
        """End the run."""
        self.status = status
        self.ended = self.clock()
        self.fact(FactKind.RUN_ENDED, (), 0, f'{{"status": "{status.value}"}}')
        for pool in self.request.pools:
            for run_id, step in list(self.limits.holders.get(pool, ())):
                if run_id == self.request.run_id:
                    self.release(step)
        self.limits.end(self.request.run_id, self.request.limits)
        self.slots.clear()
        self.sent.clear()

    def void(self, final: RunStatus) -> None:
        """No claim and no commit of this run after this; slots that hold something are told when they call."""
        for step, state in enumerate(self.states):
            self.move(step, StepEvent.CANCEL)
            if state in (StepState.READY, StepState.POOLED) and (pool := self.pool_of(step)) is not None:
                self.limits.leave(pool, (self.request.run_id, step))
        self.due.clear()
        self.ready.clear()
        self.sent.clear()
        for entry in self.slots.values():
            entry.cancelled = bool(entry.claims)
        self.status = RunStatus.CANCELLING
        self.final = final

    def fact(self, kind: FactKind, steps: tuple[int, ...] = (), token: int = 0, detail: str = "{}") -> None:
        """Tell what happened."""
        identity = str(len(self.facts) + 1)
        self.facts.append(Fact(id=identity, kind=kind, at=self.clock(), steps=steps, token=token, raw=detail.encode()))
        self.on_fact()


def _numbers(version: Version) -> tuple[int, int]:
    return version.token, version.nonce
