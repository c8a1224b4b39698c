"""``assetflow sensor``."""

from __future__ import annotations

import time
from secrets import token_hex

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, print_json
from assetflow.cli.lazy import Group
from assetflow.cli.targets import (
    confirm,
    env_option,
    json_option,
    limit_option,
    module_option,
    standing_connection,
    yes_option,
)
from assetflow.cli.ticks import (
    CodeHere,
    desk,
    last_tick_text,
    last_ticks,
    run_by_hand,
    show_leader,
    show_ticks,
    status_text,
    tick_text,
    want,
)
from assetflow.clock import seconds_text
from assetflow.daemon.code_jobs import EvaluateJob
from assetflow.daemon.ticking import Ticking
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError
from assetflow.runs.ticks import InstigatorKind, TickStatus
from assetflow.wiring import current_settings

_KIND = InstigatorKind.SENSOR.value
_NO_LIMIT = 86_400.0


@click.group("sensor", cls=Group)
def sensor() -> None:
    """See, start and stop sensors: functions that are asked every so often whether to run something."""


@sensor.command("list")
@module_option
@env_option
@json_option
def list_sensors(module: str | None, as_json: bool) -> None:
    """List the sensors of a module."""
    with desk(module, _KIND) as at:
        ticks, definitions = last_ticks(at), at.project.definitions
        if as_json:
            for one in at.abouts:
                tick, state = ticks[one.name], at.states.get(one.name)
                print_json(
                    {
                        "name": one.name,
                        "jobs": list(definitions.get_sensor_def(one.name).job_names),
                        "interval": one.interval,
                        "running": at.is_running(one),
                        "cursor": state.cursor if state else None,
                        "last": None if tick is None else {"at": tick.at, "status": tick.status},
                    }
                )
            return
        if not at.abouts:
            ERR.print(f"{at.module} has no sensors", style="dim")
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("sensor", "", "job", "looks", "last tick"):
            table.add_column(column, no_wrap=column in ("sensor", ""))
        for one in at.abouts:
            found = definitions.get_sensor_def(one.name)
            table.add_row(
                one.name,
                status_text(at.is_running(one)),
                ", ".join(found.job_names)
                or Text("assets" if found.asset_selection is not None else "none", style="dim"),
                f"every {seconds_text(one.interval)}",
                last_tick_text(ticks[one.name]),
            )
        OUT.print(table)
        show_leader(at)


@sensor.command()
@click.argument("names", nargs=-1, required=True)
@module_option
@env_option
def start(names: tuple[str, ...], module: str | None) -> None:
    """Have NAMES evaluated from now on."""
    with desk(module, _KIND) as at:
        want(at, names, running=True)


@sensor.command()
@click.argument("names", nargs=-1, required=True)
@module_option
@env_option
def stop(names: tuple[str, ...], module: str | None) -> None:
    """Have NAMES evaluated no more; runs that were started go on."""
    with desk(module, _KIND) as at:
        want(at, names, running=False)


@sensor.command()
@click.argument("name")
@module_option
@env_option
@yes_option
@click.option("--dry-run", is_flag=True, help="Only tell what it asks for; its cursor stays.")
@json_option
@click.pass_context
def run(context: click.Context, name: str, module: str | None, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Evaluate NAME now, whether it is due or not, and start what it asks for: a tick like those of the daemon."""
    with desk(module, _KIND) as at:
        at.about(name)
        settings, now = current_settings(), time.time()
        state = at.store.know(name, _KIND, now)
        if dry_run:
            job = EvaluateJob(
                tick=0, name=name, kind=_KIND, at=now, cursor=state.cursor, last_run_key=state.last_run_key,
                last_ended=state.last_ended,
            )  # fmt: skip
            context.exit(run_by_hand(at, job, dry_run=True, as_json=as_json))
        if not confirm(Environments(settings, at.project.definitions), settings.env, yes=yes):
            return
        tick = None
        if all(one.instigator != name for one in at.store.open()):
            tick = at.store.begin(state, now, holder=f"by hand:{token_hex(4)}", now=now)
        if tick is None:
            raise InvalidInvocationError(f"{name} is being evaluated just now", fix="try again when its tick is over")
        code = CodeHere(at.project, standing_connection(settings))
        if not Ticking(at.store, time.time, _NO_LIMIT).carry_out(tick, state, code):
            at.store.settle(
                tick, TickStatus.FAILED, at=time.time(), error="no cluster answers", cursor=tick.cursor_before
            )
        (done,) = at.store.ticks(name, limit=1)
        if as_json:
            show_ticks([done], name, as_json=True)
        else:
            OUT.print(Text.assemble(f"{name} {done.status}: ", tick_text(done)))
        context.exit(1 if done.status == TickStatus.FAILED else 0)


@sensor.command()
@click.argument("name")
@module_option
@env_option
@click.option("--set", "wanted", metavar="TEXT", help="Set it to this, such as to look at something again.")
@click.option("--clear", is_flag=True, help="Have the sensor begin anew.")
def cursor(name: str, module: str | None, wanted: str | None, clear: bool) -> None:
    """Show how far NAME has come, as it has noted down; or set it."""
    if wanted is not None and clear:
        raise click.UsageError("--set and --clear exclude each other")
    with desk(module, _KIND) as at:
        at.about(name)
        if wanted is not None or clear:
            at.store.set_cursor(name, _KIND, wanted)
        state = at.store.states().get(name)
        if state is None or state.cursor is None:
            ERR.print(f"{name} has noted nothing down", style="dim")
        else:
            OUT.print(state.cursor)


@sensor.command("ticks")
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
