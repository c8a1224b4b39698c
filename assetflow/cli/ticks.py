"""What ``assetflow schedule`` and ``assetflow sensor`` have in common."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.table import Table
from rich.text import Text

from assetflow.cli.console import ERR, OUT, ago_text, print_json
from assetflow.cli.targets import standing_connection
from assetflow.clock import seconds_text
from assetflow.daemon.code_child import CodeWork, about_all
from assetflow.daemon.code_jobs import WRITTEN_LAST, Answer, EvaluateJob, InstigatorAbout, LaunchJob, Order, PlannedRun
from assetflow.daemon.due import is_running
from assetflow.errors import InvalidInvocationError, ServiceUnreachableError
from assetflow.keys import AssetKey
from assetflow.run_ids import new_run_id
from assetflow.runs.ticks import AskedRun, InstigatorState, Tick, TickStatus, TickStore
from assetflow.submission import Project, project_of_module
from assetflow.wiring import Connection, current_settings, open_history

F = TypeVar("F", bound=Callable[..., Any])
_NO_LIMIT = 86_400.0
_COLOURS = {"succeeded": "green", "failed": "red", "skipped": "dim", "started": "cyan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The schedules, or the sensors, of a module, and what is remembered of them."""

    project: Project
    module: str
    abouts: Sequence[InstigatorAbout]
    store: TickStore
    states: dict[str, InstigatorState]
    leader: str | None
    environment: str
    kind: str

    def about(self, name: str) -> InstigatorAbout:
        """The one of this name.

        Raises:
            InvalidInvocationError: there is none.
        """
        known = {one.name: one for one in self.abouts}
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise InvalidInvocationError(
                f"{self.module} has no {self.noun} {name}",
                fix=f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}",
            )
        return known[name]

    @property
    def noun(self) -> str:
        """What they are."""
        return self.kind

    def is_running(self, about: InstigatorAbout) -> bool:
        """Whether one is evaluated, as soon as there is a daemon."""
        return is_running(about, self.states.get(about.name))


@contextmanager
def desk(module: str | None, kind: str) -> Iterator[Desk]:
    """The schedules or sensors of a module, or of the one module in the settings.

    Raises:
        UsageError: it is not said which.
        InvalidInvocationError: no history is kept.
    """
    settings = current_settings()
    if module is None:
        if len(settings.modules) != 1:
            raise click.UsageError(f"say where the {kind}s are: -m package.module")
        module = settings.modules[0]
    project = project_of_module(module)
    project.definitions.check()
    history = open_history(settings, create=True)
    if history is None:
        raise InvalidInvocationError(
            f"{kind}s are remembered in the history, and none is kept here",
            where=settings.where("database_url"),
            fix="remove database_url = none",
        )
    try:
        store = history.ticks_of(settings.env, module)
        yield Desk(
            project=project,
            module=module,
            abouts=[one for one in about_all(project.definitions) if one.kind == kind],
            store=store,
            states=store.states(),
            leader=history.leases.holder(f"daemon:{settings.env}:{module}"),
            environment=settings.env,
            kind=kind,
        )
    finally:
        history.close()


class CodeHere:
    """Users' code in this very process; see `Code`."""

    def __init__(self, project: Project, connection: Connection | None) -> None:
        def connect() -> Connection:
            if connection is None:
                raise ServiceUnreachableError(
                    "there is no cluster that could run anything",
                    fix="start one with `assetflow dev`, or set ASSETFLOW_REDIS_URL; --dry-run needs none",
                )
            return connection

        self._work = CodeWork(project, connect)

    def ask(self, job: EvaluateJob | LaunchJob, seconds: float) -> Answer:
        """Have a job done."""
        return self._work(Order(number=0, job=job, seconds=seconds))


def run_by_hand(at: Desk, job: EvaluateJob, *, dry_run: bool, as_json: bool) -> int:
    """Evaluate one now, and start what it asks for; the exit code."""
    connection = None if dry_run else standing_connection(current_settings())
    code = CodeHere(at.project, connection)
    answer = code.ask(job, _NO_LIMIT)
    if answer.error:
        return _show_error(job.name, answer.error, as_json)
    started = [""] * len(answer.asked)
    if not dry_run and answer.asked:
        runs = [PlannedRun(asked=one, run_id=new_run_id()) for one in answer.asked]
        found = code.ask(LaunchJob(name=job.name, runs=runs), _NO_LIMIT)
        error = found.error or next((one.error for one in found.launched if one.error), "")
        if error:
            return _show_error(job.name, error, as_json)
        started = [one.run_id for one in found.launched]
    show_asked(job.name, answer.asked, answer.reason, started, dry_run=dry_run, as_json=as_json)
    if not as_json:
        _show_effects(answer)
    return 0


def _show_effects(answer: Answer) -> None:
    """Tell what else a sensor has asked for; it takes effect with a tick."""
    for change in answer.changes:
        verb = "remove" if change.removes else "add"
        OUT.print(
            Text.assemble((f"would {verb} ", "cyan"), f"partitions of {change.definition}: {', '.join(change.keys)}")
        )
    for event in answer.events:
        key = AssetKey.from_db_string(event.asset).to_user_string()
        OUT.print(Text.assemble(("would record ", "cyan"), f"a {event.kind} of {key}"))


