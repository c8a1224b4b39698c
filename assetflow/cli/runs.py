"""``assetflow runs``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
import msgspec
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, print_json, seconds_text
from assetflow.cli.follow import MARKS, follow, lines_of, show_end
from assetflow.cli.targets import json_option, state_of_runs
from assetflow.engine.request import RunAbout
from assetflow.errors import RunNotFoundError
from assetflow.handle import RunHandle
from assetflow.run_ids import check_run_id
from assetflow.runs.states import RunStatus
from assetflow.runs.store import RunView
from assetflow.wiring import current_settings

_STYLES = {RunStatus.SUCCEEDED: "green", RunStatus.FAILED: "red", RunStatus.CANCELLED: "yellow"}


@click.group()
def runs() -> None:
    """Look at runs, and end them."""


@runs.command("list")
@json_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def list_runs(as_json: bool, limit: int) -> None:
    """List live and lately ended runs, newest first."""
    with state_of_runs(current_settings()) as connection:
        views = []
        for run_id in connection.store.recent_runs(limit):
            try:
                views.append(connection.store.view(run_id, steps=False))
            except RunNotFoundError:
                continue  # it has just been forgotten
        if as_json:
            for view in views:
                print_json(_record(view))
            return
        if not views:
            ERR.print("no runs yet", style="dim")
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("run", "status", "started", "took", "steps", "selection", "code"):
            side: JustifyMethod = "right" if name in ("took", "steps") else "left"
            table.add_column(name, justify=side, overflow="fold", no_wrap=name in ("run", "started"))
        for view in views:
            about = _about(view)
            table.add_row(
                view.run_id,
                Text(view.status.value.lower(), style=_STYLES.get(view.status, "cyan")),
                datetime.fromtimestamp(view.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
                seconds_text((view.ended or time.time()) - view.created),
                f"{about.steps - view.left:,}/{about.steps:,}" if view.left else f"{about.steps:,}",
                Text(about.selection),
                Text(about.code, style="dim"),
            )
        OUT.print(table)


@runs.command("show")
@click.argument("run_id")
@json_option
@click.option("--follow", "following", is_flag=True, help="Stay until the run is over.")
def show_run(run_id: str, as_json: bool, following: bool) -> int:
    """Show one run: every step, what it made, and what went wrong."""
    check_run_id(run_id)
    with state_of_runs(current_settings()) as connection:
        handle = RunHandle(run_id, connection.store, connection.signer, connection.announce)
        if following and not handle.status.is_terminal:
            return 0 if follow(handle, as_json=as_json).success else 1
        view = handle.store_view()
        if as_json:
            names = [step.key for step in handle.plan.steps]
            states = {name: state.label for name, state in zip(names, view.states, strict=True)}
            print_json({**_record(view), "states": states})
            return 0
        about = _about(view)
        OUT.print(
            Text.assemble(
                ("run ", "dim"), (run_id, "bold"), f" · {about.environment} · {about.selection} · {about.code}"
            )
        )
        if view.status.is_terminal:
            for event in handle.events():
                for line in lines_of(event):
                    OUT.print(line)
            show_end(handle.wait(raise_on_error=False))
            return 0
        for step, state in zip(handle.plan.steps, view.states, strict=True):
            mark, style = MARKS[state]
            OUT.print(Text.assemble((f"  {mark} ", style), f"{step.key:<28} {state.label}"))
        OUT.print(f"{view.status.value.lower()}, {view.left:,} steps left", style="cyan")
        return 0


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
    """Go on with a paused run."""
    with _handle(run_id) as handle:
        status = handle.resume()
        OUT.print(f"run {run_id} is {status.value.lower()}")


@contextmanager
def _handle(run_id: str) -> Iterator[RunHandle]:
    check_run_id(run_id)
    with state_of_runs(current_settings()) as connection:
        yield RunHandle(run_id, connection.store, connection.signer, connection.announce)


def _about(view: RunView) -> RunAbout:
    return msgspec.json.decode(view.about, type=RunAbout)


def _record(view: RunView) -> dict[str, object]:
    about = _about(view)
    return {
        "run": view.run_id,
        "status": view.status.value,
        "created": view.created,
        "started": view.started,
        "ended": view.ended,
        "steps": about.steps,
        "left": view.left,
        "selection": about.selection,
        "environment": about.environment,
        "code": about.code,
        "tags": about.tags,
    }
