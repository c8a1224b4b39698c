"""``assetflow plan``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, count_text, print_json
from assetflow.cli.targets import check_not_empty, definitions_options, env_option, json_option, load_project
from assetflow.environments import Environments
from assetflow.keys import AssetKey
from assetflow.overlay import overlaid
from assetflow.planning.explain import StepExplanation, explain
from assetflow.wiring import current_settings

_IS = {False: "is", True: "are"}


@click.command()
@click.argument("selection", nargs=-1)
@definitions_options
@env_option
@json_option
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan as JSON to this file.")
def plan(selection: tuple[str, ...], module: str | None, file: Path | None, as_json: bool, save: Path | None) -> None:
    """Show what materializing SELECTION would do; nothing is run."""
    project = load_project(module, file, selection)
    chosen = " ".join(selection) or None
    graph, made = project.plan(chosen)
    check_not_empty(graph, made.steps, chosen)
    settings = current_settings()
    made = overlaid(made, graph, Environments(settings, project.definitions), settings.env)
    if save is not None:
        save.write_bytes(made.to_json())
    steps = explain(made, graph)
    if as_json:
        for step in steps:
            print_json(_record(step))
        return
    left_out = len(graph.materializable_keys) - sum(len(step.assets) for step in steps)
    OUT.print(
        Text(
            f"Plan: {count_text(len(steps), 'step')}"
            + (f", {count_text(left_out, 'asset')} left out" if left_out else "")
        )
    )
    if not steps:
        return
    OUT.print()
    OUT.print(_table(steps))
    OUT.print()
    longest = max(step.rank for step in steps)
    stored = sorted({key.to_user_string() for step in steps for key in step.reads_from_storage})
    OUT.print(f"longest chain: {count_text(longest, 'step')}", style="dim")
    if stored:
        OUT.print(f"read from storage, not made here: {', '.join(stored)}", style="dim")
    for name in sorted({name for step in steps for name in step.environments.values()}):
        keys = sorted(
            {key.to_user_string() for step in steps for key, found in step.environments.items() if found == name}
        )
        OUT.print(f"read from {name}, because {settings.env} has not made it: {', '.join(keys)}", style="dim")


def _table(steps: list[StepExplanation]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("step")
    table.add_column("group")
    table.add_column("queue")
    table.add_column("reads", overflow="fold")
    table.add_column("", overflow="fold")
    for step in steps:
        reads = [key.to_user_string() for key in step.reads_from_run]
        reads += [
            f"{key.to_user_string()} ({step.environments.get(key) or 'stored'})" for key in step.reads_from_storage
        ]
        notes = []
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
        mark = Text("maybe", style="yellow") if step.conditional_on else Text("run", style="green")
        table.add_row(mark, step.step, step.group, step.queue, ", ".join(reads), Text("; ".join(notes), style="dim"))
    return table


def _names(keys: Iterable[AssetKey]) -> str:
    return ", ".join(key.to_user_string() for key in keys)


def _record(step: StepExplanation) -> dict[str, object]:
    return {
        "step": step.step,
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
