"""``assetflow materialize``."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text, print_json
from assetflow.cli.follow import follow
from assetflow.cli.staleness import recorded_by_now
from assetflow.cli.targets import (
    check_not_empty,
    cluster_for,
    confirm,
    definitions_options,
    env_option,
    json_option,
    load_project,
    yes_option,
)
from assetflow.client import await_recorded, submit_project
from assetflow.code.reference import CodeRef
from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.environments import Environments
from assetflow.handle import RunHandle
from assetflow.local.discovery import read_note
from assetflow.planning.plan import Plan
from assetflow.runs.states import RunStatus
from assetflow.settings import Settings
from assetflow.submission import JobArguments, Project, job_arguments, make_request
from assetflow.wiring import Connection, current_settings

_CODES = {RunStatus.SUCCEEDED: 0, RunStatus.CANCELLED: 5}


@click.command()
@click.argument("selection", nargs=-1)
@definitions_options
@env_option
@json_option
@yes_option
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="JSON file with the run config.")  # fmt: skip
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Shown in listings; may be repeated.")
@click.option("--job", help="A job among the definitions; SELECTION then narrows it.")
@click.option("--run-key", help="Your name for this request: asked again, it follows the run that exists.")
@click.option("--priority", default=0, show_default=True, type=click.IntRange(-1000, 1000),
              help="Runs with a higher one go first.")  # fmt: skip
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64),
              help="Workers of the cluster that is started if there is none.")  # fmt: skip
@click.option("--ship-code", is_flag=True, help="Send the code along even if workers can import it.")
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
    project = load_project(module, file, selection)
    chosen = " ".join(selection) or None
    config, labels = _read_config(config_file), _read_tags(tags)
    asked = job_arguments(project.definitions.get_job(job or IMPLICIT_JOB), chosen, config, labels)
    settings = current_settings()
    # What is wrong with it is said before anything is started.
    request = make_request(
        project, CodeRef(), asked.selection, environment=settings.env, run_config=asked.run_config, tags=asked.tags
    )
    check_not_empty(project.graph(), request.plan.steps, asked.selection)
    _warn_of_what_is_not_separated(settings, project, request.plan)
    if stale and not _is_anything_stale(project, settings, asked, as_json=as_json):
        return 0
    if not confirm(Environments(settings, project.definitions), settings.env, yes=yes):
        return 1
    modules = tuple(dict.fromkeys((*settings.modules, *([project.module] if project.module else []))))
    with cluster_for(settings, workers=workers, modules=modules, quiet=as_json) as connection:
        handle = submit_project(
            connection,
            project,
            chosen,
            run_config=config,
            tags=labels,
            job=job,
            run_key=run_key,
            priority=priority,
            ship_code=ship_code or not _can_import(connection, project),
            env=settings.env,
            yes=True,
            stale_only=stale,
        )
        _warn_of_queues_nobody_serves(connection, handle)
        if no_wait and _outlives_us(connection):
            print_json({"run": handle.id}) if as_json else OUT.print(handle.id)
            return 0
        try:
            with _first_interrupt_detaches():
                interrupt = "detaches" if _outlives_us(connection) else "ends the run"
                result = follow(handle, as_json=as_json, interrupt=interrupt)
        except KeyboardInterrupt:
            if not _outlives_us(connection):
                handle.cancel()
                ERR.print(f"\ninterrupted: run {handle.id} ends with its cluster", style="yellow")
            else:
                ERR.print(f"\ndetached: the run goes on. Follow it: assetflow runs show {handle.id} --follow")
                ERR.print(f"Cancel it: assetflow runs cancel {handle.id}")
            return 130
        if settings.history_url is not None and not _outlives_us(connection):
            await_recorded(connection)  # our cluster goes with us, and who looks next looks there
        if result.success and not as_json:
            place = _place_of_values(settings, project)
            if place is not None:
                ERR.print(f"values are in {place}", style="dim")
        return _CODES.get(result.status, 1)


def _is_anything_stale(project: Project, settings: Settings, asked: JobArguments, *, as_json: bool) -> bool:
    """Whether there is anything to do; said if there is not, and no server is started for it."""
    with recorded_by_now(project, settings) as records:
        _, found = project.stale_plan(asked.selection, records, asked.run_config)
    if found.plan.steps:
        return True
    if as_json:
        print_json({"event": "result", "run": None, "status": "SUCCEEDED", "seconds": 0, "steps": {}, "unchanged": []})
    else:
        OUT.print(Text.assemble(("✔ ", "green"), f"everything is up to date: {count_text(len(found.needs), 'asset')}"))
    return False


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


def _can_import(connection: Connection, project: Project) -> bool:
    """Whether a worker was started for the module; a worker yet to come is taken at its word."""
    if not project.module:
        return False
    known = connection.registry.workers()
    return any(project.module in view.info.modules for view in known) or not known


def _warn_of_queues_nobody_serves(connection: Connection, handle: RunHandle) -> None:
    for host in connection.registry.quarantined():
        ERR.print(f"workers of {host} have died again and again: it takes no steps for a minute", style="yellow")
    served = {queue for view in connection.registry.workers() for queue in view.info.queues}
    for queue in sorted({step.queue for step in handle.plan.steps} - served):
        ERR.print(
            f"nobody serves queue {queue}: its steps wait for a worker (assetflow worker -q {queue})", style="yellow"
        )


def _outlives_us(connection: Connection) -> bool:
    settings = connection.settings
    if settings.where("redis_url") != "the local cluster":
        return True
    note = read_note(settings.home)
    return note is not None and note.redis_url == connection.url


def _read_config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise click.BadParameter(f"{path} is not JSON: {error}", param_hint="--config") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path} holds no JSON object", param_hint="--config")
    return found


def _read_tags(texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--tag")
        found[name] = value
    return found


@contextmanager
def _first_interrupt_detaches() -> Iterator[None]:
    """SIGTERM is treated like Ctrl-C, so that nothing is left behind either way."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
