"""``assetflow schedule``."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import islice

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, print_json
from assetflow.cli.lazy import Group
from assetflow.cli.targets import confirm, env_option, json_option, limit_option, module_option, yes_option
from assetflow.cli.ticks import (
    CodeHere,
    asked_record,
    asked_text,
    desk,
    last_tick_text,
    last_ticks,
    run_by_hand,
    show_leader,
    show_ticks,
    status_text,
    want,
)
from assetflow.daemon.code_jobs import Answer, EvaluateJob, InstigatorAbout
from assetflow.definitions.schedule import ScheduleDefinition
from assetflow.environments import Environments
from assetflow.runs.ticks import InstigatorKind
from assetflow.wiring import current_settings

_KIND = InstigatorKind.SCHEDULE.value
_NO_LIMIT = 86_400.0


@click.group("schedule", cls=Group)
def schedule() -> None:
    """See, start and stop schedules: what runs at certain times."""


@schedule.command("list")
@module_option
@env_option
@json_option
def list_schedules(module: str | None, as_json: bool) -> None:
    """List the schedules of a module, and when they fire next."""
    with desk(module, _KIND) as at:
        ticks = last_ticks(at)
        definitions = at.project.definitions
        if as_json:
            for one in at.abouts:
                tick = ticks[one.name]
                print_json(
                    {
                        "name": one.name,
                        "job": definitions.get_schedule_def(one.name).job_name,
                        "cron": list(one.crons),
                        "zone": one.zone,
                        "running": at.is_running(one),
                        "next": [moment.isoformat() for moment in _next(definitions.get_schedule_def(one.name), 1)],
                        "last": None if tick is None else {"at": tick.at, "status": tick.status},
                    }
                )
            return
        if not at.abouts:
            ERR.print(f"{at.module} has no schedules", style="dim")
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("schedule", "", "job", "fires", "next", "last tick"):
            table.add_column(column, no_wrap=column in ("schedule", ""))
        for one in at.abouts:
            found = definitions.get_schedule_def(one.name)
            coming = next(_next(found, 1))
            table.add_row(
                one.name,
                status_text(at.is_running(one)),
                found.job_name,
                _cron_text(one),
                Text(moment_text(coming), style="" if at.is_running(one) else "dim"),
                last_tick_text(ticks[one.name]),
            )
        OUT.print(table)
        show_leader(at)


@schedule.command()
@click.argument("names", nargs=-1, required=True)
@module_option
@env_option
def start(names: tuple[str, ...], module: str | None) -> None:
    """Have NAMES evaluated from now on, whenever they fire."""
    with desk(module, _KIND) as at:
        want(at, names, running=True)


@schedule.command()
@click.argument("names", nargs=-1, required=True)
@module_option
@env_option
def stop(names: tuple[str, ...], module: str | None) -> None:
    """Have NAMES evaluated no more; runs that were started go on."""
    with desk(module, _KIND) as at:
        want(at, names, running=False)


@schedule.command()
@click.argument("name")
@module_option
@env_option
@click.option(
    "--count", default=5, show_default=True, metavar="N", type=click.IntRange(1, 1000), help="Fire times to show."
)
@json_option
def preview(name: str, module: str | None, count: int, as_json: bool) -> None:
    """Show when NAME fires next, and what it would ask for."""
    with desk(module, _KIND) as at:
        at.about(name)
        found = at.project.definitions.get_schedule_def(name)
        code = CodeHere(at.project, None)
        answers = [
            (moment, code.ask(_evaluation(name, moment.timestamp()), _NO_LIMIT)) for moment in _next(found, count)
        ]
    if as_json:
        for moment, answer in answers:
            runs = [asked_record(one) for one in answer.asked]
            told = {"at": moment.isoformat(), "runs": runs, "reason": answer.reason, "error": answer.error or None}
            print_json(told)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("fires", no_wrap=True)
    table.add_column("asks for", overflow="fold")
    for moment, answer in answers:
        table.add_row(moment_text(moment), _answer_text(answer))
    OUT.print(table)


@schedule.command()
@click.argument("name")
@module_option
@env_option
@yes_option
@click.option(
    "--at",
    "moment",
    metavar="TIME",
    type=click.DateTime(),
    help="As if it were this time, in the zone of the schedule.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what it asks for.")
@json_option
@click.pass_context
def run(
    context: click.Context,
    name: str,
    module: str | None,
    yes: bool,
    moment: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Evaluate NAME now, whether it is due or not, and start what it asks for."""
    with desk(module, _KIND) as at:
        at.about(name)
        settings, definitions = current_settings(), at.project.definitions
        if not dry_run and not confirm(Environments(settings, definitions), settings.env, yes=yes):
            return
        zone = definitions.get_schedule_def(name).zone
        when = time.time() if moment is None else moment.replace(tzinfo=zone).timestamp()
        context.exit(run_by_hand(at, _evaluation(name, when), dry_run=dry_run, as_json=as_json))


@schedule.command("ticks")
@click.argument("name")
@module_option
@env_option
@limit_option("Ticks", 10_000)
@json_option
def list_ticks(name: str, module: str | None, limit: int, as_json: bool) -> None:
    """List the ticks of NAME, the latest first: what each asked for, or why it did not."""
    with desk(module, _KIND) as at:
        at.about(name)
        show_ticks(at.store.ticks(name, limit=limit), name, as_json=as_json)


def _evaluation(name: str, at: float) -> EvaluateJob:
    return EvaluateJob(tick=0, name=name, kind=_KIND, at=at)


def _next(found: ScheduleDefinition, count: int) -> islice[datetime]:
    return islice(found.fire_times(datetime.now(UTC)), count)


def _cron_text(about: InstigatorAbout) -> str:
    return " or ".join(about.crons) + ("" if about.zone == "UTC" else f" in {about.zone}")


def moment_text(moment: datetime) -> str:
    """A moment in its zone: ``Mon 2024-05-06 12:00 UTC``."""
    return moment.strftime("%a %Y-%m-%d %H:%M %Z")


def _answer_text(answer: Answer) -> Text:
    if answer.error:
        return Text(answer.error.splitlines()[-1], style="red")
    if not answer.asked:
        return Text(answer.reason or "nothing", style="yellow")
    return Text("\n").join(asked_text(one) for one in answer.asked)
