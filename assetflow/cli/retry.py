"""``assetflow runs retry``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from assetflow.cli.attending import attend, exit_code_of
from assetflow.cli.console import ERR, count_text
from assetflow.cli.targets import (
    cluster_for,
    confirm,
    definitions_options,
    handle_of,
    json_option,
    load_project,
    state_of_runs,
    user_name,
    workers_option,
    yes_option,
)
from assetflow.client import can_import, code_of
from assetflow.definitions.bundle import Definitions
from assetflow.engine.request import USER_TAG
from assetflow.engine.retrying import PARENT_RUN, Retry, made_since
from assetflow.environments import Environments
from assetflow.errors import AssetflowError
from assetflow.run_ids import check_run_id
from assetflow.runs.result import RunResult
from assetflow.settings import Settings
from assetflow.wiring import current_settings, open_history


@click.command("retry")
@click.argument("run_id", metavar="RUN")
@click.option("--all", "everything", is_flag=True, help="Run everything again.")
@click.option("--step", "steps", multiple=True, metavar="NAME", help="Run only this step again; may be repeated.")
@definitions_options
@json_option
@yes_option
@workers_option
@click.option("--no-wait", is_flag=True, help="Print the new run's id and return.")
def retry(
    run_id: str,
    everything: bool,
    steps: tuple[str, ...],
    module: str | None,
    file: Path | None,
    as_json: bool,
    yes: bool,
    workers: int,
    no_wait: bool,
) -> int:
    """Run again what failed in a run, and what could not run because of it.

    A new run does it, with the same config, and reads what the first one has made: the very same versions, even if
    others have come since. The code is that of the first run; -m or -f gives it the code as it is now.
    """
    check_run_id(run_id)
    if everything and steps:
        raise click.UsageError("give either --all or --step, not both")
    settings = current_settings()
    project = load_project(module, file) if module or file else None
    by = {USER_TAG: user_name()}
    with state_of_runs(settings) as connection:  # what is wrong with it is said before anything is started
        planned = connection.retrying.prepare(run_id, everything=everything, steps=steps, tags=by)
        environment = planned.request.environment
        if not as_json:
            _tell(replace(connection.settings, env=environment), planned)
    definitions = Definitions() if project is None else project.definitions
    if not confirm(Environments(settings, definitions), environment, yes=yes):
        return 0
    named = project.module if project is not None else planned.request.code.module
    modules = tuple(dict.fromkeys((*settings.modules, *([named] if named else []))))
    with cluster_for(settings, workers=workers, modules=modules, quiet=as_json) as connection:
        if project is not None:
            ships = not can_import(connection, project)
            code, body = code_of(connection, project, ship_code=ships)
            signer = connection.signer
            again = connection.retrying.prepare(run_id, everything=everything, steps=steps, tags=by, code=code)
            created = connection.retrying.launch(again, lambda: None if body is None else signer.seal("bundle", body))
        else:
            created = connection.retrying.launch(planned)
        connection.announce(created.run_id, created.announcements)
        result = attend(connection, handle_of(connection, created.run_id), as_json=as_json, no_wait=no_wait)
        return exit_code_of(result) if isinstance(result, RunResult) else result


def _tell(settings: Settings, retry: Retry) -> None:
    """What is run again, and which of what it reads is not the newest any more."""
    first = retry.request.tags[PARENT_RUN]
    ERR.print(f"{count_text(len(retry.request.plan.steps), 'step')} of run {first} again", style="dim")
    if not retry.reads:
        return
    try:
        history = open_history(settings)
        newer = {} if history is None else made_since(history.catalog, retry)
    except AssetflowError:
        return  # it is only said, and changes nothing
    for key, run_id in sorted(newer.items()):
        ERR.print(
            f"{key.to_user_string()} was materialized since, by run {run_id}: read is what run {first} has made",
            style="yellow",
        )
