"""``assetflow assets history`` and ``assetflow assets rollback``: the versions that are kept."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json, size_text
from assetflow.cli.targets import definitions_options, env_option, json_option, load_project
from assetflow.errors import InvalidInvocationError, InvalidSubsetError
from assetflow.io.history import PastVersion, find_version, history_of
from assetflow.keys import AssetKey
from assetflow.lineage.syntax import resolve_selection
from assetflow.promoting import publish_again
from assetflow.submission import Project
from assetflow.values import AssetValueLoader
from assetflow.wiring import current_settings

partition_option = click.option("--partition", metavar="KEY", help="The partition that is meant, where there are some.")


@click.command("history")
@click.argument("key")
@partition_option
@definitions_options
@env_option
@json_option
def history(key: str, partition: str | None, module: str | None, file: Path | None, as_json: bool) -> None:
    """List the versions of KEY that runs have accepted and that are still kept, the latest first."""
    project = load_project(module, file, [key])
    found = one_asset(project, key)
    with AssetValueLoader(project.definitions) as loader:
        path = _path(loader, found, partition)
        versions = history_of(loader.keeper(found), path)
    if as_json:
        for one in versions:
            print_json(_record(one))
        return
    if not versions:
        ERR.print(f"no version of {_title(found, partition)} is kept", style="dim")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("version", "stored", "size", "type", "run", ""):
        table.add_column(
            name, justify="right" if name == "size" else "left", overflow="fold", no_wrap=name == "version"
        )
    for one in versions:
        told = one.manifest
        notes = ["published"] if one.is_published else []
        notes += [f"restored from {told.restored_from}"] if told.restored_from else []
        notes += [f"promoted from {told.promoted_from}"] if told.promoted_from else []
        table.add_row(
            Text(told.version, style="bold" if one.is_published else ""),
            _when(told.stored_at),
            size_text(told.size),
            Text(told.type.removeprefix("builtins.")),
            told.run_id,
            Text(", ".join(notes), style="green" if one.is_published else "dim"),
        )
    OUT.print(table)


@click.command("rollback")
@click.argument("key")
@click.argument("version", default="@-1")
@click.option("-y", "--yes", is_flag=True, help="Do not ask whether it is meant.")
@partition_option
@definitions_options
@env_option
@json_option
def rollback(
    key: str, version: str, yes: bool, partition: str | None, module: str | None, file: Path | None, as_json: bool
) -> None:
    """Publish the bytes of an earlier VERSION of KEY again, by default those before what is published.

    VERSION is a name that `assetflow assets history` shows, or the beginning of one; @-1, @-2, ... count back from
    what is published. It becomes a version of its own, so what was published stays in the history. Nothing is
    computed.
    """
    project = load_project(module, file, [key])
    found = one_asset(project, key)
    title = _title(found, partition)
    with AssetValueLoader(project.definitions) as loader:
        path, manager = _path(loader, found, partition), loader.keeper(found)
        wanted = find_version(manager, path, version)
        current = manager.current(path)
        if current is not None and current.version == wanted.name:
            raise InvalidInvocationError(
                f"version {wanted.name} of {title} is what is published", fix="name another, or @-1 for the one before"
            )
        told = manager.manifest(path, wanted)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("there is nobody to ask: give --yes")
            what = f"{title}: {size_text(told.size)} of {_when(told.stored_at)}, run {told.run_id or '-'}"
            click.confirm(f"publish {what} in {manager.location}?", abort=True, err=True)
        _, new = publish_again(current_settings(), manager, path, found, wanted.name, partition or "")
    if as_json:
        record = {"asset": found.to_user_string(), "version": new, "restored_from": wanted.name}
        print_json(record if partition is None else {**record, "partition": partition})
        return
    OUT.print(Text.assemble(("✔ ", "green"), f"{title} shows version {wanted.name} again, as {new}"))


def _path(loader: AssetValueLoader, key: AssetKey, partition: str | None) -> tuple[str, ...]:
    """Where it is kept; what is wrong with the partition is said in the words of the command line."""
    try:
        return loader.path(key, partition)
    except InvalidInvocationError as error:
        fix = "name one: --partition KEY" if partition is None else "leave out --partition"
        raise InvalidInvocationError(error.message, where=error.where, fix=fix) from None


def _title(key: AssetKey, partition: str | None) -> str:
    return key.to_user_string() if partition is None else f"{key.to_user_string()}[{partition}]"


def one_asset(project: Project, key: str) -> AssetKey:
    """The one asset that is meant; InvalidSubsetError if it is not exactly one."""
    chosen = resolve_selection(project.graph(), key)
    if len(chosen) != 1:
        raise InvalidSubsetError(
            f"{key} means {count_text(len(chosen), 'asset')}, and one is wanted",
            fix="give its key: `assetflow assets list`, with the same -m or -f, shows them",
        )
    return chosen[0]


def _record(one: PastVersion) -> dict[str, object]:
    told = one.manifest
    return {
        "version": told.version,
        "at": datetime.fromtimestamp(told.stored_at, UTC).isoformat(timespec="seconds"),
        "size": told.size,
        "type": told.type,
        "format": told.codec,
        "run": told.run_id,
        "published": one.is_published,
        "restored_from": told.restored_from or None,
        "promoted_from": told.promoted_from or None,
        "checksum": told.checksum,
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
