"""``assetflow plan``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, ago_text, count_text, print_json
from assetflow.cli.partition_ranges import read_partitions
from assetflow.cli.staleness import recorded, recorded_by_now
from assetflow.cli.targets import (
    check_not_empty,
    definitions_options,
    env_option,
    json_option,
    load_project,
    selection_argument,
)
from assetflow.clock import seconds_text
from assetflow.environments import Environments
from assetflow.errors import HistoryUnreachableError, InvalidInvocationError
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.overlay import overlaid
from assetflow.planning.explain import Expected, StepExplanation, expected, explain, summed_up
from assetflow.planning.needs import Need
from assetflow.planning.plan import Plan
from assetflow.planning.stale_plan import StalePlan
from assetflow.planning.staleness import AssetStatus, judge
from assetflow.planning.targets import WantedPartitions
from assetflow.settings import Settings
from assetflow.submission import Project, wanted_partitions
from assetflow.wiring import current_settings

_IS = {False: "is", True: "are"}
_SKIPPED_SHOWN = 6


@click.command()
@selection_argument
@definitions_options
@env_option
@json_option
@click.option("--partitions", "--partition", "asked", multiple=True, metavar="A..B",
              help="A key, or a range of keys, or `all`; may be repeated.")  # fmt: skip
@click.option("--stale", is_flag=True, help="Plan only what is stale.")
@click.option("-v", "--verbose", is_flag=True, help="Also list everything that is skipped, and each partition.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan as JSON to this file.")
def plan(
    selection: tuple[str, ...],
    module: str | None,
    file: Path | None,
    as_json: bool,
    asked: tuple[str, ...],
    stale: bool,
    verbose: bool,
    save: Path | None,
) -> None:
    """Show what materializing SELECTION would do, and why; nothing is run."""
    project = load_project(module, file, selection)
    settings = current_settings()
    chosen = " ".join(selection) or None
    partitions = wanted_partitions(
        None, read_partitions(asked) if asked else None, KnownPartitions(settings), every=stale
    )
    graph, whole = project.plan(chosen, partitions=partitions)
    check_not_empty(graph, whole.steps, chosen)
    statuses, durations, only = _look(project, settings, chosen, whole, partitions, stale=stale)
    made = overlaid(
        whole if only is None else only.plan, graph, Environments(settings, project.definitions), settings.env
    )
    if save is not None:
        save.write_bytes(made.to_json())
    steps = explain(made, graph, statuses, durations, None if only is None else only.cells)
    skipped = [] if only is None else [key for key, need in only.needs.items() if need is Need.SKIP]
    if as_json:
        for step in steps:
            print_json(_record(step))
        for key in skipped:
            print_json({"step": None, "assets": [key.to_user_string()], "need": "skip", "reason": "fresh"})
        return
    _show(steps, graph, skipped, statuses or {}, expected(made, steps), settings.env, verbose=verbose)
    for key, count in sorted(only.skipped.items() if only is not None else ()):
        if key not in skipped:
            OUT.print(f"left as they are: {count_text(count, 'partition')} of {key.to_user_string()}", style="dim")


def _look(
    project: Project,
    settings: Settings,
    chosen: Any,
    whole: Plan,
    partitions: WantedPartitions | None,
    *,
    stale: bool,
) -> tuple[Mapping[AssetKey, AssetStatus] | None, Mapping[AssetKey, float], StalePlan | None]:
    """How the assets stand, how long each takes, and what is stale of them where only that is wanted."""
    keys = [key for step in whole.steps for key in step.asset_keys]
    try:
        with recorded_by_now(project, settings) if stale else recorded(project, settings) as records:
            durations = records.durations(keys)
            if not stale:
                return judge(project.graph(), records, keys), durations, None
            _, found = project.stale_plan(chosen, records, partitions=partitions)
            return found.statuses, durations, found
    except (HistoryUnreachableError, InvalidInvocationError):
        if stale:
            raise
        return None, {}, None


def _show(
    steps: list[StepExplanation],
    graph: AssetGraph,
    skipped: list[AssetKey],
    statuses: Mapping[AssetKey, AssetStatus],
    lasts: Expected,
    environment: str,
    *,
    verbose: bool,
) -> None:
    left_out = len(graph.materializable_keys) - len(skipped) - len({key for step in steps for key in step.assets})
    maybe = sum(step.need is Need.MAYBE for step in steps)
    counts = [count_text(len(steps) - maybe, "step")]
    counts += [f"{maybe:,} more if what they need changes"] if maybe else []
    counts += [f"{count_text(len(skipped), 'asset')} up to date"] if skipped else []
    counts += [f"{count_text(left_out, 'asset')} left out"] if left_out else []
    OUT.print(Text(f"Plan: {', '.join(counts)}" if steps or not skipped else "Plan: everything is up to date"))
    if steps or skipped:
        OUT.print()
        OUT.print(
            _table(steps if verbose else summed_up(steps), skipped if verbose else skipped[:_SKIPPED_SHOWN], statuses)
        )
        if not verbose and len(skipped) > _SKIPPED_SHOWN:
            OUT.print(f"skip  {len(skipped) - _SKIPPED_SHOWN:,} more, fresh (-v lists them)", style="dim")
    if steps:
        OUT.print()
        OUT.print(f"longest chain: {count_text(max(step.rank for step in steps), 'step')}{_lasts(lasts)}", style="dim")
    stored = sorted({key.to_user_string() for step in steps for key in step.reads_from_storage})
    if stored:
        OUT.print(f"read from storage, not made here: {', '.join(stored)}", style="dim")
    for name in sorted({name for step in steps for name in step.environments.values()}):
        keys = sorted(
            {key.to_user_string() for step in steps for key, found in step.environments.items() if found == name}
        )
        OUT.print(f"read from {name}, because {environment} has not made it: {', '.join(keys)}", style="dim")


def _lasts(lasts: Expected) -> str:
    """How long it may take, as far as that is known."""
    if not lasts.total:
        return ""
    more = f", and {count_text(lasts.unknown, 'step')} of which nothing is known" if lasts.unknown else ""
    return f", about {seconds_text(lasts.path)}; all of it: about {seconds_text(lasts.total)} of work{more}"


def _table(steps: list[StepExplanation], skipped: list[AssetKey], statuses: Mapping[AssetKey, AssetStatus]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("step")
    table.add_column("why", overflow="fold")
    table.add_column("takes", justify="right")
    table.add_column("group")
    table.add_column("queue")
    table.add_column("reads", overflow="fold")
    table.add_column("", overflow="fold")
    for step in steps:
        reads = [key.to_user_string() for key in step.reads_from_run]
        reads += [
            f"{key.to_user_string()} ({step.environments.get(key) or 'stored'})" for key in step.reads_from_storage
        ]
        maybe = step.conditional_on or step.need is Need.MAYBE
        table.add_row(
            Text("maybe", style="yellow") if maybe else Text("run", style="green"),
            step.step,
            _why(step),
            "" if step.seconds is None else f"~{seconds_text(step.seconds)}",
            step.group,
            step.queue,
            ", ".join(reads),
            Text("; ".join(_notes(step)), style="dim"),
        )
    for key in skipped:
        latest = statuses[key].latest if key in statuses else None
        when = "fresh" if latest is None else f"fresh, made {ago_text(time.time() - latest.at)}"
        where = f" in {latest.environment}" if latest is not None and latest.environment else ""
        table.add_row(
            Text("skip", style="dim"), Text(key.to_user_string(), style="dim"), Text(when + where, style="dim")
        )
    return table


def _why(step: StepExplanation) -> str:
    if step.need is Need.RUN:
        return step.reason
    return f"only if {_names(step.if_changed)} {'changes' if len(step.if_changed) == 1 else 'change'}"


def _notes(step: StepExplanation) -> list[str]:
    notes = []
    if step.partitions:
        first, last = step.partitions[0], step.partitions[-1]
        counted = count_text(len(step.partitions), "partition")
        notes.append(f"{counted}: {first}" if first == last else f"{counted}, from {first} to {last}")
    if len(step.assets) > 1:
        notes.append(f"makes {_names(step.assets)}")
    if step.checks:
        notes.append(f"checks {', '.join(str(check) for check in step.checks)}")
    if step.may_leave_out:
        everything = step.may_leave_out == step.assets
        notes.append("may make nothing" if everything else f"may leave out {_names(step.may_leave_out)}")
    if step.conditional_on:
        notes.append(f"only if {_names(step.conditional_on)} {_IS[len(step.conditional_on) > 1]} made")
    if step.max_retries:
        notes.append(f"up to {count_text(step.max_retries, 'retry', 'retries')}")
    return notes


def _names(keys: Iterable[AssetKey]) -> str:
    return ", ".join(key.to_user_string() for key in keys)


def _record(step: StepExplanation) -> dict[str, object]:
    return {
        "step": step.step,
        "partitions": list(step.partitions),
        "need": step.need.value,
        "reason": step.reason,
        "if_changed": [key.to_user_string() for key in step.if_changed],
        "seconds": step.seconds,
        "assets": [key.to_user_string() for key in step.assets],
        "checks": [str(check) for check in step.checks],
        "group": step.group,
        "queue": step.queue,
        "rank": step.rank,
        "reads_from_run": [key.to_user_string() for key in step.reads_from_run],
        "reads_from_storage": [key.to_user_string() for key in step.reads_from_storage],
        "read_from_environments": {key.to_user_string(): name for key, name in step.environments.items()},
        "conditional_on": [key.to_user_string() for key in step.conditional_on],
        "may_leave_out": [key.to_user_string() for key in step.may_leave_out],
        "max_retries": step.max_retries,
    }
