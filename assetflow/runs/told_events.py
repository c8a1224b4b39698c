"""What happens in a run, one thing after the other, as pages and programs are told of it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from assetflow.clock import seconds_text
from assetflow.planning.plan import Plan
from assetflow.runs.facts import Fact, FactKind, StepDetail

_SAID = {
    FactKind.RUN_QUEUED: "waits for other runs to end, as a run limit says",
    FactKind.RUN_STARTED: "the run began",
    FactKind.RUN_PAUSED: "paused: nothing more is begun",
    FactKind.RUN_RESUMED: "goes on",
    FactKind.RUN_CANCELLING: "is being cancelled",
    FactKind.STEP_STARTED: "began",
    FactKind.STEP_SKIPPED: "skipped: an input was not made",
    FactKind.STEP_UPSTREAM_FAILED: "not run: an input failed",
    FactKind.STEP_LOST: "its process died; it is ready again",
    FactKind.STEP_LOGGED: "has written",
}
_BAD = {FactKind.STEP_FAILED, FactKind.RUN_ABORTED}
_NOTABLE = {FactKind.STEP_RETRY, FactKind.STEP_LOST, FactKind.RUN_REFUSED, FactKind.STEP_UPSTREAM_FAILED}


class ToldEvent(NamedTuple):
    """One thing that happened.

    Attributes:
        id: ask for what came after it.
        at: seconds since the epoch.
        step, asset: that it is about, if it is one.
        message: for people.
        data: for programs.
    """

    id: str
    at: float
    type: str
    step: str | None
    asset: str | None
    level: Literal["info", "warning", "error"]
    message: str
    data: dict[str, Any]


def event_of(fact: Fact, plan: Plan) -> ToldEvent:
    """A fact in words."""
    told = fact.told()
    steps = [plan.steps[index] for index in fact.steps]
    keys = [key.to_user_string() for step in steps for key in step.asset_keys]
    level: Literal["error", "warning", "info"] = (
        "error" if fact.kind in _BAD else "warning" if fact.kind in _NOTABLE else "info"
    )
    data: dict[str, Any] = {"attempt": told.retry} if told.retry else {}
    if len(steps) > 1:
        data["steps"] = [step.key for step in steps[:1000]]
    if told.seconds:
        data["seconds"] = told.seconds
    if (phases := told.phases) is not None:
        data |= phases._asdict()
    if told.outputs:
        data["outputs"] = [
            {"key": "/".join(one.key), "version": one.version, "size": one.size, "metadata": one.metadata}
            for one in told.outputs
        ]
    if told.checks:
        data["checks"] = [
            {"key": "/".join(one.key), "name": one.name, "passed": one.passed, "severity": one.severity}
            for one in told.checks
        ]
    if told.error is not None:
        data["error"] = {"type": told.error.type, "message": told.error.message, "traceback": told.error.traceback}
    return ToldEvent(
        id=fact.id,
        at=fact.at,
        type=fact.kind.value,
        step=steps[0].key if len(steps) == 1 else None,
        asset=keys[0] if len(keys) == 1 else None,
        level=level,
        message=_message(fact, told, len(steps)),
        data=data,
    )


def _message(fact: Fact, told: StepDetail, steps: int) -> str:
    error = None if told.error is None else f"{told.error.type}: {told.error.message}"
    if fact.kind is FactKind.RUN_ENDED:
        return f"the run ended: {str(fact.detail.get('status', '')).lower()}"
    if told.unchanged:
        return "unchanged: its inputs are what they were"
    if fact.kind is FactKind.STEP_SUCCEEDED:
        return f"done in {seconds_text(told.seconds)}"
    if fact.kind is FactKind.STEP_RETRY:
        return f"{error}; tried again in {told.delay or 0:g} s"
    if error is not None:
        return error
    said = _SAID.get(fact.kind, fact.kind.value.replace("_", " "))
    return f"{steps:,} steps {said}" if steps > 1 else said
