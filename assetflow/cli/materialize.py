"""``assetflow materialize``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from assetflow.cli.launching import Launch, launch
from assetflow.cli.partition_ranges import read_partitions
from assetflow.cli.targets import (
    definitions_options,
    env_option,
    json_option,
    load_project,
    selection_argument,
    workers_option,
    yes_option,
)
from assetflow.submission import wanted_partitions


@click.command()
@selection_argument
@definitions_options
@env_option
@json_option
@yes_option
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="JSON file with the run config.")  # fmt: skip
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Shown in listings; may be repeated.")
@click.option("--job", help="A job among the definitions; SELECTION then narrows it.")
@click.option("--run-key", help="Your name for this request: asked again, it follows the run that exists.")
@click.option("--priority", default=0, show_default=True, metavar="N", type=click.IntRange(-1000, 1000),
              help="Runs with a higher one go first.")  # fmt: skip
@workers_option
@click.option("--ship-code", is_flag=True, help="Send the code along even if workers can import it.")
@click.option("--partition", metavar="KEY", help="The partition to make, of assets that have such.")
@click.option("--partitions", "several", multiple=True, metavar="A..B",
              help="Several, as `assetflow backfill` takes them; with --stale, all by default.")  # fmt: skip
@click.option("--stale", is_flag=True, help="Only what is stale, as `assetflow plan --stale` shows it.")
@click.option("--no-wait", is_flag=True, help="Print the run's id and return.")
def materialize(
    selection: tuple[str, ...],
    module: str | None,
    file: Path | None,
    as_json: bool,
    yes: bool,
    config_file: Path | None,
    tags: tuple[str, ...],
    partition: str | None,
    several: tuple[str, ...],
    job: str | None,
    run_key: str | None,
    priority: int,
    workers: int,
    ship_code: bool,
    stale: bool,
    no_wait: bool,
) -> int:
    """Materialize SELECTION, or everything.

    SELECTION is keys (a/b), group:name, or * for all; +x adds what x needs, x+ what needs x, one + a level,
    *x and x* all of it.
    """
    wanted = Launch(
        selection=" ".join(selection) or None,
        config=read_config(config_file),
        tags=read_tags(tags),
        partitions=wanted_partitions(partition, read_partitions(several) if several else None),
        job=job,
        run_key=run_key,
        priority=priority,
        workers=workers,
        ships_code=ship_code,
        stale_only=stale,
        no_wait=no_wait,
        yes=yes,
        as_json=as_json,
    )
    return launch(load_project(module, file, selection), wanted)


def read_config(path: Path | None) -> dict[str, Any]:
    """The run config in a file."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise click.BadParameter(f"{path} is not JSON: {error}", param_hint="--config") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path} holds no JSON object", param_hint="--config")
    return found


def read_tags(texts: tuple[str, ...]) -> dict[str, str]:
    """Tags as they are written on the command line."""
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--tag")
        found[name] = value
    return found
