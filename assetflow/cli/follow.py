"""Following a run: a live picture in a terminal, lines in a pipe, objects with ``--json``."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from rich.live import Live
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json, seconds_text
from assetflow.cli.logs import readable
from assetflow.errors import AssetflowError
from assetflow.handle import RunHandle
from assetflow.log import logger
from assetflow.runs.facts import CheckDetail, ErrorDetail, FactKind, OutputDetail
from assetflow.runs.result import RunEvent, RunResult
from assetflow.runs.states import RunStatus, StepState

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
_MOST_ROWS = 24
_METADATA_SHOWN = 3
_LAST_LINES = 10
_LOGS_SHOWN = 5


def follow(handle: RunHandle, *, as_json: bool = False, interrupt: str = "stops watching") -> RunResult:
    """Show what happens until the run is over, and how it ended.

    Args:
        interrupt: what Ctrl-C does.
    """
    view = _JsonView() if as_json else (_LiveView(handle, interrupt) if OUT.is_terminal else _PlainView(handle))
    with view:
        for event in handle.events():
            view.take(event)
    result = handle.wait(raise_on_error=False)
    view.end(result)
    return result


class _View:
    """How a run is shown."""

    def __enter__(self) -> _View:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def take(self, event: RunEvent) -> None:
        """Something happened."""

    def end(self, result: RunResult) -> None:
        """It is over."""


class _JsonView(_View):
    def take(self, event: RunEvent) -> None:
        record: dict[str, Any] = {"event": event.kind.value, "at": event.at}
        if event.steps:
            record["steps"] = list(event.steps)
        if event.kind in (FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED, FactKind.STEP_RETRY):
            record["seconds"] = round(event.detail.seconds, 6)
        if event.detail.unchanged:
            record["unchanged"] = True
        if event.detail.outputs:
            record["assets"] = [
                {"key": "/".join(output.key), "version": output.version, "metadata": plain_metadata(output)}
                for output in event.detail.outputs
            ]
        if event.detail.checks:
            record["checks"] = [
                {"asset": "/".join(check.key), "check": check.name, "passed": check.passed, "severity": check.severity}
                for check in event.detail.checks
            ]
        if event.detail.error is not None:
            record["error"] = {"type": event.detail.error.type, "message": event.detail.error.message}
        print_json(record)

    def end(self, result: RunResult) -> None:
        print_json(
            {
                "event": "result",
                "run": result.run_id,
                "status": result.status.value,
                "seconds": round(result.seconds, 3),
                "steps": {name: state.label for name, state in result.steps.items()},
                "unchanged": list(result.unchanged),
            }
        )


class _PlainView(_View):
    def __init__(self, handle: RunHandle) -> None:
        self._handle = handle
        OUT.print(f"run {handle.id} · {count_text(len(handle.plan.steps), 'step')}")

    def take(self, event: RunEvent) -> None:
        for line in lines_of(event):
            OUT.print(line)

    def end(self, result: RunResult) -> None:
        show_end(result)


class _LiveView(_View):
    """Rows for the steps that matter now, above them the log of those that are done."""

    def __init__(self, handle: RunHandle, interrupt: str) -> None:
        self._handle = handle
        self._interrupt = interrupt
        self._started = time.monotonic()
        OUT.print(
            Text.assemble(("run ", "dim"), (handle.id, "bold"), f" · {count_text(len(handle.plan.steps), 'step')}")
        )
        self._quiet = len(handle.plan.steps) > _MOST_ROWS * 4
        self._since: dict[str, float] = {}
        self._asked = 0.0
        self._last: Any = Text("")
        self._live = Live(console=OUT, refresh_per_second=8, transient=True, get_renderable=self._picture)

    def __enter__(self) -> _View:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(*error)  # type: ignore[arg-type]

    def take(self, event: RunEvent) -> None:
        if event.kind is FactKind.STEP_STARTED:
            for step in event.steps:
                self._since[step] = event.detail.started
        if self._quiet and event.kind is FactKind.STEP_SUCCEEDED:
            return
        for line in lines_of(event):
            self._live.console.print(line)

    def end(self, result: RunResult) -> None:
        show_end(result)

    def _picture(self) -> Any:
        now = time.monotonic()
        if now - self._asked > 0.25:
            self._asked = now
            try:
                self._last = self._draw()
            except Exception:  # a picture is never worth a crash: the events tell the story
                return self._last
        return self._last

    def _draw(self) -> Any:
        view = self._handle.store_view()
        names = [step.key for step in self._handle.plan.steps]
        table = Table.grid(padding=(0, 1))
        running = [name for name, state in zip(names, view.states, strict=True) if state is StepState.CLAIMED]
        for name in running[:_MOST_ROWS]:
            since = self._since.get(name)
            table.add_row(Text("  ◐", style="cyan"), name, seconds_text(time.time() - since) if since else "")
        done = sum(state.is_terminal for state in view.states)
        total = len(view.states)
        filled = round(24 * done / total) if total else 24
        bar = Text.assemble(("█" * filled, "green"), ("░" * (24 - filled), "dim"))
        elapsed = seconds_text(time.monotonic() - self._started)
        table.add_row(Text("  "), bar, f"{done:,}/{total:,} steps · {elapsed} · Ctrl-C {self._interrupt}")
        return table


def lines_of(event: RunEvent) -> Iterable[Text]:
    """What a person reads of one event; most kinds say nothing."""
    detail = event.detail
    if detail.unchanged:
        said = "unchanged: its inputs are what they were"
        yield Text.assemble(("  ≡ ", "cyan"), f"{event.steps[0]:<28} {'':>9}   ", (said, "dim"))
    elif event.kind is FactKind.STEP_SUCCEEDED:
        name = event.steps[0]
        emitted = {"/".join(output.key) for output in detail.outputs}
        missing = [key.to_user_string() for key in event.assets if key.to_user_string() not in emitted]
        line = Text.assemble(("  ✔ ", "green"), f"{name:<28} {seconds_text(detail.seconds):>9}")
        said = "  ".join(filter(None, (metadata_text(output.metadata) for output in detail.outputs)))
        if said:
            line.append(f"   {said}", style="dim")
        if missing:
            line.append(f"   made no {', '.join(missing)}: what needs it is skipped", style="yellow")
        yield line
        yield from map(_check_line, detail.checks)
    elif event.kind is FactKind.STEP_FAILED:
        error = detail.error
        text = _in_a_line(error) if error else "failed"
        yield Text.assemble(
            ("  ✖ ", "red"), f"{event.steps[0]:<28} {seconds_text(detail.seconds):>9}   ", (text, "red")
        )
        yield from map(_check_line, detail.checks)
    elif event.kind is FactKind.STEP_RETRY:
        error = detail.error
        why = _in_a_line(error) if error else ""
        wait = f"again in {seconds_text(detail.delay or 0)}"
        yield Text.assemble(("  ↻ ", "yellow"), f"{event.steps[0]:<28} {wait:>9}   ", (why, "yellow"))
    elif event.kind is FactKind.STEP_LOST:
        how = detail.error.message.partition(": ")[2] if detail.error is not None else ""
        died = f"its process died ({how}); it is run again" if how else "its process died; it is run again"
        yield Text.assemble(("  ↻ ", "yellow"), f"{event.steps[0]:<28} {died}")
    elif event.kind in (FactKind.STEP_SKIPPED, FactKind.STEP_UPSTREAM_FAILED):
        skipped = event.kind is FactKind.STEP_SKIPPED
        why = "skipped: an input was not made" if skipped else "not run: an input failed"
        for name in event.steps[:_MOST_ROWS]:
            yield Text.assemble(("  ⊘ ", "dim" if skipped else "red"), f"{name:<28} {'':>9}   ", (why, "dim"))
        if len(event.steps) > _MOST_ROWS:
            yield Text(f"    and {len(event.steps) - _MOST_ROWS:,} more", style="dim")
    elif event.kind is FactKind.RUN_REFUSED and detail.error is not None:
        yield Text.assemble(("  ! ", "yellow"), f"a worker refuses this run: {_first_line(detail.error.message)}")
    elif event.kind is FactKind.RUN_ABORTED and detail.error is not None:
        yield Text.assemble(("  ✘ ", "red"), f"the run is given up: {detail.error.message}")
    elif event.kind in _SAID:
        yield Text(f"  {_SAID[event.kind]}", style="dim")


def _check_line(check: CheckDetail) -> Text:
    style = "green" if check.passed else ("red" if check.severity == "ERROR" else "yellow")
    word = "passed" if check.passed else ("failed" if check.severity == "ERROR" else "warns")
    line = Text.assemble((f"      {'✓' if check.passed else '!'} ", style), f"check {check.name}: ", (word, style))
    said = "  ".join(filter(None, (check.description, metadata_text(check.metadata))))
    return line.append(f"   {said}", style="dim") if said else line


def show_end(result: RunResult) -> None:
    """The last lines: what came of it, and the tracebacks of what failed."""
    for number, (name, error) in enumerate(result.errors.items()):
        OUT.print()
        OUT.print(Text.assemble((f"{name} ", "bold red"), "failed:"))
        OUT.print(Text(error.traceback.rstrip() or f"{error.type}: {error.message}"))
        if number < _LOGS_SHOWN and not error.type.endswith("StepLostError"):  # which tells what was written last
            _show_last_lines(result, name)
    counts: dict[StepState, int] = {}
    for state in result.steps.values():
        counts[state] = counts.get(state, 0) + 1
    same = len(result.unchanged)
    done = counts.get(StepState.SUCCEEDED, 0) - same
    words = [f"{done:,} succeeded"] if done else []
    words += [f"{same:,} unchanged"] if same else []
    words += [f"{count:,} {state.label}" for state, count in counts.items() if state is not StepState.SUCCEEDED]
    style = "green" if result.success else ("yellow" if result.status is RunStatus.CANCELLED else "red")
    said = f"run {result.status.value.lower()}"
    nothing = "nothing to do, everything is up to date" if result.success else "no steps"
    OUT.print(
        Text.assemble((said, f"bold {style}"), f" in {seconds_text(result.seconds)}: {', '.join(words) or nothing}")
    )
    if not result.success:
        ERR.print(f"show it again: assetflow runs show {result.run_id}", style="dim")
        ERR.print(f"run again what failed: assetflow runs retry {result.run_id}", style="dim")


def _show_last_lines(result: RunResult, step: str) -> None:
    """What a step has written before it failed; what is said of the failure itself stands above."""
    try:
        lines = deque((line for line in result.logs(step) if line.logger != logger.name), maxlen=_LAST_LINES)
    except AssetflowError:
        return  # the run has ended, which is what is told here
    if lines:
        OUT.print()
        OUT.print("the last it has written:", style="dim")
        for line in lines:
            mark = line.level if line.level in ("WARNING", "ERROR", "CRITICAL") else ""
            if line.attempt == lines[-1].attempt:
                text = "\n    ".join(map(readable, line.text.split("\n")))
                OUT.print(Text.assemble("  ", (f"{mark} " if mark else "", "yellow"), text))
        OUT.print(f"all of it: assetflow logs {result.run_id} {step}", style="dim")


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
            shown.append(f"{label} {value:,}" if kind == "int" else f"{label} {value:,.4g}")
        elif kind in ("text", "path", "url") and len(str(value)) <= 60:
            shown.append(f"{label} {value}")
    return " · ".join(shown[:_METADATA_SHOWN])


def _in_a_line(error: ErrorDetail) -> str:
    return f"{error.type}: {_first_line(error.message)}" if error.message else error.type


def _first_line(text: str) -> str:
    first, *others = text.split("\n")
    for line in others:
        if line.strip().startswith("Error 1: "):  # the title of a config says nothing without what is wrong in it
            return f"{first}: {line.strip().removeprefix('Error 1: ')}"
    return first
