"""``assetflow pools`` and ``assetflow run-limits``."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, print_json
from assetflow.cli.lazy import Group
from assetflow.cli.targets import json_option, state_of_runs
from assetflow.runs.limits import LARGEST_LIMIT, LimitUse
from assetflow.wiring import current_settings

_LIMIT = click.IntRange(1, LARGEST_LIMIT)


def _name(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not value.strip() or value.startswith("=") or (value != "*" and "*" in value):
        raise click.BadParameter(f"{value!r} names nothing")
    return value


@click.group(cls=Group)
def pools() -> None:
    """Bound how many steps of a pool run at once, in all runs."""


@pools.command("list")
@json_option
def list_pools(as_json: bool) -> None:
    """List the pools that have a limit or are in use."""
    with state_of_runs(current_settings()) as connection:
        _show(connection.limits.pools(), "pool", "steps", as_json)


@pools.command("set")
@click.argument("pool", callback=_name)
@click.argument("limit", type=_LIMIT)
def set_pool(pool: str, limit: int) -> None:
    """Let LIMIT steps of POOL run at once. To let none run, pause the runs."""
    _change_pool(pool, limit)
    OUT.print(f"pool {pool}: {limit:,} at once")


@pools.command("unset")
@click.argument("pool", callback=_name)
def unset_pool(pool: str) -> None:
    """Lift the limit of POOL."""
    _change_pool(pool, None)
    OUT.print(f"pool {pool}: no limit")


@click.group("run-limits", cls=Group)
def run_limits() -> None:
    """Bound how many runs are under way at once; the others wait."""


@run_limits.command("list")
@json_option
def list_run_limits(as_json: bool) -> None:
    """List the limits that are set."""
    with state_of_runs(current_settings()) as connection:
        _show(connection.limits.run_limits(), "runs", "runs", as_json)


@run_limits.command("set")
@click.argument("name", callback=_name)
@click.argument("limit", type=_LIMIT)
def set_run_limit(name: str, limit: int) -> None:
    """Let LIMIT runs be under way at once: all of them (NAME "*"), or those with a tag (team, or team=web)."""
    _change_runs(name, limit)
    OUT.print(f"runs with {name}: {limit:,} at once" if name != "*" else f"runs: {limit:,} at once")


@run_limits.command("unset")
@click.argument("name", callback=_name)
def unset_run_limit(name: str) -> None:
    """Lift the limit of NAME."""
    _change_runs(name, None)
    OUT.print(f"runs with {name}: no limit" if name != "*" else "runs: no limit")


def _change_pool(pool: str, limit: int | None) -> None:
    with state_of_runs(current_settings()) as connection:
        connection.announce("", connection.limits.set_pool_limit(pool, limit))


def _change_runs(name: str, limit: int | None) -> None:
    with state_of_runs(current_settings()) as connection:
        connection.announce("", connection.limits.set_run_limit(name, limit))


def _show(uses: Sequence[LimitUse], title: str, noun: str, as_json: bool) -> None:
    if as_json:
        for use in uses:
            print_json(msgspec.to_builtins(use))
        return
    if not uses:
        ERR.print("no limit is set", style="dim")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(title, overflow="fold")
    for name in ("limit", noun, "waiting"):
        table.add_column(name, justify="right")
    for use in uses:
        full = use.limit is not None and len(use.holders) >= use.limit
        table.add_row(
            use.name,
            "none" if use.limit is None else f"{use.limit:,}",
            Text(f"{len(use.holders):,}", style="yellow" if full else ""),
            f"{use.waiting:,}",
        )
    OUT.print(table)
