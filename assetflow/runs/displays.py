"""How runs and records look in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from assetflow.definitions.metadata import MetadataValue
from assetflow.markup import Markup, Tone, block, code, facts, folded, html, line, quiet, table, toned
from assetflow.runs.facts import ErrorDetail, Fact, FactKind
from assetflow.runs.states import RunStatus, StepState

_MOST_ROWS = 60
_LONGEST_VALUE = 120
_TONES = {
    RunStatus.SUCCEEDED: Tone.GOOD,
    RunStatus.FAILED: Tone.BAD,
    RunStatus.INCONSISTENT: Tone.BAD,
    RunStatus.CANCELLED: Tone.WARNING,
    RunStatus.CANCELLING: Tone.WARNING,
    RunStatus.PAUSED: Tone.WARNING,
}
_STEP_TONES = {
    StepState.SUCCEEDED: Tone.GOOD,
    StepState.FAILED: Tone.BAD,
    StepState.UPSTREAM_FAILED: Tone.BAD,
    StepState.CANCELLED: Tone.WARNING,
    StepState.DELAYED: Tone.WARNING,
    StepState.CLAIMED: Tone.BUSY,
}
_URGENT = (StepState.FAILED, StepState.CLAIMED, StepState.DELAYED)


def run_display(
    run_id: str,
    status: RunStatus,
    steps: Mapping[str, StepState],
    *,
    seconds: float | None = None,
    told: Iterable[tuple[str, Fact]] = (),
    errors: Mapping[str, ErrorDetail] | None = None,
) -> Markup:
    """A run: how it stands, its steps, what they made, and what went wrong.

    Args:
        steps: name to state, in the order of the plan.
        seconds: that it took.
        told: names of steps, and what was told at their end.
        errors: step name to what it raised.
    """
    took, made = {}, {}
    for name, fact in told:
        detail = fact.told()
        took[name] = f"{detail.seconds:.2f} s" if detail.seconds >= 1 else f"{detail.seconds * 1000:.0f} ms"
        made[name] = " · ".join(
            f"{label} {item.get('value')}"
            for output in detail.outputs
            for label, item in output.metadata.items()
            if item.get("type") in ("int", "float") and fact.kind is FactKind.STEP_SUCCEEDED
        )
    shown = sorted(steps.items(), key=lambda item: item[1] not in _URGENT)[:_MOST_ROWS]
    rows = [
        (
            code(name),
            toned(state.label, _STEP_TONES.get(state, Tone.QUIET)),
            took.get(name, ""),
            quiet(made.get(name, "")),
        )
        for name, state in shown
    ]
    done = sum(state.is_terminal for state in steps.values())
    count = f"{done:,} of {len(steps):,} steps" if not status.is_terminal else f"{len(steps):,} steps"
    return block(
        line(
            "run",
            code(run_id),
            toned(status.value.lower(), _TONES.get(status, Tone.BUSY), bold=True),
            quiet(count + ("" if seconds is None else f" in {seconds:.1f} s")),
        ),
        table(("step", "", "took", "made"), rows),
        quiet(f"and {len(steps) - _MOST_ROWS:,} more") if len(steps) > _MOST_ROWS else "",
        *(
            folded(toned(f"{name}: {error.type}: {_short(error.message)}", Tone.BAD), error.traceback or error.message)
            for name, error in (errors or {}).items()
        ),
    )


def record_display(title: str, pairs: Sequence[tuple[str, object]], metadata: Mapping[str, MetadataValue]) -> Markup:
    """A record: what it is of, what there is to say of it, and its metadata."""
    return block(
        line(code(title)), facts([*pairs, *((label, value_display(item)) for label, item in metadata.items())])
    )


def value_display(item: MetadataValue) -> Markup:
    """A metadata value; addresses that lead to the web are links."""
    text = _short(str(item.value))
    if item.kind == "url" and str(item.value).startswith(("http://", "https://")):
        return Markup(f'<a href="{html(item.value)}" rel="noopener noreferrer" target="_blank">{html(text)}</a>')
    if item.kind in ("int", "float") and isinstance(item.value, int | float):
        return html(f"{item.value:,}" if item.kind == "int" else f"{item.value:,.6g}")
    return html(text)


def when(seconds: float | None) -> str:
    """A time, in the time zone of whoever looks."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _short(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= _LONGEST_VALUE else f"{first[:_LONGEST_VALUE]}…"
