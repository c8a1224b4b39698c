"""``assetflow backfill``: many partitions in one run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from assetflow.cli.console import OUT, count_text
from assetflow.cli.launching import Launch, launch
from assetflow.cli.materialize import read_config, read_tags
from assetflow.cli.partition_ranges import read_partitions
from assetflow.cli.staleness import standings_by_now
from assetflow.cli.targets import (
    definitions_options,
    env_option,
    json_option,
    load_project,
    selection_argument,
    workers_option,
    yes_option,
)
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.targets import WantedPartitions
from assetflow.submission import Project
from assetflow.wiring import current_settings


@click.command()
@selection_argument
@definitions_options
@env_option
@json_option
@yes_option
@click.option("--partitions", "asked", multiple=True, metavar="A..B",
              help="A key, or a range of keys, or `all`; may be repeated.")  # fmt: skip
@click.option("--missing", is_flag=True, help="Only those that were never materialized.")
@click.option("--failed", is_flag=True, help="Only those whose last try has failed; with --missing, those too.")
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="JSON file with the run config.")  # fmt: skip
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Shown in listings; may be repeated.")
@click.option("--run-key", help="Your name for this request: asked again, it follows the run that exists.")
@click.option("--priority", default=0, show_default=True, metavar="N", type=click.IntRange(-1000, 1000),
              help="Runs with a higher one go first.")  # fmt: skip
@workers_option
@click.option("--ship-code", is_flag=True, help="Send the code along even if workers can import it.")
@click.option("--no-wait", is_flag=True, help="Print the run's id and return.")
def backfill(
    selection: tuple[str, ...],
    module: str | None,
    file: Path | None,
    as_json: bool,
    yes: bool,
    asked: tuple[str, ...],
    missing: bool,
    failed: bool,
    config_file: Path | None,
    tags: tuple[str, ...],
    run_key: str | None,
    priority: int,
    workers: int,
    ship_code: bool,
    no_wait: bool,
) -> int:
    """Materialize partitions A to B of SELECTION, or of everything, in one run.

    The keys are those of the asset that comes first. What is divided in another way gets the partitions that need
    these; what is not divided is made once, after what it needs. A partition whose upstream fails is not run. With
    --missing and --failed, what a run makes just now is left to that run.
    """
    if not asked:
        raise click.UsageError(
            "say which partitions: --partitions A..B, a key, or `all`; `assetflow partitions` shows which there are"
        )
    project = load_project(module, file, selection)
    chosen = " ".join(selection) or None
    partitions = replace(read_partitions(asked), store=KnownPartitions(current_settings()))
    if missing or failed:
        partitions = replace(partitions, made=_left_out(project, chosen, partitions, missing=missing, failed=failed))
        graph, plan = project.plan(chosen, with_code_versions=False, partitions=partitions)
        if not any(step.partitions for step in plan.steps):
            none, every = f"none of {_of(graph)} has failed", f"nothing is missing: {_of(graph)} are materialized"
            OUT.print(Text.assemble(("✔ ", "green"), every if missing else none))
            return 0
    return launch(
        project,
        Launch(
            selection=chosen,
            config=read_config(config_file),
            tags=read_tags(tags),
            partitions=partitions,
            run_key=run_key,
            priority=priority,
            workers=workers,
            ships_code=ship_code,
            no_wait=no_wait,
            yes=yes,
            as_json=as_json,
        ),
    )


def _left_out(
    project: Project, chosen: str | None, partitions: WantedPartitions, *, missing: bool, failed: bool
) -> Mapping[AssetKey, Collection[str]]:
    """The partitions that are not made, of everything that would be: those that are there, or have not failed."""
    _, plan = project.plan(chosen, with_code_versions=False, partitions=partitions)
    wanted: dict[AssetKey, set[str]] = {}
    for step in plan.steps:
        for key in step.asset_keys if step.partitions else ():
            wanted.setdefault(key, set()).update(step.partitions)
    with standings_by_now(current_settings()) as known:
        if known is None:
            return {} if missing else wanted
        left: dict[AssetKey, Collection[str]] = {}
        under_way = known.under_way(wanted)
        tried = known.catalog.unmade(wanted) if failed else []
        for key, every in wanted.items():
            again = {one.partition for one in tried if one.asset == key.to_string() and one.outcome != "skipped"}
            there = set(known.catalog.partitions(key)) if missing else every
            left[key] = (there - again) | (every & under_way[key].keys())
        return left


def _of(graph: AssetGraph) -> str:
    divided = {asset for asset in graph.assets_by_key.values() if asset.partitions_def is not None}
    return f"these partitions of {count_text(len(divided), 'asset')}"
