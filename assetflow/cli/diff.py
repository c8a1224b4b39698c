"""``assetflow diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, count_text, print_json
from assetflow.cli.targets import check_not_empty, definitions_options, json_option, load_project
from assetflow.comparing.frames import ColumnDifference, FrameDifference
from assetflow.comparing.values import Difference, compare
from assetflow.environments import Environments
from assetflow.errors import InvariantViolationError
from assetflow.io.manifests import Manifest, same_bytes
from assetflow.keys import AssetKey
from assetflow.lineage.syntax import resolve_selection
from assetflow.submission import Project
from assetflow.values import AssetValueLoader
from assetflow.wiring import current_settings

_KEY_LABELS = ("primary_key", "key")
_PARTITIONS_SHOWN = 5


@click.command()
@click.argument("before", metavar="ENV")
@click.argument("after", metavar="OTHER_ENV")
@click.argument("selection", nargs=-1)
@click.option("--key", "keys", multiple=True, metavar="COLUMN", help="Tells rows apart; may be repeated. By default "
              "what the definition's metadata calls primary_key.")  # fmt: skip
@definitions_options
@json_option
def diff(
    before: str, after: str, selection: tuple[str, ...], keys: tuple[str, ...], module: str | None, file: Path | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Show how OTHER_ENV differs from ENV in what it has published.

    Frames are compared by columns, rows and figures, other values by what they are. Equal bytes are not loaded. The
    exit code is 1 if something differs.
    """
    project = load_project(module, file, selection)
    environments = Environments(current_settings(), project.definitions)
    for name in (before, after):
        environments.get(name)
    graph = project.graph()
    chosen = " ".join(selection) or None
    found = resolve_selection(graph, chosen)
    check_not_empty(graph, found, chosen)
    differing = 0
    with (
        AssetValueLoader(project.definitions, env=before) as one,
        AssetValueLoader(project.definitions, env=after) as other,
    ):
        for asset in found:
            told = _compared(project, asset, one, other, keys)
            if told is None:
                missing = (before, after) if _published(one, asset) is None else (after, before)
                told = _unmade(environments, *missing)
            differing += not told.same
            if as_json:
                print_json(
                    {
                        "asset": asset.to_user_string(),
                        "same": told.same,
                        "summary": told.summary,
                        "details": told.details,
                        "frame": None if told.frame is None else told.frame.record(),
                    }
                )
            else:
                _show(asset, told)
    if not as_json:
        text = "no difference" if not differing else f"{count_text(differing, 'asset')} of {len(found)} differ"
        OUT.print(text, style="dim")
    return 1 if differing else 0


def _compared(
    project: Project, key: AssetKey, one: AssetValueLoader, other: AssetValueLoader, keys: tuple[str, ...]
) -> Difference | None:
    """How the published values differ; None if one has none that the other has."""
    if project.graph().assets_by_key[key].partitions_def is not None:
        return _partitions_compared(key, one, other)
    old, new = _published(one, key), _published(other, key)
    if old is None or new is None:
        return Difference(same=True, summary="in neither of them") if old is new else None
    if same_bytes(old, new):
        return Difference(same=True, summary="the same bytes")
    metadata = project.graph().assets_by_key[key].metadata_by_key.get(key) or {}
    told = next((metadata[label] for label in _KEY_LABELS if label in metadata), ())
    chosen = keys or ((told,) if isinstance(told, str) else tuple(told))
    return compare(one.load_published(key), other.load_published(key), chosen)


def _partitions_compared(key: AssetKey, one: AssetValueLoader, other: AssetValueLoader) -> Difference:
    """Which partitions both have, with the same bytes or not, and which only one of them has."""
    found: dict[str, list[str]] = {"the same": [], "differ": [], "only in the first": [], "only in the second": []}
    try:
        before, after = one.keeper(key), other.keeper(key)
    except InvariantViolationError:
        return Difference(same=True, summary="keeps no versions: its partitions are not compared")
    for partition, path in one.paths(key).items():
        old, new = before.current(path), after.current(path)
        if old is not None and new is not None:
            found["the same" if same_bytes(old, new) else "differ"].append(partition)
        elif old is not None or new is not None:
            found["only in the first" if new is None else "only in the second"].append(partition)
    counts = [f"{len(keys):,} {what}" for what, keys in found.items() if keys]
    different = [what for what in ("differ", "only in the first", "only in the second") if found[what]]
    return Difference(
        same=not different,
        summary=f"partitions: {', '.join(counts) or 'none in either of them'}",
        details=[f"{what}: {_some(found[what])}" for what in different],
    )


def _some(keys: list[str]) -> str:
    more = f", and {len(keys) - _PARTITIONS_SHOWN:,} more" if len(keys) > _PARTITIONS_SHOWN else ""
    return ", ".join(keys[:_PARTITIONS_SHOWN]) + more


def _unmade(environments: Environments, missing: str, other: str) -> Difference:
    """Only one has made it; who reads from the other sees the same all the same."""
    if other in environments.chain(missing):
        return Difference(same=True, summary=f"{missing} has not made it, and reads it from {other}")
    return Difference(same=False, summary=f"{missing} has not made it")


def _published(loader: AssetValueLoader, key: AssetKey) -> Manifest | None:
    try:
        return loader.keeper(key).current(key.parts)
    except InvariantViolationError:
        return None


def _show(key: AssetKey, told: Difference) -> None:
    mark = Text("= ", style="dim") if told.same else Text("≠ ", style="yellow")
    style = "dim" if told.same else ""
    OUT.print(
        Text.assemble(mark, (key.to_user_string(), "bold" if not told.same else "dim"), "  ", (told.summary, style))
    )
    for line in told.details:
        OUT.print(Padding(Text(line, overflow="ellipsis", no_wrap=True), (0, 0, 0, 4), expand=False))
    if told.frame is not None and not told.same:
        _show_frame(told.frame)


def _show_frame(found: FrameDifference) -> None:
    OUT.print(Padding(Text(found.by, style="dim"), (0, 0, 0, 4), expand=False))
    if found.columns:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("column", "changed", "type", "nulls", "distinct", "min", "max", "mean"):
            table.add_column(name, justify="left" if name in ("column", "type") else "right", overflow="fold")
        for name, column in found.columns.items():
            table.add_row(name, *_cells(column))
        OUT.print(Padding(table, (0, 0, 0, 4), expand=False))
    for name, rows in found.sample.items():
        shown = ", ".join(_row(row) for row in rows)
        OUT.print(Padding(Text.assemble((f"{name}: ", "dim"), shown), (0, 0, 0, 4), expand=False))


def _cells(column: ColumnDifference) -> list[str]:
    old, new = column.types
    cells = ["" if column.changed is None else f"{column.changed:,}", old if old == new else f"{old} → {new}"]
    for name in ("nulls", "distinct", "min", "max", "mean"):
        one, other = column.before.get(name), column.after.get(name)
        cells.append(_figure(one) if one == other else f"{_figure(one)} → {_figure(other)}")
    return cells


def _figure(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _row(row: Any) -> str:
    if isinstance(row, dict):
        return "/".join(str(value) for value in row.values())
    return f"row {row}"
