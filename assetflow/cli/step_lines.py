"""What a person reads of steps: one line of each thing that happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text

from assetflow.clock import seconds_text
from assetflow.runs.facts import CheckDetail, ErrorDetail, FactKind, OutputDetail
from assetflow.runs.result import RunEvent
from assetflow.runs.states import StepState

MARKS = {
    StepState.WAITING: ("◌", "dim"),
    StepState.READY: ("◌", "default"),
    StepState.CLAIMED: ("◐", "cyan"),
    StepState.DELAYED: ("↻", "yellow"),
    StepState.POOLED: ("◌", "yellow"),
    StepState.SUCCEEDED: ("✔", "green"),
    StepState.SKIPPED: ("⊘", "dim"),
    StepState.FAILED: ("✖", "red"),
    StepState.UPSTREAM_FAILED: ("⊘", "red"),
    StepState.CANCELLED: ("⊘", "yellow"),
}
_SAID = {
    FactKind.RUN_QUEUED: "waiting for other runs to end, as a run limit says (assetflow run-limits list)",
    FactKind.RUN_PAUSED: "paused; go on with: assetflow runs resume",
    FactKind.RUN_RESUMED: "going on",
}
_MOST_STEPS = 24
_METADATA_SHOWN = 3


def lines_of(event: RunEvent) -> Iterable[Text]:
    """What a person reads of one event; most kinds say nothing."""
    detail = event.detail
    if detail.unchanged:
        said = "unchanged: its inputs are what they were"
        yield Text.assemble(("  ≡ ", "cyan"), f"{event.steps[0]:<28} {'':>9}   ", (said, "dim"))
    elif event.kind is FactKind.STEP_SUCCEEDED:
        name = event.steps[0]
        missing = missing_of(event)
        line = Text.assemble(("  ✔ ", "green"), f"{name:<28} {seconds_text(detail.seconds):>9}")
        said = "  ".join(filter(None, (metadata_text(output.metadata) for output in detail.outputs)))
        if said:
            line.append(f"   {said}", style="dim")
        if missing:
            line.append(f"   made no {', '.join(missing)}: what needs it is skipped", style="yellow")
        yield line
        yield from map(check_line, detail.checks)
    elif event.kind is FactKind.STEP_FAILED:
        error = detail.error
        text = _in_a_line(error) if error else "failed"
        yield Text.assemble(
            ("  ✖ ", "red"), f"{event.steps[0]:<28} {seconds_text(detail.seconds):>9}   ", (text, "red")
        )
        yield from map(check_line, detail.checks)
    elif event.kind is FactKind.STEP_RETRY:
        error = detail.error
        why = _in_a_line(error) if error else ""
        wait = f"again in {seconds_text(detail.delay or 0)}"
        yield Text.assemble(("  ↻ ", "yellow"), f"{event.steps[0]:<28} {wait:>9}   ", (why, "yellow"))
    elif event.kind is FactKind.STEP_LOST:
        how = detail.error.message.partition(": ")[2] if detail.error is not None else ""
        died = f"its process died{f' ({how})' if how else ''}; it is ready again"
        yield Text.assemble(("  ↻ ", "yellow"), f"{event.steps[0]:<28} {died}")
    elif event.kind in (FactKind.STEP_SKIPPED, FactKind.STEP_UPSTREAM_FAILED):
        skipped = event.kind is FactKind.STEP_SKIPPED
        why = "skipped: an input was not made" if skipped else "not run: an input failed"
        for name in event.steps[:_MOST_STEPS]:
            yield Text.assemble(("  ⊘ ", "dim" if skipped else "red"), f"{name:<28} {'':>9}   ", (why, "dim"))
        if len(event.steps) > _MOST_STEPS:
            yield Text(f"    and {len(event.steps) - _MOST_STEPS:,} more", style="dim")
    elif event.kind is FactKind.RUN_REFUSED and detail.error is not None:
        yield Text.assemble(("  ! ", "yellow"), f"a worker refuses this run: {first_line(detail.error.message)}")
        yield from (Text(f"    {more.strip()}", style="dim") for more in detail.error.message.splitlines()[1:])
    elif event.kind is FactKind.RUN_ABORTED and detail.error is not None:
        yield Text.assemble(("  ✘ ", "red"), f"the run is given up: {detail.error.message}")
    elif event.kind in _SAID:
        yield Text(f"  {_SAID[event.kind]}", style="dim")


def spent_line(event: RunEvent) -> Text | None:
    """What a try spent its time on; None if it is none."""
    phases = event.detail.phases
    if phases is None:
        return None
    spent = ((name, seconds_text(seconds) if seconds else "<1 ms") for name, seconds in phases._asdict().items())
    return Text("      " + " · ".join(f"{name} {text}" for name, text in spent), style="dim")


def missing_of(event: RunEvent) -> list[str]:
    """Assets of a step that has succeeded which it did not make."""
    emitted = {"/".join(output.key) for output in event.detail.outputs}
    return [key.to_user_string() for key in event.assets if key.to_user_string() not in emitted]


def check_line(check: CheckDetail, step: str = "") -> Text:
    """What a check said.

    Args:
        step: whose line does not stand above it.
    """
    style = "green" if check.passed else ("red" if check.severity == "ERROR" else "yellow")
    word = "passed" if check.passed else ("failed" if check.severity == "ERROR" else "warns")
    named = f"{step}: check {check.name}: " if step else f"check {check.name}: "
    line = Text.assemble((f"      {'✓' if check.passed else '!'} "[2 if step else 0 :], style), named, (word, style))
    said = "  ".join(filter(None, (check.description, metadata_text(check.metadata))))
    return line.append(f"   {said}", style="dim") if said else line


def plain_metadata(output: OutputDetail) -> dict[str, Any]:
    """Metadata as label to value."""
    return {label: item.get("value") for label, item in output.metadata.items()}


def metadata_text(metadata: Mapping[str, Any]) -> str:
    """The first few short metadata values."""
    shown = []
    for label, item in metadata.items():
        kind, value = item.get("type"), item.get("value")
        if kind == "path" and label == "path":
            continue
        if kind in ("int", "float"):
            # What JSON has no number for is written out: inf, -inf, nan.
            shown.append(f"{label} {value:,}" if kind == "int" else f"{label} {float(str(value)):,.4g}")
        elif kind in ("text", "path", "url") and len(str(value)) <= 60:
            shown.append(f"{label} {value}")
    return " · ".join(shown[:_METADATA_SHOWN])


def _in_a_line(error: ErrorDetail) -> str:
    return f"{error.type}: {first_line(error.message)}" if error.message else error.type


def first_line(text: str) -> str:
    """The line of a message that says the most."""
    first, *others = text.split("\n")
    for line in others:
        if line.strip().startswith("Error 1: "):  # the title of a config says nothing without what is wrong in it
            return f"{first}: {line.strip().removeprefix('Error 1: ')}"
    return first
