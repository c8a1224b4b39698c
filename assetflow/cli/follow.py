"""Following a run: a live picture in a terminal, lines in a pipe, objects with ``--json``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, count_text, print_json
from assetflow.cli.run_end import show_end
from assetflow.cli.standing import bar_text, standings
from assetflow.cli.step_lines import plain_metadata
from assetflow.cli.tallies import Teller
from assetflow.clock import seconds_text
from assetflow.handle import RunHandle
from assetflow.runs.facts import FactKind
from assetflow.runs.result import RunEvent, RunResult
from assetflow.runs.states import StepState

_MOST_ROWS = 24
_BAR = 24


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
            if event.detail.phases is not None:
                record |= {name: round(seconds, 6) for name, seconds in event.detail.phases._asdict().items()}
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


def _say_where(handle: RunHandle) -> None:
    """Say where it can be looked at, if anywhere."""
    if handle.url is not None:
        OUT.print(Text(f"  {handle.url}", style="dim"))


class _PlainView(_View):
    def __init__(self, handle: RunHandle) -> None:
        self._plan = handle.plan
        self._teller = Teller(self._plan)
        OUT.print(f"run {handle.id} · {count_text(len(self._plan.steps), 'step')}")
        _say_where(handle)

    def take(self, event: RunEvent) -> None:
        for line in self._teller.lines(event):
            OUT.print(line)

    def end(self, result: RunResult) -> None:
        for line in self._teller.rest():
            OUT.print(line)
        show_end(result, self._plan)


class _LiveView(_View):
    """Rows for what is under way, above them the log of what is done."""

    def __init__(self, handle: RunHandle, interrupt: str) -> None:
        self._handle = handle
        self._interrupt = interrupt
        self._started = time.monotonic()
        self._plan = handle.plan
        OUT.print(
            Text.assemble(("run ", "dim"), (handle.id, "bold"), f" · {count_text(len(self._plan.steps), 'step')}")
        )
        _say_where(handle)
        self._teller = Teller(self._plan, is_quiet=len(self._plan.steps) > _MOST_ROWS * 4)
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
        for line in self._teller.lines(event):
            self._live.console.print(line)

    def end(self, result: RunResult) -> None:
        for line in self._teller.rest():
            OUT.print(line)
        show_end(result, self._plan)

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
        states = self._handle.store_view().states
        done = sum(state.is_terminal for state in states)
        table = Table.grid(padding=(0, 1))
        for row in self._rows(states)[:_MOST_ROWS]:
            table.add_row(*row)
        elapsed = seconds_text(time.monotonic() - self._started)
        said = f"{done:,}/{len(states):,} steps · {elapsed} · Ctrl-C {self._interrupt}"
        last = Table.grid(padding=(0, 1))
        last.add_row(Text("  "), bar_text(done, len(states), _BAR), said)
        return Group(table, last)

    def _rows(self, states: Sequence[StepState]) -> list[tuple[Text | str, ...]]:
        rows: list[tuple[Text | str, ...]] = []
        divided = standings(self._plan.steps, states)
        mark = Text("  ◐", "cyan")
        for step, state in zip(self._plan.steps, states, strict=True):
            if step.call not in divided and state is StepState.CLAIMED:
                since = self._since.get(step.key)
                rows.append((mark, step.key, "", seconds_text(time.time() - since) if since else ""))
        rows += [(mark, call, one.bar(), one.text()) for call, one in divided.items() if one.is_under_way]
        return rows
