"""Starting a run from the command line, once it is clear what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.text import Text

from assetflow.cli.attending import attend, exit_code_of
from assetflow.cli.console import ERR, OUT, count_text, print_json
from assetflow.cli.staleness import recorded_by_now
from assetflow.cli.targets import check_not_empty, cluster_for, confirm, user_name
from assetflow.client import can_import, submit_project
from assetflow.code.reference import CodeRef
from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.engine.request import USER_TAG
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.syntax import resolve_selection
from assetflow.planning.plan import Plan
from assetflow.planning.stale_plan import StalePlan
from assetflow.planning.targets import WantedPartitions
from assetflow.settings import Settings
from assetflow.submission import JobArguments, Project, job_arguments, make_request, wanted_partitions
from assetflow.wiring import current_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is wanted of a run.

    Attributes:
        selection: as it was written; None for everything.
        partitions: of assets that have such, which.
        stale_only: only what is stale.
        workers: processes of the cluster that is started if there is none.
        ships_code: the code is sent along even if workers can import it.
    """

    selection: str | None
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    partitions: WantedPartitions | None = None
    job: str | None = None
    run_key: str | None = None
    priority: int = 0
    workers: int = 2
    ships_code: bool = False
    stale_only: bool = False
    no_wait: bool = False
    yes: bool = False
    as_json: bool = False


def launch(project: Project, wanted: Launch) -> int:
    """Start the run and stay with it; the exit code of the command."""
    asked = job_arguments(
        project.definitions.get_job(wanted.job or IMPLICIT_JOB), wanted.selection, wanted.config, wanted.tags
    )
    settings = current_settings()
    asked_for = wanted_partitions(None, wanted.partitions, KnownPartitions(settings), every=wanted.stale_only)
    # What is wrong with it is said before anything is started.
    request = make_request(
        project,
        CodeRef(),
        asked.selection,
        environment=settings.env,
        run_config=asked.run_config,
        tags=asked.tags,
        partitions=asked_for,
    )
    if wanted.partitions is not None and not request.plan.steps and resolve_selection(project.graph(), asked.selection):
        raise InvalidInvocationError(
            "there is no partition to make", fix="`assetflow partitions`, with the same -m or -f, shows which there are"
        )
    if wanted.partitions is None or not wanted.partitions.made:
        check_not_empty(project.graph(), request.plan.steps, asked.selection)
    _warn_of_what_is_not_separated(settings, project, request.plan)
    if wanted.stale_only and not _is_anything_stale(project, settings, asked, asked_for, as_json=wanted.as_json):
        return 0
    if not confirm(Environments(settings, project.definitions), settings.env, yes=wanted.yes):
        return 1
    modules = tuple(dict.fromkeys((*settings.modules, *([project.module] if project.module else []))))
    with cluster_for(settings, workers=wanted.workers, modules=modules, quiet=wanted.as_json) as connection:
        handle = submit_project(
            connection,
            project,
            wanted.selection,
            run_config=wanted.config,
            tags={USER_TAG: user_name(), **wanted.tags},
            job=wanted.job,
            run_key=wanted.run_key,
            priority=wanted.priority,
            ship_code=wanted.ships_code or not can_import(connection, project),
            env=settings.env,
            yes=True,
            stale_only=wanted.stale_only,
            partitions=wanted.partitions,
        )
        result = attend(connection, handle, as_json=wanted.as_json, no_wait=wanted.no_wait)
        if isinstance(result, int):
            return result
        if result.success and not wanted.as_json:
            place = _place_of_values(settings, project)
            if place is not None:
                ERR.print(f"values are in {place}", style="dim")
        return exit_code_of(result)


def _is_anything_stale(
    project: Project,
    settings: Settings,
    asked: JobArguments,
    partitions: WantedPartitions | None,
    *,
    as_json: bool,
) -> bool:
    """Whether there is anything to do; said if there is not, and no server is started for it."""
    with recorded_by_now(project, settings) as records:
        _, found = project.stale_plan(asked.selection, records, asked.run_config, partitions=partitions)
    if found.plan.steps:
        return True
    if as_json:
        print_json({"event": "result", "run": None, "status": "SUCCEEDED", "seconds": 0, "steps": {}, "unchanged": []})
    else:
        OUT.print(Text.assemble(("✔ ", "green"), f"everything is up to date: {_counted(found)}"))
    return False


def _counted(found: StalePlan) -> str:
    parts = sum(found.skipped.values())
    return count_text(len(found.needs), "asset") + (f", {count_text(parts, 'partition')}" if parts else "")


def _warn_of_what_is_not_separated(settings: Settings, project: Project, plan: Plan) -> None:
    """An asset that brings its IO manager along has the same one in every environment."""
    if settings.env == DEFAULT_ENVIRONMENT:
        return
    assets = project.graph().assets_by_key
    found = [
        key.to_user_string()
        for step in plan.steps
        for output, key in zip([made for made in step.outputs if made.key], step.asset_keys, strict=True)
        if key in assets and output.io_manager_key in assets[key].resource_defs
    ]
    if found:
        ERR.print(
            f"{', '.join(found)}: kept in the same place in every environment, by an IO manager of "
            f"{'its' if len(found) == 1 else 'their'} own",
            style="yellow",
        )


def _place_of_values(settings: Settings, project: Project) -> str | None:
    """The storage of the environment; None where IO managers of the project's own keep them."""
    environments = Environments(settings, project.definitions)
    if not environments.uses_storage(settings.env):
        return None
    storage = environments.storage_of(environments.get(settings.env))
    if "://" in storage:
        return storage
    here = Path.cwd()
    return str(Path(storage).relative_to(here)) if Path(storage).is_relative_to(here) else storage
