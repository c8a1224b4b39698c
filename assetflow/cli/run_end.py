"""How a run has ended: the tracebacks of what failed, and a line that says what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text
from assetflow.cli.logs import readable
from assetflow.cli.step_lines import first_line
from assetflow.clock import seconds_text
from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.planning.plan import Plan
from assetflow.runs.result import RunResult
from assetflow.runs.states import RunStatus, StepState

_LAST_LINES = 10
_LOGS_SHOWN = 5
_ALIKE_SHOWN = 10


def show_end(result: RunResult, plan: Plan) -> None:
    """The last lines: what came of it, and the tracebacks of what failed.

    Of partitions of one function that failed with one kind of error, the first is shown, and the others are named.
    """
    calls = {step.key: step.call for step in plan.steps}
    alike: dict[tuple[str, str], list[str]] = {}
    for name, error in result.errors.items():
        alike.setdefault((calls.get(name, name), error.type), []).append(name)
    for number, names in enumerate(alike.values()):
        first, *others = names
        error = result.errors[first]
        OUT.print()
        OUT.print(Text.assemble((f"{first} ", "bold red"), "failed:"))
        OUT.print(Text(error.traceback.rstrip() or f"{error.type}: {error.message}"))
        if number < _LOGS_SHOWN and not error.type.endswith("StepLostError"):  # which tells what was written last
            _show_last_lines(result, first)
        if others:
            _show_alike(result, others, error.type)
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


def _show_alike(result: RunResult, names: Sequence[str], kind: str) -> None:
    OUT.print()
    what = count_text(len(names), "other")
    OUT.print(Text.assemble((what, "bold red"), f" failed with {kind} too:"))
    for name in names[:_ALIKE_SHOWN]:
        OUT.print(Text(f"  {name}  {first_line(result.errors[name].message)}"))
    if len(names) > _ALIKE_SHOWN:
        OUT.print(f"  and {len(names) - _ALIKE_SHOWN:,} more: assetflow runs show {result.run_id}", style="dim")


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
