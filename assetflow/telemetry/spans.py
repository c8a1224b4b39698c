"""From what is recorded to spans: one for a run, one below it for each try of each step, and for what that did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from assetflow.planning.plan import Plan, Step
from assetflow.runs.entries import Entries, FactEntry
from assetflow.runs.facts import FactKind, StepDetail
from assetflow.runs.states import RunStatus
from assetflow.span_ids import span_id

_TRIES = {
    FactKind.STEP_SUCCEEDED.value: "succeeded",
    FactKind.STEP_FAILED.value: "failed",
    FactKind.STEP_RETRY.value: "retry",
    FactKind.STEP_LOST.value: "lost",
}
_BAD = ("failed", "retry", "lost", RunStatus.FAILED.value.lower(), RunStatus.INCONSISTENT.value.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that took time.

    Attributes:
        parent: id of the span it is part of; 0 for none.
        began, ended: seconds since the epoch.
        error: what went wrong; None if nothing did.
    """

    run_id: str
    id: int
    parent: int
    name: str
    began: float
    ended: float
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    error: str | None = None


Emit = Callable[[Span], None]


class Tracing:
    """Emits spans for what was just recorded.

    Args:
        emit: sends a span.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def add(self, entries: Entries, plans: Mapping[str, Plan | None]) -> None:
        """See `Recorder`."""
        for fact in entries.facts:
            plan = plans.get(fact.run_id)
            for span in spans_of(fact, plan):
                self._emit(span)


def spans_of(fact: FactEntry, plan: Plan | None) -> Iterator[Span]:
    """The spans that end with a fact."""
    if fact.kind == FactKind.RUN_ENDED.value:
        yield _of_run(fact, plan)
    elif fact.kind in _TRIES and fact.steps and plan is not None:
        try:
            detail = msgspec.json.decode(fact.detail, type=StepDetail)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return  # of another version
        if not detail.unchanged:
            yield from _of_step(fact, plan.steps[int(fact.steps)], detail)


def _of_run(fact: FactEntry, plan: Plan | None) -> Span:
    try:
        status = str(msgspec.json.decode(fact.detail).get("status", "")).lower()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
        status = ""
    about: dict[str, str | int | float] = {"assetflow.run": fact.run_id, "assetflow.status": status}
    if plan is not None:
        about["assetflow.steps"] = len(plan.steps)
    return Span(
        run_id=fact.run_id,
        id=span_id(fact.run_id),
        parent=0,
        name="run",
        began=fact.born / 1000,
        ended=fact.at,
        attributes=about,
        error=status if status in _BAD else None,
    )


def _of_step(fact: FactEntry, step: Step, detail: StepDetail) -> Iterator[Span]:
    outcome = _TRIES[fact.kind]
    own = span_id(fact.run_id, step.index, fact.token)
    # Of a try that was lost only its claim is known, which its token is the time of, in microseconds.
    began = detail.started or min(fact.token / 1e6, fact.at)
    ended = began + detail.seconds if detail.seconds else fact.at
    about: dict[str, str | int | float] = {
        "assetflow.run": fact.run_id,
        "assetflow.step": step.key,
        "assetflow.queue": step.queue,
        "assetflow.attempt": detail.retry,
        "assetflow.outcome": outcome,
        "assetflow.worker": detail.slot.partition(":")[0],
    }
    asset = next(("/".join(output.key) for output in step.outputs if output.key), None)
    if asset is not None:
        about["assetflow.asset"] = asset
    error = None
    if outcome in _BAD:
        error = f"{detail.error.type}: {detail.error.message}" if detail.error is not None else outcome
    span = Span(
        run_id=fact.run_id,
        id=own,
        parent=span_id(fact.run_id),
        name=step.key,
        began=began,
        ended=max(began, ended),
        attributes=about,
        error=error,
    )
    yield span
    yield from _phases(span, step, fact.token, detail)


def _phases(whole: Span, step: Step, token: int, detail: StepDetail) -> Iterator[Span]:
    """What a try consisted of. Outputs that are stored while others are computed are told as one piece, at the end."""
    if detail.phases is None:
        return
    at = whole.began
    for name, seconds in detail.phases._asdict().items():
        if seconds > 0:
            yield Span(
                run_id=whole.run_id,
                id=span_id(whole.run_id, step.index, token, name),
                parent=whole.id,
                name=name,
                began=at,
                ended=at + seconds,
            )
        at += seconds
