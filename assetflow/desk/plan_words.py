"""What is said of a plan beside its steps: what it reads, what to beware of, and the command that does the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.desk.questions import Asked
from assetflow.engine.latest import LatestRecords
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.explain import StepExplanation
from assetflow.planning.plan import Plan
from assetflow.settings import Settings
from assetflow.submission import Project

Record = dict[str, Any]


def reads_of(records: LatestRecords, steps: Iterable[StepExplanation], env: str) -> dict[AssetKey, Record]:
    """What the steps read: from this run, or the version that is there, and in which environment."""
    found: dict[AssetKey, Record] = {}
    stored: dict[AssetKey, str] = {}
    for step in steps:
        for key in step.reads_from_run:
            found[key] = {"key": key.to_user_string(), "env": env, "version": None, "from": "run"}
        for key in step.reads_from_storage:
            stored[key] = step.environments.get(key) or env
    latest = records.latest(list(stored))
    for key, where in stored.items():
        version = latest[key].version if key in latest else None
        found.setdefault(key, {"key": key.to_user_string(), "env": where, "version": version, "from": "storage"})
    return found


def warnings_of(plan: Plan, graph: AssetGraph, settings: Settings, left_out: int) -> list[str]:
    """What whoever starts it should know."""
    found: list[str] = []
    separate: list[str] = []
    if settings.env != DEFAULT_ENVIRONMENT:
        separate = [
            key.to_user_string()
            for step in plan.steps
            for output, key in zip([made for made in step.outputs if made.key], step.asset_keys, strict=True)
            if key in graph.assets_by_key and output.io_manager_key in graph.assets_by_key[key].resource_defs
        ]
    if separate:
        found.append(
            f"{', '.join(separate)}: kept in the same place in every environment, by an IO manager of "
            f"{'its' if len(separate) == 1 else 'their'} own"
        )
    if left_out > 0:
        found.append(f"{left_out:,} more steps are not listed")
    return found


def command(project: Project, asked: Asked) -> str:
    """The command that does the same."""
    words = ["assetflow", "backfill" if asked.partitions is not None else "materialize"]
    words += ["-m", project.module] if project.module else ["-f", project.label]
    words += ["--env", asked.env] if asked.env != DEFAULT_ENVIRONMENT else []
    words += ["--job", asked.job] if asked.job else []
    words += ["--stale"] if asked.stale_only else []
    words += ["--partition", asked.partition] if asked.partition is not None else []
    given = [asked.partitions] if isinstance(asked.partitions, str) else asked.partitions or []
    words += [word for text in given for word in ("--partitions", text)]
    words += ["--config", "config.json"] if asked.config else []
    selection = " ".join(asked.selection) if isinstance(asked.selection, list) else (asked.selection or "").strip()
    if asked.exclude:
        selection = f"({selection or '*'}) {' '.join(f'and not {key}' for key in asked.exclude)}"
    return " ".join(map(shlex.quote, [*words, *([selection] if selection else [])]))
