"""``assetflow assets``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, print_json, size_text
from assetflow.cli.history import history, rollback
from assetflow.cli.targets import check_not_empty, definitions_options, env_option, json_option, load_project
from assetflow.definitions.metadata_records import metadata_from_json
from assetflow.definitions.op import KIND_TAG
from assetflow.errors import InvalidSubsetError, InvariantViolationError
from assetflow.io.manifests import Manifest
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_selection
from assetflow.submission import Project
from assetflow.values import AssetValueLoader


@click.group()
def assets() -> None:
    """Look at assets and what is stored of them."""


assets.add_command(history)
assets.add_command(rollback)


@assets.command("list")
@click.argument("selection", nargs=-1)
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
    shelf = _Shelf(project)
    if as_json:
        for key in keys:
            print_json(_record(graph, key, shelf.stored(key)))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("asset", "group", "stored", "size", "description"):
        table.add_column(name, justify="right" if name == "size" else "left", overflow="fold")
    for key in keys:
        manifest = shelf.stored(key)
        table.add_row(
            Text(key.to_user_string()),
            graph.group_of(key),
            Text(_when(manifest.stored_at) if manifest else "never", style="default" if manifest else "dim"),
            size_text(manifest.size) if manifest else "",
            Text((graph.assets_by_key[key].descriptions_by_key[key] or "").partition("\n")[0], style="dim"),
        )
    OUT.print(table)
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
    manifest = _Shelf(project).stored(chosen[0])
    record = _record(graph, chosen[0], manifest)
    if as_json:
        print_json(record)
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
    if manifest is None:
        grid.add_row(Text("stored", style="dim"), "never")
    else:
        grid.add_row(
            Text("stored", style="dim"), f"{_when(manifest.stored_at)}, {size_text(manifest.size)}, {manifest.type}"
        )
        grid.add_row(Text("run", style="dim"), manifest.run_id)
        grid.add_row(Text("version", style="dim"), manifest.version)
        for label, item in metadata_from_json(manifest.metadata).items():
            grid.add_row(Text(label, style="dim"), Text(str(item.value)))
    OUT.print(grid)


class _Shelf:
    """What is stored, as far as it can be seen without running anything."""

    def __init__(self, project: Project) -> None:
        self._loader = AssetValueLoader(project.definitions)

    def stored(self, key: AssetKey) -> Manifest | None:
        """The published version; None if there is none, or its IO manager keeps no versions."""
        try:
            return self._loader.keeper(key).current(key.parts)
        except InvariantViolationError:
            return None


def _record(graph: AssetGraph, key: AssetKey, manifest: Manifest | None) -> dict[str, Any]:
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
