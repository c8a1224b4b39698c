"""Taking in what a slot knows after the store lost the last of it; the plain reading of ``resync.lua``."""

from __future__ import annotations

from assetflow.runs.claims import Claim, Outcome, Resync, Resynced, Verdict
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.transitions import StepEvent
from assetflow.stores.memory_run import Entry, MemoryRun


def resync(run: MemoryRun, request: Resync) -> Resynced:
    """See RunStore.resync."""
    before = run.slots.get(request.slot) or Entry()
    entry = Entry(batch=request.batch, unpublished=before.unpublished, called=run.clock())
    kept: list[int] = []
    accepted: list[int] = []
    refused: list[int] = []
    early: list[int] = []
    for holding in request.holdings:
        claim, outcome = holding.claim, holding.outcome
        step = claim.step
        if outcome is not None and _is_settled(run, claim, outcome):
            accepted.append(step)
        elif _regain(run, before, claim):
            if outcome is None:
                kept.append(step)
                entry.claims[step] = claim
            else:
                accepted.append(step)
                run.settle(entry, claim, outcome)
        elif outcome is not None and run.states[step] is StepState.WAITING and run.status is not RunStatus.CANCELLING:
            early.append(step)
        else:
            refused.append(step)
    if run.status.is_terminal:
        return Resynced(run.status.value, kept, accepted, refused, early)
    for step in list(before.claims):
        if before.cancelled:
            run.release(step)
        else:
            run.give_back(step)
    run.slots[request.slot] = entry
    run.finish_if_done()
    unpublished = list(entry.unpublished.values())
    return Resynced(run.status.value, kept, accepted, refused, early, run.announcements(), unpublished)


def _regain(run: MemoryRun, before: Entry, claim: Claim) -> bool:
    """Whether the slot holds the claim (again)."""
    step = claim.step
    if before.cancelled or run.status is RunStatus.CANCELLING or run.status.is_terminal:
        return False
    if run.states[step] is StepState.CLAIMED:
        held = before.claims.get(step)
        if held is None or held.nonce != claim.nonce:
            return False
        del before.claims[step]
        return True
    if run.states[step] is StepState.DELAYED:
        run.due.pop(step)
        run.move(step, StepEvent.DUE)
    elif run.states[step] is StepState.POOLED:
        run.move(step, StepEvent.ADMIT)
    if run.states[step] is not StepState.READY:
        return False
    queue = run.request.queues[run.request.steps[step].queue]
    if queue in run.ready:
        run.ready[queue].discard(step)
    if (pool := run.pool_of(step)) is not None:
        run.limits.regain(pool, (run.request.run_id, step))
    run.move(step, StepEvent.CLAIM)
    run.token = max(run.token, claim.token)
    return True


def _is_settled(run: MemoryRun, claim: Claim, outcome: Outcome) -> bool:
    if outcome.verdict != Verdict.SUCCEEDED or run.states[claim.step] is not StepState.SUCCEEDED:
        return False
    return all(run.out.get(output) == claim.version for output in outcome.emitted)
