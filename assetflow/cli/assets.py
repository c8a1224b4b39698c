"""``assetflow assets``."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, ago_text, count_text, print_json, size_text
from assetflow.cli.lazy import Group
from assetflow.cli.shelf import Last, Shelf
from assetflow.cli.staleness import cause_record, status_text, statuses_of
from assetflow.cli.targets import (
    check_not_empty,
    definitions_options,
    env_option,
    json_option,
    limit_option,
    load_project,
    same_place,
    selection_argument,
)
from assetflow.cli.versions import history, rollback
from assetflow.cli.why import why
from assetflow.clock import seconds_text
from assetflow.definitions.metadata_records import metadata_from_json
from assetflow.definitions.op import KIND_TAG
from assetflow.errors import InvalidSubsetError
from assetflow.io.manifests import Manifest
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_selection
from assetflow.planning.staleness import AssetStatus
from assetflow.wiring import current_settings, open_history


@click.group(cls=Group)
def assets() -> None:
    """Look at assets and what is stored of them."""


assets.add_command(history)
assets.add_command(rollback)
assets.add_command(why)


@assets.command("list")
@selection_argument
@definitions_options
@env_option
@json_option
def list_assets(selection: tuple[str, ...], module: str | None, file: Path | None, as_json: bool) -> None:
    """List the assets of SELECTION, or all."""
    project = load_project(module, file, selection)
    graph = project.graph()
    chosen = " ".join(selection) or None
    keys = resolve_selection(graph, chosen)
    check_not_empty(graph, keys, chosen)
    shelf = Shelf(project, current_settings())
    shelf.look(keys)
    statuses = statuses_of(project, current_settings(), keys)
    if as_json:
        for key in keys:
            manifest = shelf.stored(key)
            standing = {"state": _state(statuses[key]) if statuses is not None else None}
            print_json(_record(graph, key, manifest, shelf.last(key, manifest)) | standing)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("asset", "group", "state", "materialized", "age", "run", "took", "size", "description"):
        side: JustifyMethod = "right" if name in ("age", "took", "size") else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=name in ("materialized", "age", "run"))
    now = time.time()
    for key in keys:
        last = shelf.last(key, shelf.stored(key))
        table.add_row(
            Text(key.to_user_string()),
            graph.group_of(key),
            _standing(graph, key, statuses, last),
            Text(_when(last.at) if last else "never", style="default" if last else "dim"),
            ago_text(now - last.at) if last else "",
            Text(last.run_id if last else "", style="dim"),
            seconds_text(last.seconds) if last and last.seconds is not None else "",
            size_text(last.size) if last and last.size is not None else "",
            Text((graph.assets_by_key[key].descriptions_by_key[key] or "").partition("\n")[0], style="dim"),
        )
    OUT.print(table)
    stale = [key for key in keys if statuses is not None and not statuses[key].is_fresh]
    if stale:
        here = same_place(module, file)
        ERR.print(
            f"{count_text(len(stale), 'asset')} of {len(keys)} {'is' if len(stale) == 1 else 'are'} stale or missing. "
            f"Why: assetflow assets why KEY{here}. Make them: assetflow materialize --stale{here}",
            style="dim",
        )
    for source in graph.sources_by_key.values():
        OUT.print(Text(f"{source.key.to_user_string()}  (source, made elsewhere)", style="dim"))


@assets.command("show")
@click.argument("key")
@definitions_options
@env_option
@json_option
def show_asset(key: str, module: str | None, file: Path | None, as_json: bool) -> None:
    """Show all that is known of one asset."""
    project = load_project(module, file, [key])
    graph = project.graph()
    chosen = resolve_selection(graph, key)
    if len(chosen) != 1:
        raise InvalidSubsetError(
            f"{key} means {len(chosen)} assets; show takes one",
            fix="give its key: `assetflow assets list`, with the same -m or -f, shows them",
        )
    shelf = Shelf(project, current_settings())
    shelf.look(chosen)
    manifest = shelf.stored(chosen[0])
    last = shelf.last(chosen[0], manifest)
    record = _record(graph, chosen[0], manifest, last)
    statuses = statuses_of(project, current_settings(), chosen)
    if as_json:
        print_json(record | {"state": _state(statuses[chosen[0]]) if statuses is not None else None})
        return
    OUT.print(Text(record["asset"], style="bold"))
    if record["description"]:
        OUT.print(Text(record["description"]))
    OUT.print()
    grid = Table.grid(padding=(0, 2))
    for label in ("group", "defined", "needs", "needed_by", "owners", "tags", "kinds", "checks", "queue"):
        value = record[label]
        if not value and label in ("owners", "tags", "kinds", "checks"):
            continue
        text = ", ".join(value) if isinstance(value, list) else str(value or "")
        grid.add_row(Text(label.replace("_", " "), style="dim"), Text(text or "-"))
    if statuses is not None:
        grid.add_row(Text("state", style="dim"), _standing(graph, chosen[0], statuses, last))
    if last is None:
        grid.add_row(Text("materialized", style="dim"), "never")
    else:
        which = f", partition {last.partition}" if last.partition else ""
        grid.add_row(Text("materialized", style="dim"), f"{_when(last.at)}, {ago_text(time.time() - last.at)}{which}")
        grid.add_row(Text("run", style="dim"), last.run_id)
        if last.times is not None and last.seconds is not None:
            grid.add_row(Text("took", style="dim"), seconds_text(last.seconds))
            where = f" of {count_text(last.partitions, 'partition')}" if last.partitions else ""
            grid.add_row(Text("in all", style="dim"), count_text(last.times, "materialization") + where)
        if last.partitions and last.size is not None:
            grid.add_row(
                Text("stored", style="dim"), f"{size_text(last.size)} in {count_text(last.partitions, 'partition')}"
            )
    if manifest is not None:
        grid.add_row(
            Text("stored", style="dim"), f"{_when(manifest.stored_at)}, {size_text(manifest.size)}, {manifest.type}"
        )
        grid.add_row(Text("version", style="dim"), manifest.version)
        for label, item in metadata_from_json(manifest.metadata).items():
            grid.add_row(Text(label, style="dim"), Text(str(item.value)))
    OUT.print(grid)


@assets.command("materializations")
@click.argument("key")
@limit_option("Materializations")
@env_option
@json_option
def materializations(key: str, limit: int, as_json: bool) -> None:
    """Show the materializations of an asset, newest first: KEY as it is listed, such as a/b."""
    history = open_history(current_settings())
    wanted = AssetKey.from_user_string(key)
    found = history.catalog.materializations(wanted, limit=limit) if history else []
    if not found:
        states = history.catalog.states() if history else []
        known = [AssetKey.from_db_string(state.asset).to_user_string() for state in states]
        near = difflib.get_close_matches(key, known, 1)
        raise InvalidSubsetError(
            f"the history has no materialization of {key}",
            fix=f"did you mean {near[0]}?" if near else "`assetflow assets list` shows what was materialized, and when",
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("materialized", "age", "run", "took", "size", "partition", "data version", "metadata"):
        side: JustifyMethod = "right" if name in ("age", "took", "size") else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=name in ("materialized", "age", "run"))
    for number, entry in found:
        metadata = {label: one.value for label, one in metadata_from_json(json.loads(entry.metadata)).items()}
        if as_json:
            about = {name: getattr(entry, name) for name in _TOLD}
            print_json({"id": number, "asset": key, **about, "metadata": metadata})
            continue
        table.add_row(
            _when(entry.at),
            ago_text(time.time() - entry.at),
            Text(entry.run_id, style="dim"),
            seconds_text(entry.seconds),
            "" if entry.size is None else size_text(entry.size),
            Text(entry.partition),
            Text(entry.data_version or ""),
            Text(", ".join(f"{label}: {value}" for label, value in metadata.items() if label != "path"), style="dim"),
        )
    if not as_json:
        OUT.print(table)


_TOLD = ("at", "run_id", "partition", "seconds", "size", "uri", "version", "data_version", "code_version")


def _standing(
    graph: AssetGraph,
    key: AssetKey,
    statuses: Mapping[AssetKey, AssetStatus] | None,
    last: Last | None,
) -> Text | str:
    """How an asset stands; of one with partitions, how many there are."""
    if graph.assets_by_key[key].partitions_def is not None:
        made = last.partitions if last is not None else 0
        return Text(
            f"◔ {count_text(made, 'partition')}" if made else "○ no partition", style="default" if made else "dim"
        )
    return status_text(statuses[key], is_stored=last is not None) if statuses is not None else ""


def _state(status: AssetStatus) -> dict[str, Any]:
    return {
        "status": status.status.value,
        "upstream_status": status.upstream.value,
        "causes": [cause_record(cause) for cause in status.causes],
    }


def _record(graph: AssetGraph, key: AssetKey, manifest: Manifest | None, last: Last | None) -> dict[str, Any]:
    asset = graph.assets_by_key[key]
    labels = asset.labels(key)
    return {
        "asset": key.to_user_string(),
        "group": graph.group_of(key),
        "description": asset.descriptions_by_key[key] or "",
        "defined": str(asset.location) if asset.location else "",
        "needs": sorted(found.to_user_string() for found in graph.upstream(key)),
        "needed_by": sorted(found.to_user_string() for found in graph.downstream(key)),
        "owners": list(labels.owners),
        "tags": [f"{label}={value}" if value else label for label, value in labels.tags.items()],
        "kinds": sorted(labels.kinds | {op.tags[KIND_TAG] for op in asset.ops if KIND_TAG in op.tags}),
        "checks": sorted(check.name for check in graph.checks_of([key])),
        "queue": ", ".join(sorted({op.tags.get("assetflow/queue", "default") for op in asset.ops})),
        "materialized": None if last is None else last.record(),
        "stored": None
        if manifest is None
        else {
            "at": datetime.fromtimestamp(manifest.stored_at, UTC).isoformat(timespec="seconds"),
            "size": manifest.size,
            "type": manifest.type,
            "run": manifest.run_id,
            "version": manifest.version,
        },
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
