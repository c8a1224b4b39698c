"""Giving up a step that has killed one process after another."""

from __future__ import annotations

from assetflow.errors import StepLostError
from assetflow.execution.outcome import StepResult, describe_error
from assetflow.planning.plan import Step
from assetflow.runs.claims import Claim
from assetflow.runs.facts import ErrorDetail, FactKind, StepDetail
from assetflow.runs.store import RunStore


def last_death(store: RunStore, run_id: str, step: int) -> ErrorDetail | None:
    """How the process died that ran the step last, as far as the run still tells."""
    after, found = "0", None
    while page := store.facts(run_id, after):
        for fact in page:
            if fact.kind is FactKind.STEP_LOST and step in fact.steps:
                found = fact.told().error or found
        after = page[-1].id
    return found


def given_up(run_id: str, claim: Claim, step: Step, death: ErrorDetail | None) -> StepResult:
    """The result of a step that is not tried again.

    Args:
        death: how its process died the last time.
    """
    ways = []
    if claim.child_losses:
        ways.append(f"the process that ran it died {_times(claim.child_losses)}")
    if claim.host_losses:
        ways.append(f"its worker vanished {_times(claim.host_losses)}")
    last = f"; the last time {_ending(death)}" if death is not None else ""
    error = StepLostError(
        f"step {step.key} was given up: {' and '.join(ways)}{last}",
        fix=f"look at its log (assetflow logs {run_id} {step.key}) for a crash in native code, and at the machine's"
        " for the kernel's out-of-memory killer",
    )
    detail = StepDetail(retry=claim.retries, error=describe_error(error))
    if death is not None and death.traceback and detail.error is not None:
        detail.error.traceback = f"{detail.error.traceback.rstrip()}\n\nThe last it has written:\n{death.traceback}\n"
    return StepResult(succeeded=False, detail=detail, error=error)


def _ending(death: ErrorDetail) -> str:
    return death.message.partition(": ")[2] or death.message


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
