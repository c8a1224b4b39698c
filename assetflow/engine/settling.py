"""From what became of a step to what that means for the rest of the plan."""

from __future__ import annotations

import msgspec

from assetflow.config.environment import secret_values
from assetflow.execution.outcome import StepResult, delay_before_retry, describe_error
from assetflow.planning.plan import Plan, Topology
from assetflow.runs.claims import Claim, Outcome, Verdict
from assetflow.runs.facts import LogDetail, StepDetail
from assetflow.runs.masking import masked

_encoder = msgspec.json.Encoder()


def outcome_of(claim: Claim, result: StepResult, topology: Topology) -> Outcome:
    """The report to the store: what is unlocked, what can no longer run."""
    step = claim.step
    children = topology.children[step]
    # Whatever a step tells of itself is read by many: metadata, descriptions and errors alike.
    detail = masked(_encoder.encode(result.detail), secret_values()).decode()
    if result.succeeded:
        emitted = set(result.emitted)
        unlocks = tuple([child for child, needs in children.items() if needs <= emitted])
        closes: tuple[int, ...] = ()
        if len(unlocks) < len(children):
            closes = tuple(topology.descendants([child for child, needs in children.items() if not needs <= emitted]))
        return Outcome(
            step,
            claim.nonce,
            Verdict.SUCCEEDED,
            emitted=tuple(result.emitted),
            unlocks=unlocks,
            closes=closes,
            publishes=tuple(result.publishes),
            detail=detail,
        )
    if result.delay is not None:
        delay_ms = round(result.delay * 1000)
        return Outcome(step, claim.nonce, Verdict.RETRY, detail=detail, delay_ms=delay_ms)
    doomed = tuple(topology.descendants(list(children)))
    return Outcome(step, claim.nonce, Verdict.FAILED, closes=doomed, detail=detail)


def unstarted(claim: Claim) -> Outcome:
    """The report of a claim that is given back untouched."""
    return Outcome(claim.step, claim.nonce, Verdict.UNSTARTED)


def judged(plan: Plan, claim: Claim, error: Exception, log: LogDetail | None = None) -> Outcome:
    """The report of a step whose process was killed because of it: tried again if it may be, else failed.

    Args:
        log: where what it has written is.
    """
    step = plan.steps[claim.step]
    detail = StepDetail(retry=claim.retries, error=describe_error(error), log=log)
    detail.delay = delay_before_retry(error, step.retry, claim.retries)
    result = StepResult(succeeded=False, detail=detail, error=error, delay=detail.delay)
    return outcome_of(claim, result, Topology(plan))
