"""``assetflow doctor``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import OUT, count_text, print_json
from assetflow.cli.targets import definitions_options, env_option, json_option, load_project
from assetflow.doctor.examination import Patient, examine
from assetflow.findings import Finding, Level
from assetflow.local.discovery import running_cluster
from assetflow.local.valkey import find_server
from assetflow.settings import Settings
from assetflow.wiring import chosen_environment, current_settings, for_cluster

BROKEN = 9  # exit code
_SIGNS = {Level.OK: ("✔", "green"), Level.WARNING: ("▲", "yellow"), Level.PROBLEM: ("✖", "red")}


@click.command("doctor")
@definitions_options
@env_option
@json_option
def doctor(module: str | None, file: Path | None, as_json: bool) -> int:
    """Look at the set-up: what is wrong with it, and what to do about it.

    Servers, storage, workers, versions, keys, clocks, disks, and with -m or -f the definitions. Nothing is changed:
    what is written to try a place is removed again. Exit code 9 if there is a problem.
    """
    settings = _settings()
    named = bool(module or file or len(settings.modules) == 1)
    patient = Patient(
        settings=settings,
        load=(lambda: load_project(module, file)) if named else None,
        environment=chosen_environment.get(),
        find_server=find_server,
    )
    counts = dict.fromkeys(Level, 0)
    for finding in examine(patient):
        counts[finding.level] += 1
        print_json(asdict(finding)) if as_json else _show(finding)
    if not as_json:
        OUT.print(_summary(counts))
    return BROKEN if counts[Level.PROBLEM] else 0


def _settings() -> Settings:
    """Those of this process; of a running `assetflow dev`, if no other cluster is named."""
    settings = current_settings()
    if settings.redis_url is None and (url := running_cluster(settings.home)):
        return for_cluster(settings, redis_url=url)
    return settings


def _show(finding: Finding) -> None:
    sign, style = _SIGNS[finding.level]
    line = Table.grid()
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text.assemble("  ", (sign, style), f" {finding.area:<13} "), finding.message)
    OUT.print(line, soft_wrap=False)
    if finding.fix:
        OUT.print(Text.assemble(" " * 18, ("fix: ", "dim"), finding.fix))


def _summary(counts: dict[Level, int]) -> Text:
    bad = [
        count_text(counts[level], noun)
        for level, noun in ((Level.PROBLEM, "problem"), (Level.WARNING, "warning"))
        if counts[level]
    ]
    if not bad:
        return Text("all is well", style="green")
    return Text(", ".join(bad), style="red" if counts[Level.PROBLEM] else "yellow")
