"""``assetflow partitions``: which partitions there are, and which of them are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, print_json
from assetflow.cli.staleness import catalog_by_now
from assetflow.cli.targets import check_not_empty, definitions_options, env_option, json_option, load_project
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.syntax import resolve_selection
from assetflow.partitions.partitions_definition import DynamicPartitionsStore, PartitionsDefinition
from assetflow.runs.event_log import Catalog
from assetflow.wiring import current_settings

_BAR = 20
_RANGES_SHOWN = 4


@click.command()
@click.argument("selection", nargs=-1)
@definitions_options
@env_option
@json_option
@click.option("-v", "--verbose", is_flag=True, help="All ranges that are missing.")
def partitions(selection: tuple[str, ...], module: str | None, file: Path | None, as_json: bool, verbose: bool) -> None:
    """Show how many partitions SELECTION has, how many are materialized, and which are missing."""
    project = load_project(module, file, selection)
    graph = project.graph()
    chosen = " ".join(selection) or None
    keys = resolve_selection(graph, chosen)
    check_not_empty(graph, keys, chosen)
    divided = {key: graph.assets_by_key[key] for key in keys if graph.assets_by_key[key].partitions_def is not None}
    if not divided:
        raise InvalidInvocationError(
            "none of these assets has partitions", fix="@asset(partitions_def=...) divides an asset"
        )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("asset", "made", "", "missing"):
        table.add_column(name, justify="right" if name == "made" else "left", overflow="fold")
    with catalog_by_now(current_settings()) as catalog:
        for key, asset in divided.items():
            found = _Standing.of(key, asset, catalog, KnownPartitions(current_settings()))
            if as_json:
                print_json(found.record())
            else:
                table.add_row(*found.row(verbose=verbose))
    if not as_json:
        OUT.print(table)
        OUT.print("make what is missing: assetflow backfill SELECTION --partitions all --missing", style="dim")


class _Standing:
    """How the partitions of one asset stand."""

    def __init__(self, key: AssetKey, definition: PartitionsDefinition, every: Sequence[str], made: set[str]) -> None:
        self.key = key
        self.definition = definition
        self.every = every
        self.made = sum(one in made for one in every)
        missing = definition.subset_with_partition_keys(one for one in every if one not in made)
        self.missing = missing.get_partition_key_ranges(every)

    @staticmethod
    def of(key: AssetKey, asset: AssetsDefinition, catalog: Catalog | None, store: DynamicPartitionsStore) -> _Standing:
        definition = asset.partitions_def
        assert definition is not None, "only those that are divided are looked at"
        made = set() if catalog is None else set(catalog.partitions(key))
        return _Standing(key, definition, definition.get_partition_keys(dynamic_partitions_store=store), made)

    def record(self) -> dict[str, object]:
        return {
            "asset": self.key.to_user_string(),
            "definition": str(self.definition),
            "partitions": len(self.every),
            "materialized": self.made,
            "missing": [list(one) for one in self.missing],
        }

    def row(self, *, verbose: bool) -> tuple[Text | str, ...]:
        total = len(self.every)
        filled = _BAR if not total else self.made * _BAR // total
        style = "green" if self.made == total else "yellow"
        bar = Text.assemble(("█" * filled, style), ("░" * (_BAR - filled), "dim"))
        shown = self.missing if verbose else self.missing[:_RANGES_SHOWN]
        ranges = ", ".join(first if first == last else f"{first}..{last}" for first, last in shown)
        if len(shown) < len(self.missing):
            ranges += f", and {len(self.missing) - len(shown):,} more ranges (-v)"
        return self.key.to_user_string(), f"{self.made:,} of {total:,}", bar, Text(ranges or "none", style="dim")
