"""``assetflow history``."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from assetflow.beside_workers import build_keepers
from assetflow.cli.console import OUT, count_text, print_json, size_text
from assetflow.cli.lazy import Group
from assetflow.cli.targets import json_option, standing_connection
from assetflow.engine.clearing import clear_all
from assetflow.errors import InvalidInvocationError, SettingsError
from assetflow.settings import Settings
from assetflow.wiring import (
    current_settings,
    log_files,
    open_history,
    outbox_of,
    upgrade_history,
)

if TYPE_CHECKING:
    from assetflow.stores.sql.history import SqlHistory


@click.group(cls=Group)
def history() -> None:
    """Look after the history: what is known of runs and assets for good."""


@history.command()
@json_option
def status(as_json: bool) -> None:
    """Tell where the history is, what is in it, and whether runs are recorded there."""
    settings = current_settings()
    found = _opened(settings)
    figures = found.log.figures()
    connection = standing_connection(settings)
    outbox = None if connection is None else outbox_of(connection)
    owner = None if outbox is None else outbox.owner()
    recorded = "" if owner is None else "here" if owner == found.log.identity else "in another history"
    waiting = 0 if outbox is None else len(outbox.waiting())
    if as_json:
        about = {"database": found.database.title, "identity": found.log.identity, "recorded": recorded or None}
        print_json({**about, "runs_waiting": waiting, **figures})
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_row(Text("database", style="dim"), found.database.title)
    grid.add_row(Text("identity", style="dim"), found.log.identity)
    for name in ("runs", "materializations", "assets"):
        grid.add_row(Text(name, style="dim"), f"{figures[name]:,}")
    if figures["oldest"] is not None:
        when = datetime.fromtimestamp(figures["oldest"], UTC).astimezone().strftime("%Y-%m-%d")
        grid.add_row(Text("since", style="dim"), when)
    grid.add_row(Text("size", style="dim"), size_text(int(figures["bytes"] or 0)))
    if connection is not None:
        grid.add_row(Text("runs are recorded", style="dim"), recorded or "nowhere yet")
        grid.add_row(Text("not yet recorded", style="dim"), count_text(waiting, "run"))
    OUT.print(grid)
    if recorded == "in another history":
        OUT.print("to record here from now on: assetflow history adopt", style="dim")


@history.command()
def adopt() -> None:
    """Have the runs of the configured server recorded in this history from now on."""
    settings = current_settings()
    connection = standing_connection(settings)
    if connection is None:
        raise InvalidInvocationError(
            "there is no server whose runs could be recorded",
            fix="start `assetflow dev`, or set ASSETFLOW_REDIS_URL",
        )
    found = _opened(settings, create=True)
    outbox_of(connection).claim(found.log.identity, by_force=True)
    OUT.print(f"runs of {connection.title} are recorded in {found.database.title} from now on")


@history.command()
def upgrade() -> None:
    """Bring the tables of the history into the form that this version needs."""
    settings = current_settings()
    if settings.history_url is None:
        raise _none_kept(settings)
    before, after, title = upgrade_history(settings)
    if before == after:
        OUT.print(f"the history at {title} is of form {after} already")
    else:
        OUT.print(f"the history at {title} is of form {after} now (before: {before or 'no tables'})")


@history.command()
def record() -> None:
    """Record what runs tell, in this process, until it is told to stop; workers do so by themselves."""
    settings = current_settings()
    if settings.history_url is None:
        raise _none_kept(settings)
    recording, *others = build_keepers(settings, f"recorder:{time.time_ns():x}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=recording.ask_to_stop).start())
    for other in others:
        other.start()
    OUT.print(f"recording in {settings.history_title}; Ctrl-C stops it", style="dim")
    recording.run()
    for other in others:
        other.stop()


@history.command()
@click.option(
    "--older-than", "days", metavar="N", type=click.FloatRange(min=0.0), help="Days; by default those of the settings."
)
@click.option("--dry-run", is_flag=True, help="Only tell how many there are.")
@json_option
def gc(days: float | None, dry_run: bool, as_json: bool) -> None:
    """Clear away runs that ended long ago, their logs, and ticks; the newest materialization of an asset stays."""
    settings = current_settings()
    found = _opened(settings)
    kept = settings.history_days if days is None else days
    before = time.time() - kept * 86_400
    count = found.log.count_ended(before) if dry_run else clear_all(found.log, log_files(), before)
    ticks = found.forget_ticks(before, time.time(), dry_run=dry_run)
    if as_json:
        print_json({"runs": count, "ticks": ticks, "dry_run": dry_run, "ended_before": before})
    else:
        verb = "would be cleared away" if dry_run else "cleared away"
        OUT.print(f"{count_text(count, 'run')} that ended more than {kept:g} days ago {verb}")
        OUT.print(f"{count_text(ticks, 'old tick')} of schedules and sensors {verb}", style="" if ticks else "dim")


def _opened(settings: Settings, *, create: bool = False) -> SqlHistory:
    found = open_history(settings, create=create)
    if found is not None:
        return found
    if settings.history_url is None:
        raise _none_kept(settings)
    raise InvalidInvocationError(
        "there is no history here yet",
        where=settings.history_title,
        fix="the first run makes it; ASSETFLOW_DATABASE_URL names another place",
    )


def _none_kept(settings: Settings) -> SettingsError:
    return SettingsError(
        "no history is kept here", where=settings.where("database_url"), fix="remove database_url = none"
    )