def show_asked(
    name: str,
    asked: Sequence[AskedRun],
    reason: str | None,
    run_ids: Sequence[str],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Tell what was asked for, and which runs it has become."""
    if as_json:
        runs = [{**asked_record(one), "run_id": run_id or None} for one, run_id in zip(asked, run_ids, strict=True)]
        print_json({"name": name, "reason": reason, "runs": runs, "dry_run": dry_run})
        return
    if not asked:
        OUT.print(Text.assemble((f"{name} asks for no run", "yellow"), f": {reason}" if reason else ""))
    for one, run_id in zip(asked, run_ids, strict=True):
        head = Text("would run " if dry_run else "started ", style="cyan" if dry_run else "green")
        OUT.print(Text.assemble(head, asked_text(one), f"  {run_id}" if run_id else ""))


def asked_record(one: AskedRun) -> dict[str, Any]:
    """A run that is asked for, as JSON."""
    return {
        "job": one.job_name,
        "run_key": one.run_key.partition(":")[2] if one.run_key.startswith("key:") else None,
        "partition": one.partition_key,
        "run_config": one.run_config,
        "assets": None if one.asset_selection is None else ["/".join(key) for key in one.asset_selection],
        "asset_partitions": {"/".join(key): ranges for key, ranges in one.asset_partitions or ()},
        "tags": one.tags,
    }


def asked_text(one: AskedRun) -> Text:
    """A run that is asked for, on one line."""
    record = asked_record(one)
    parts = [f"job {one.job_name}"]
    parts += [f"partition {record['partition']}"] if record["partition"] else []
    parts += [f"key {record['run_key']}"] if record["run_key"] else []
    ranges = record["asset_partitions"]
    parts += [f"assets {', '.join(_with_ranges(key, ranges) for key in record['assets'])}"] if record["assets"] else []
    parts += [f"config {record['run_config']}"] if record["run_config"] else []
    own = {name: value for name, value in one.tags.items() if not name.startswith("assetflow/")}
    parts += [" ".join(f"{name}={value}" for name, value in own.items())] if own else []
    return Text(", ".join(parts))


def _with_ranges(key: str, ranges: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """An asset, and which of its partitions are meant."""
    shown = [first if first == last else f"{first}..{last}" for first, last in ranges.get(key, ())[:3]]
    more = ", ..." if len(ranges.get(key, ())) > 3 else ""
    return f"{key} ({', '.join(shown)}{more})" if shown else key


def want(at: Desk, names: Sequence[str], *, running: bool) -> None:
    """Start or stop some of them, and say so."""
    for name in names:
        about = at.about(name)
        was = at.is_running(about)
        fresh = running and not was and about.kind == "schedule"
        at.store.want(name, about.kind, "running" if running else "stopped", since=time.time() if fresh else None)
        if was == running:
            OUT.print(f"{about.kind} {name} was {'running' if running else 'stopped'} already", style="dim")
        else:
            OUT.print(f"{about.kind} {name} is {'running' if running else 'stopped'}")
    if running and at.leader is None:
        ERR.print(f"nothing evaluates it yet: assetflow daemon -m {at.module}", style="yellow")


def show_ticks(ticks: Sequence[Tick], name: str, *, as_json: bool) -> None:
    """Ticks as a table, the latest first."""
    if as_json:
        for tick in ticks:
            record = tick._asdict()
            record["asked"] = [asked_record(one) for one in tick.asked or ()]
            print_json({**record, "seconds": tick.seconds})
        return
    if not ticks:
        ERR.print(f"{name} has no ticks yet", style="dim")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("tick", "fire time", "", "took"):
        table.add_column(column, no_wrap=True, justify="right" if column == "tick" else "left")
    table.add_column("runs, or why none", overflow="fold")
    for tick in ticks:
        table.add_row(
            str(tick.id),
            when_text(tick.at),
            Text(tick.status, style=_COLOURS.get(tick.status, "")),
            "" if tick.seconds is None else seconds_text(tick.seconds),
            tick_text(tick),
        )
    OUT.print(table)


def tick_text(tick: Tick | None) -> Text:
    """What came of a tick, on a line or a few."""
    if tick is None:
        return Text("never", style="dim")
    if tick.status == TickStatus.FAILED:
        lines = [line for line in (tick.error or "").partition(WRITTEN_LAST)[0].splitlines() if line.strip()]
        cause = next((line for line in reversed(lines) if not line.startswith(" ")), "")
        return Text(cause or "failed", style="red")
    if tick.status == TickStatus.SUCCEEDED:
        return Text(" ".join(tick.run_ids))
    return Text(tick.reason or "", style="dim")


def last_tick_text(tick: Tick | None) -> Text:
    """The same with how long ago it was."""
    if tick is None:
        return Text("never", style="dim")
    style = _COLOURS.get(tick.status, "")
    return Text.assemble((tick.status, style), f" {ago_text(max(0.0, time.time() - tick.started))}")


def when_text(at: float) -> str:
    """A moment, by the clock of this machine."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def status_text(is_running: bool) -> Text:
    """Whether one is evaluated."""
    return Text("running", style="green") if is_running else Text("stopped", style="yellow")


def last_ticks(at: Desk) -> dict[str, Tick | None]:
    """The latest tick of each."""
    return {one.name: next(iter(at.store.ticks(one.name, limit=1)), None) for one in at.abouts}


def show_leader(at: Desk) -> None:
    """Say whether anybody evaluates them."""
    if at.leader is not None:
        OUT.print(f"\nevaluated by {at.leader.rpartition(':')[0]} in {at.environment}", style="dim")
    elif any(at.is_running(one) for one in at.abouts):
        OUT.print(f"\nnothing evaluates them: assetflow daemon -m {at.module}", style="yellow")


def _show_error(name: str, error: str, as_json: bool) -> int:
    if as_json:
        print_json({"name": name, "error": error})
    else:
        ERR.print(Text.assemble(("error: ", "bold red"), f"{name}: {error}"))
    return 1
