"""``assetflow promote``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json, size_text
from assetflow.cli.targets import check_not_empty, confirm, definitions_options, json_option, load_project, yes_option
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, InvariantViolationError
from assetflow.io.promotion import Promotion
from assetflow.io.promotion import promote as take_over
from assetflow.keys import AssetKey
from assetflow.lineage.syntax import resolve_selection
from assetflow.republishing import Republished, record_republished
from assetflow.values import AssetValueLoader
from assetflow.wiring import current_settings


@click.command()
@click.argument("selection", nargs=-1)
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

    Each asset of SELECTION is published as a whole or not at all, and nothing is if one of them is missing; of one with
    partitions, those that are there are published. Assets that keep nothing, or whose IO manager keeps no versions, are
    left out.
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
        found = _wanted(keys, there, here, source, target)
        new = [one for one in found if not one.is_done]
        if not as_json:
            _show(found, source, target)
        if dry_run or not new:
            _report(found, new if dry_run else [], as_json, dry_run)
            return 0
        if not confirm(environments, target, yes=yes):
            return 1
        done = []
        for one in new:
            told = take_over(one, source)
            done.append(one)
            record_republished(
                settings,
                Republished(
                    key=one.key,
                    partition=one.partition,
                    manifest=told,
                    environment=environments.get(target).name,
                    source=environments.get(source).name,
                    version=one.manifest.version,
                    how="promote",
                ),
            )
            if not as_json:
                OUT.print(Text.assemble(("✔ ", "green"), f"{one.title} is version {told.version}"))
    _report(found, done, as_json, dry_run)
    return 0


def _wanted(
    keys: list[AssetKey],
    there: AssetValueLoader,
    here: AssetValueLoader,
    source: str,
    target: str,
) -> list[Promotion]:
    found, missing = [], []
    for key in keys:
        try:
            origin, goal = there.keeper(key), here.keeper(key)
        except InvariantViolationError:
            ERR.print(f"{key.to_user_string()} keeps no versions: it is left out", style="dim")
            continue
        if origin.location == goal.location:
            raise InvalidInvocationError(
                f"{source} and {target} keep {key.to_user_string()} in one place, {origin.location}",
                fix="give each environment a storage, or an IO manager, of its own",
            )
        made = [(partition, path, origin.current(path)) for partition, path in there.paths(key).items()]
        if all(manifest is None for _, _, manifest in made):
            missing.append(key.to_user_string())
        found += [
            Promotion(
                key=key,
                partition=partition,
                source=origin,
                target=goal,
                manifest=manifest,
                replaces=goal.current(path),
            )
            for partition, path, manifest in made
            if manifest is not None
        ]
    if missing:
        raise InvalidInvocationError(
            f"{source} has not made {', '.join(missing)}: nothing is published",
            fix=f"assetflow materialize {' '.join(missing)} --env {source}, or select the others",
        )
    return found


def _show(found: list[Promotion], source: str, target: str) -> None:
    OUT.print(Text(f"{source} → {target}", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for one in found:
        note = "the same bytes are there" if one.is_done else "replaces what is there" if one.replaces else "new"
        style = "dim" if one.is_done else "yellow" if one.replaces else "green"
        table.add_row(one.title, size_text(one.manifest.size), Text(note, style=style))
    OUT.print(table)


def _report(found: list[Promotion], done: list[Promotion], as_json: bool, dry_run: bool) -> None:
    if as_json:
        for one in found:
            print_json(
                {
                    "asset": one.key.to_user_string(),
                    "partition": one.partition or None,
                    "size": one.manifest.size,
                    "checksum": one.manifest.checksum,
                    "same": one.is_done,
                    "promoted": one in done and not dry_run,
                }
            )
    elif dry_run:
        OUT.print(f"{count_text(len(done), 'asset')} would be published", style="dim")
    elif not done:
        OUT.print("nothing to publish", style="dim")
