"""``assetflow gc``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json, size_text
from assetflow.cli.targets import definitions_options, env_option, json_option, load_project, state_of_runs
from assetflow.definitions.bundle import Definitions
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, InvariantViolationError, RunNotFoundError
from assetflow.io.kept_versions import KeepsVersions, KeptVersion
from assetflow.io.retention import KEEP, STAGED_FOR, Garbage, Retention, garbage, remove
from assetflow.io.stores import manager_at
from assetflow.settings import Settings
from assetflow.submission import Project
from assetflow.values import AssetValueLoader
from assetflow.wiring import current_settings

_SHOWN = 20


@click.command("gc")
@click.option(
    "--keep",
    default=KEEP,
    show_default=True,
    metavar="N",
    type=click.IntRange(1),
    help="Versions of each asset to keep.",
)
@click.option(
    "--keep-days", default=1.0, show_default=True, metavar="N", type=click.FloatRange(0), help="And all younger ones."
)
@click.option(
    "--staged-hours",
    default=STAGED_FOR / 3600,
    show_default=True,
    metavar="N",
    type=click.FloatRange(0),
    help="How old is what nobody accepted, before it goes.",
)
@click.option("-y", "--yes", is_flag=True, help="Remove it. Without, it is only shown.")
@definitions_options
@env_option
@json_option
def gc(
    keep: int, keep_days: float, staged_hours: float, yes: bool, module: str | None, file: Path | None, as_json: bool
) -> None:
    """Show what is stored and not needed; --yes removes it.

    That is: versions older than the last few, what killed attempts have staged, and uploads they left half-way.
    What is published stays, and so does everything made since the oldest run began that still goes on. With -m or
    -f it is that of all IO managers of these assets, else of the environment's storage.
    """
    settings = current_settings()
    retention = Retention(keep=keep, keep_seconds=keep_days * 86_400, staged_seconds=staged_hours * 3600)
    oldest = _oldest_live_run(settings)
    total, size = 0, 0
    with ExitStack() as stack:
        project = load_project(module, file) if module or file or settings.modules else None
        for manager in _managers(settings, project, stack):
            count, freed = _collect(manager, retention, oldest, yes, as_json)
            total, size = total + count, size + freed
    if as_json:
        return
    if oldest is not None:
        when = datetime.fromtimestamp(oldest, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        ERR.print(f"a run of {when} goes on: what was made since stays", style="dim")
    text = f"{count_text(total, 'item')}, {size_text(size)}"
    if not total:
        OUT.print("nothing to remove")
    elif yes:
        OUT.print(Text.assemble(("✔ ", "green"), f"removed {text}"))
    else:
        OUT.print(f"{text} could be removed; --yes removes them")


def _managers(settings: Settings, project: Project | None, stack: ExitStack) -> Iterator[KeepsVersions]:
    """Those that the assets are kept by, each place once; and the default one."""
    environments = Environments(settings, Definitions() if project is None else project.definitions)
    default = manager_at(environments.storage_of(environments.get(settings.env)))
    seen = {default.location}
    yield default
    if project is None:
        return
    loader = stack.enter_context(AssetValueLoader(project.definitions))
    for key in project.graph().materializable_keys:
        try:
            manager = loader.keeper(key)
        except InvariantViolationError:
            continue  # it keeps no versions
        if manager.location not in seen:
            seen.add(manager.location)
            yield manager


def _oldest_live_run(settings: Settings) -> float | None:
    """When the oldest run was made that goes on; None if none does, as far as is known here.

    Raises:
        InvalidInvocationError: another command has a cluster in this folder, and only it knows.
    """
    try:
        with state_of_runs(settings) as connection:
            made = []
            for run_id in connection.store.live_runs():
                try:
                    made.append(connection.store.view(run_id, steps=False).created)
                except RunNotFoundError:
                    continue  # it has just been forgotten
            return min(made, default=None)
    except InvalidInvocationError:
        data = settings.home / "valkey"
        if not data.is_dir():
            return None
        raise InvalidInvocationError(
            "another command has a cluster in this folder: what its run has staged cannot be told from garbage",
            where=str(data),
            fix="try again when it has ended; beside `assetflow dev`, or a cluster of its own, gc can be run any time",
        ) from None


def _collect(
    manager: KeepsVersions, retention: Retention, oldest: float | None, yes: bool, as_json: bool
) -> tuple[int, int]:
    """Show what may go, or let it go; how much that is."""
    found = list(garbage(manager, retention, now=time.time(), oldest_live_run=oldest))
    gone = [item for item in found if not yes or remove(manager, item)]
    if as_json:
        for item in gone:
            print_json(
                {
                    "place": manager.location,
                    "item": _title(item),
                    "why": item.why,
                    "at": datetime.fromtimestamp(item.since, UTC).isoformat(timespec="seconds"),
                    "size": item.size,
                    "removed": yes,
                }
            )
    elif gone:
        OUT.print(Text(manager.location, style="bold"))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        for item in gone[:_SHOWN]:
            table.add_row(
                Text(_title(item)), Text(item.why, style="dim"), Text(size_text(item.size) if item.size else "")
            )
        if len(gone) > _SHOWN:
            table.add_row(Text(f"and {len(gone) - _SHOWN:,} more", style="dim"), "", "")
        OUT.print(table)
    return len(gone), sum(item.size for item in gone)


def _title(item: Garbage) -> str:
    if isinstance(item.what, KeptVersion):
        return f"{'/'.join(item.what.path)}@{item.what.version.name}"
    return item.what.place
