"""``assetflow promote``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json, size_text
from assetflow.cli.targets import (
    check_not_empty,
    confirm,
    definitions_options,
    json_option,
    load_project,
    selection_argument,
    user_name,
    yes_option,
)
from assetflow.environments import Environments
from assetflow.io.promotion import Promotion
from assetflow.keys import AssetKey
from assetflow.lineage.syntax import resolve_selection
from assetflow.promoting import promotable, publish, published_item, record_promotion
from assetflow.values import AssetValueLoader
from assetflow.wiring import current_settings

_SAME = ("the same bytes are there", "dim")
_REPLACES = ("replaces what is there", "yellow")
_NEW = ("new", "green")


@click.command()
@selection_argument
@click.option("--from", "source", required=True, metavar="ENV", help="Where it was made and looked at.")
@click.option("--to", "target", required=True, metavar="ENV", help="Where it is to be published.")
@definitions_options
@json_option
@yes_option
@click.option("--dry-run", is_flag=True, help="Only say what would be published.")
def promote(
    selection: tuple[str, ...],
    source: str,
    target: str,
    module: str | None,
    file: Path | None,
    as_json: bool,
    yes: bool,
    dry_run: bool,
) -> int:
    """Publish in one environment what another has made; nothing is computed.

    Each asset of SELECTION is published as a whole or not at all, and nothing is if one of them is missing; of an asset
    with partitions, each that was made. Assets that keep nothing, or whose IO manager keeps no versions, are left out.
    """
    project = load_project(module, file, selection)
    settings = current_settings()
    environments = Environments(settings, project.definitions)
    if environments.get(source).name == environments.get(target).name:
        raise click.UsageError("--from and --to are the same environment")
    chosen = " ".join(selection) or None
    keys = resolve_selection(project.graph(), chosen)
    check_not_empty(project.graph(), keys, chosen)
    with (
        AssetValueLoader(project.definitions, env=source) as there,
        AssetValueLoader(project.definitions, env=target) as here,
    ):
        wanted = promotable(keys, there, here, source, target)
        for key in wanted.left_out:
            ERR.print(f"{key.to_user_string()} keeps no versions: it is left out", style="dim")
        found = wanted.found
        new = [one for one in found if not one.is_done]
        if not as_json:
            _show(found, source, target)
            _tell_what_stays(new, target)
        if dry_run or not new:
            _report(found, new if dry_run else [], as_json, dry_run)
            return 0
        if not confirm(environments, target, yes=yes):
            return 1
        done, items = [], []
        try:
            for one in new:
                told = publish(settings, environments, one, source, target)
                done.append(one)
                items.append(published_item(one, told))
                if not as_json and not one.partition:
                    OUT.print(Text.assemble(("✔ ", "green"), f"{one.key.to_user_string()} is version {told.version}"))
        finally:
            if items:
                record_promotion(settings, user_name(), source, target, items)
        if not as_json:
            _tell_partitions(done)
    _report(found, done, as_json, dry_run)
    return 0


def _show(found: list[Promotion], source: str, target: str) -> None:
    OUT.print(Text(f"{source} → {target}", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for key, ones in _by_asset(found).items():
        counts = Counter((_SAME if one.is_done else _REPLACES if one.replaces else _NEW) for one in ones)
        divided = bool(ones[0].partition)
        notes = Text("  ").join(
            Text(f"{count:,} {note}" if divided and len(counts) > 1 else note, style)
            for (note, style), count in counts.items()
        )
        size = size_text(sum(one.manifest.size for one in ones))
        table.add_row(key.to_user_string(), count_text(len(ones), "partition") if divided else "", size, notes)
    OUT.print(table)


def _tell_what_stays(new: list[Promotion], target: str) -> None:
    """What is published where nothing was cannot be taken back, and that is said before it is done."""
    if fresh := _by_asset([one for one in new if one.replaces is None]):
        words = "is new there, so it stays" if len(fresh) == 1 else "are new there, so they stay"
        told = f"{count_text(len(fresh), 'asset')} {words}: going back needs an earlier version in {target}"
        OUT.print(Text(told, style="yellow"))


def _tell_partitions(done: list[Promotion]) -> None:
    for key, ones in _by_asset([one for one in done if one.partition]).items():
        OUT.print(
            Text.assemble(("✔ ", "green"), f"{key.to_user_string()}: {count_text(len(ones), 'partition')} published")
        )


def _by_asset(found: list[Promotion]) -> dict[AssetKey, list[Promotion]]:
    together: dict[AssetKey, list[Promotion]] = {}
    for one in found:
        together.setdefault(one.key, []).append(one)
    return together


def _report(found: list[Promotion], done: list[Promotion], as_json: bool, dry_run: bool) -> None:
    if as_json:
        for one in found:
            print_json(
                {
                    "asset": one.key.to_user_string(),
                    **({"partition": one.partition} if one.partition else {}),
                    "size": one.manifest.size,
                    "checksum": one.manifest.checksum,
                    "same": one.is_done,
                    "promoted": one in done and not dry_run,
                }
            )
    elif dry_run:
        OUT.print(f"{count_text(len(_by_asset(done)), 'asset')} would be published", style="dim")
    elif not done:
        OUT.print("nothing to publish", style="dim")
