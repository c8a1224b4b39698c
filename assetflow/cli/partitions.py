"""``assetflow partitions``: which partitions there are, and how each of them stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, print_json
from assetflow.cli.staleness import standings_by_now
from assetflow.cli.targets import (
    check_not_empty,
    definitions_options,
    env_option,
    json_option,
    load_project,
    same_place,
    selection_argument,
)
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.engine.standings import PartitionStandings, PartitionState, Standings, standings
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.syntax import resolve_selection
from assetflow.partitions.partitions_definition import DynamicPartitionsStore, PartitionsDefinition
from assetflow.wiring import current_settings

_BAR = 20
_RANGES_SHOWN = 4
_STYLES = {
    PartitionState.MATERIALIZED: "green",
    PartitionState.RUNNING: "cyan",
    PartitionState.FAILED: "red",
    PartitionState.SKIPPED: "dim",
    PartitionState.MISSING: "yellow",
}
_TOLD = (PartitionState.FAILED, PartitionState.RUNNING, PartitionState.SKIPPED, PartitionState.MISSING)


@click.command()
@selection_argument
@definitions_options
@env_option
@json_option
@click.option("--state", "wanted", multiple=True, type=click.Choice([state.value for state in PartitionState]),
              help="Only those that stand so; may be repeated.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="All ranges.")
def partitions(
    selection: tuple[str, ...],
    module: str | None,
    file: Path | None,
    as_json: bool,
    wanted: tuple[str, ...],
    verbose: bool,
) -> None:
    """Show how many partitions SELECTION has, and which of them are made, failed, skipped, being made, or missing.

    A partition has failed if the last try to make it, or what it needs, has, whether or not it was made before.
    """
    project = load_project(module, file, selection)
    graph = project.graph()
    chosen = " ".join(selection) or None
    keys = resolve_selection(graph, chosen)
    check_not_empty(graph, keys, chosen)
    divided = {key: graph.assets_by_key[key] for key in keys if graph.assets_by_key[key].partitions_def is not None}
    if not divided:
        names = ", ".join(key.to_user_string() for key in keys[:3]) + (", ..." if len(keys) > 3 else "")
        raise InvalidInvocationError(
            f"{names} {'has' if len(keys) == 1 else 'have'} no partitions",
            where=str(graph.assets_by_key[keys[0]].location),
            fix="@asset(partitions_def=...) divides an asset; `assetflow assets list` tells how the others stand",
        )
    states = {PartitionState(state) for state in wanted} or set(_TOLD)
    store = KnownPartitions(current_settings())
    with standings_by_now(current_settings()) as known:
        found = [_Standing.of(key, asset, known, store) for key, asset in divided.items()]
    if as_json:
        for one in found:
            print_json(one.record({PartitionState(state) for state in wanted}))
        return
    OUT.print(_table(found, states, verbose=verbose))
    if any(one.told.counts[PartitionState.FAILED] for one in found):
        again = f"assetflow backfill{_said(chosen)}{same_place(module, file)} --partitions all --failed"
        OUT.print(f"make what has failed again: {again}", style="dim", soft_wrap=True)
    elif any(one.told.counts[PartitionState.MISSING] for one in found):
        again = f"assetflow backfill{_said(chosen)}{same_place(module, file)} --partitions all --missing"
        OUT.print(f"make what is missing: {again}", style="dim", soft_wrap=True)


def _said(chosen: str | None) -> str:
    return f" '{chosen}'" if chosen else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How the partitions of one asset stand."""

    key: AssetKey
    definition: PartitionsDefinition
    told: PartitionStandings

    @staticmethod
    def of(key: AssetKey, asset: AssetsDefinition, known: Standings | None, store: DynamicPartitionsStore) -> _Standing:
        definition = asset.partitions_def
        assert definition is not None, "only those that are divided are looked at"
        every = definition.get_partition_keys(dynamic_partitions_store=store)
        told = standings(every, (), {}) if known is None else known.of(key, every)
        return _Standing(key=key, definition=definition, told=told)

    def record(self, wanted: Collection[PartitionState]) -> dict[str, object]:
        """It as JSON; with the ranges of some states only, if any are wanted."""
        counts = self.told.counts
        return {
            "asset": self.key.to_user_string(),
            "definition": str(self.definition),
            "partitions": self.told.partitions,
            **{state.value: counts[state] for state in PartitionState if state is not PartitionState.MISSING},
            "missing": [list(one) for one in self.told.ranges(PartitionState.MISSING)],
            "ranges": {
                state.value: [list(one) for one in self.told.ranges(state)]
                for state in PartitionState
                if state in wanted or not wanted
            },
        }

    def ranges(self, states: Collection[PartitionState], *, verbose: bool) -> Text:
        """Those that stand in some ways, by their ranges."""
        parts: list[Text] = []
        for state in PartitionState:
            found = self.told.ranges(state) if state in states else []
            if found:
                parts.append(Text.assemble((f"{state.value} ", _STYLES[state]), _written(found, verbose=verbose)))
        return Text("; ").join(parts) if parts else Text("none", style="dim")

    def bar(self) -> Text:
        """How many stand in each way, as a bar."""
        counts, total = self.told.counts, max(1, self.told.partitions)
        bar, left, seen = Text(), _BAR, 0
        for state in PartitionState:
            if state is PartitionState.MISSING:
                continue
            seen += counts[state]
            filled = max(seen * _BAR // total - (_BAR - left), 1 if counts[state] and left else 0)
            bar.append(("▒" if state is PartitionState.SKIPPED else "█") * filled, style=_STYLES[state])
            left -= filled
        return bar.append("░" * left, style="dim")


def _table(found: Sequence[_Standing], states: Collection[PartitionState], *, verbose: bool) -> Table:
    shown = [state for state in _TOLD[:3] if any(one.told.counts[state] for one in found)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("asset", overflow="fold")
    for name in ("made", "", *(state.value for state in shown)):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    table.add_column("which", overflow="fold")
    for one in found:
        counts = one.told.counts
        made = f"{counts[PartitionState.MATERIALIZED]:,} of {one.told.partitions:,}"
        numbers = (Text(f"{counts[state]:,}", style=_STYLES[state] if counts[state] else "dim") for state in shown)
        table.add_row(one.key.to_user_string(), made, one.bar(), *numbers, one.ranges(states, verbose=verbose))
    return table


def _written(ranges: Sequence[tuple[str, str]], *, verbose: bool) -> str:
    shown = ranges if verbose else ranges[:_RANGES_SHOWN]
    told = ", ".join(first if first == last else f"{first}..{last}" for first, last in shown)
    return told if len(shown) == len(ranges) else f"{told}, and {len(ranges) - len(shown):,} more ranges (-v)"
