"""``assetflow diff``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, count_text, print_json
from assetflow.cli.targets import check_not_empty, definitions_options, json_option, load_project, selection_argument
from assetflow.comparing.frames import ColumnDifference, FrameDifference
from assetflow.comparing.values import Difference
from assetflow.differing import compared
from assetflow.environments import Environments
from assetflow.keys import AssetKey
from assetflow.lineage.syntax import resolve_selection
from assetflow.values import AssetValueLoader
from assetflow.wiring import current_settings


@click.command()
@click.argument("before", metavar="ENV")
@click.argument("after", metavar="OTHER_ENV")
@selection_argument
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
            told = compared(graph, environments, asset, one, other, (before, after), keys)
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
