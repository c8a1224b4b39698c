"""``assetflow runs``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json
from assetflow.cli.follow import follow
from assetflow.cli.lazy import Group
from assetflow.cli.retry import retry
from assetflow.cli.run_end import show_end
from assetflow.cli.standing import standings
from assetflow.cli.step_lines import MARKS, lines_of, spent_line
from assetflow.cli.tallies import Teller
from assetflow.cli.targets import handle_of, json_option, limit_option, state_of_runs
from assetflow.clock import seconds_text
from assetflow.handle import RunHandle
from assetflow.planning.plan import Plan
from assetflow.run_ids import check_run_id
from assetflow.run_list import LOST, listed, runs_of
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import RunStore
from assetflow.runs.told_events import event_of
from assetflow.wiring import current_settings

_STYLES = {
    RunStatus.SUCCEEDED.value: "green",
    RunStatus.FAILED.value: "red",
    RunStatus.CANCELLED.value: "yellow",
    LOST: "magenta",
}
_PAGE = 1000  # events that are asked for at once


@click.group(cls=Group)
def runs() -> None:
    """Look at runs; cancel, pause, resume and retry them."""


@runs.command("list")
@json_option
@limit_option("Runs")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([*(status.value for status in RunStatus), LOST], case_sensitive=False),
    help="Only runs that stand so; may be repeated.",
)
def list_runs(as_json: bool, limit: int, statuses: tuple[str, ...]) -> None:
    """List runs, newest first: live ones, and those of the history."""
    with state_of_runs(current_settings()) as connection:
        history = connection.history()
        found, away = runs_of(connection.store, history.log if history else None, limit, statuses)
        if away is not None:
            ERR.print(f"only the runs that the server remembers: {away.message}", style="yellow")
        if as_json:
            for run in found:
                print_json(run.record())
            return
        if not found:
            ERR.print(
                "no runs yet" if not statuses else f"no runs that are {' or '.join(statuses).lower()}", style="dim"
            )
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("run", "status", "started", "took", "steps", "selection", "code"):
            side: JustifyMethod = "right" if name in ("took", "steps") else "left"
            table.add_column(name, justify=side, overflow="fold", no_wrap=name in ("run", "started"))
        for run in found:
            total = run.about.steps
            took = "" if run.status == LOST else seconds_text((run.ended or time.time()) - run.created)
            table.add_row(
                run.run_id,
                Text(run.status.lower(), style=_STYLES.get(run.status, "cyan")),
                datetime.fromtimestamp(run.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
                took,
                f"{total - run.left:,}/{total:,}" if run.left else f"{total:,}",
                Text(run.about.selection),
                Text(run.about.code, style="dim"),
            )
        OUT.print(table)
        if any(run.status == LOST for run in found):
            ERR.print("the server does not know the lost ones; go on with one: assetflow runs resume RUN", style="dim")


def _position(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    if not re.fullmatch(r"\d{1,16}(-\d{1,16})?", given):
        raise click.BadParameter(f"{given!r} is no id of an event: they are written as 1764112233445-0")
    return given


@runs.command("show")
@click.argument("run_id")
@json_option
@click.option("--follow", "following", is_flag=True, help="Stay until the run is over.")
@click.option("-v", "--verbose", is_flag=True, help="Each partition by itself, and what each try spent its time on.")
@click.option(
    "--events",
    "most",
    default=1000,
    show_default=True,
    metavar="N",
    type=click.IntRange(0, 100_000),
    help="With --json: how many of the run's events are told.",
)
@click.option("--after", default="0", metavar="ID", callback=_position, help="With --json: only events after this one.")
def show_run(run_id: str, as_json: bool, following: bool, verbose: bool, most: int, after: str) -> int:
    """Show one run: its steps, what they made, and what went wrong.

    Partitions that one function makes are told together; -v tells each by itself. With --json its events are told as
    the page and the API tell them, oldest first; `events_next` is the id to go on after, where there are more.
    """
    check_run_id(run_id)
    with state_of_runs(current_settings()) as connection:
        handle = handle_of(connection, run_id)
        if following and not handle.status.is_terminal:
            return 0 if follow(handle, as_json=as_json).success else 1
        view = handle.store_view()
        if as_json:
            names = [step.key for step in handle.plan.steps]
            states = {name: state.label for name, state in zip(names, view.states, strict=True)}
            events, more = _events(handle, connection.store, after, most)
            print_json({**listed(view).record(), "states": states, "events": events, "events_next": more})
            return 0
        about = listed(view).about
        OUT.print(
            Text.assemble(
                ("run ", "dim"), (run_id, "bold"), f" · {about.environment} · {about.selection} · {about.code}"
            )
        )
        if view.status.is_terminal:
            _tell(handle, verbose=verbose)
            show_end(handle.wait(raise_on_error=False), handle.plan)
            return 0
        _show_standing(handle.plan, view.states, verbose=verbose)
        OUT.print(f"{view.status.value.lower()}, {count_text(view.left, 'step')} left", style="cyan")
        return 0


def _events(handle: RunHandle, store: RunStore, after: str, most: int) -> tuple[list[dict[str, Any]], str | None]:
    """What happened in a run, and where to go on if that is not all."""
    plan = handle.plan
    found: list[dict[str, Any]] = []
    while len(found) < most and (facts := store.facts(handle.id, after, min(_PAGE, most - len(found)))):
        found += [event_of(fact, plan)._asdict() for fact in facts]
        after = facts[-1].id
    return found, after if store.facts(handle.id, after, 1) else None


def _tell(handle: RunHandle, *, verbose: bool) -> None:
    """All that happened in a run that is over."""
    teller = Teller(handle.plan)
    for event in handle.events():
        for line in lines_of(event) if verbose else teller.lines(event):
            OUT.print(line)
        if verbose and (spent := spent_line(event)) is not None:
            OUT.print(spent)
    for line in () if verbose else teller.rest():
        OUT.print(line)


def _show_standing(plan: Plan, states: Sequence[StepState], *, verbose: bool) -> None:
    """How the steps of a run stand that goes on."""
    together = {} if verbose else standings(plan.steps, states)
    shown = set()
    for step, state in zip(plan.steps, states, strict=True):
        standing = together.get(step.call)
        if standing is None:
            mark, style = MARKS[state]
            OUT.print(Text.assemble((f"  {mark} ", style), f"{step.key:<28} {state.label}"))
        elif step.call not in shown:
            shown.add(step.call)
            mark, style = standing.mark()
            OUT.print(Text.assemble((f"  {mark} ", style), f"{step.call:<28} ", standing.bar(), "  ", standing.text()))


@runs.command("cancel")
@click.argument("run_id")
@json_option
def cancel_run(run_id: str, as_json: bool) -> None:
    """End a run: nothing new is begun, nothing more is stored, running steps are stopped."""
    with _handle(run_id) as handle:
        status = handle.cancel()
        if as_json:
            print_json({"run": run_id, "status": status.value})
        elif status.is_terminal and status is not RunStatus.CANCELLED:
            OUT.print(f"run {run_id} was over already: {status.value.lower()}")
        else:
            OUT.print(f"run {run_id} is {status.value.lower()}")


@runs.command("pause")
@click.argument("run_id")
def pause_run(run_id: str) -> None:
    """Begin nothing more of a run for now; what runs goes on and is kept."""
    with _handle(run_id) as handle:
        status = handle.pause()
        if status is RunStatus.PAUSED:
            OUT.print(f"run {run_id} is paused; go on with: assetflow runs resume {run_id}")
        else:
            OUT.print(f"run {run_id} cannot be paused: it is {status.value.lower()}")


@runs.command("resume")
@click.argument("run_id")
def resume_run(run_id: str) -> None:
    """Go on with a paused run, or with one that the server has lost: what was committed is not done again."""
    with _handle(run_id) as handle:
        status = handle.resume()
        if status.is_terminal:
            OUT.print(f"run {run_id} is over: {status.value.lower()}")
        else:
            left = handle.store_view().left
            OUT.print(f"run {run_id} is {status.value.lower()}, {count_text(left, 'step')} left")


runs.add_command(retry)


@contextmanager
def _handle(run_id: str) -> Iterator[RunHandle]:
    check_run_id(run_id)
    with state_of_runs(current_settings()) as connection:
        yield handle_of(connection, run_id)
