"""Runs: start them, list them, look at one, and end or repeat it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from assetflow.errors import AssetflowError
from assetflow.runs.told_events import event_of
from assetflow.web.access import Caller
from assetflow.web.confirming import confirm
from assetflow.web.launching import start, wanted_run
from assetflow.web.paging import Cursor, Limit, run_cursor
from assetflow.web.parts import Operator, Parts, Viewer, WebParts
from assetflow.web.refusals import Refused
from assetflow.web.run_filters import RunFilter, filtered
from assetflow.web.run_summaries import run_state
from assetflow.web.schemas.plans import RunAsked
from assetflow.web.schemas.runs import (
    Backfill,
    BackfillList,
    CancelAsked,
    LogPage,
    RetryAsked,
    RunDetail,
    RunEventItem,
    RunEventList,
    RunList,
    RunStarted,
    RunState,
    RunStatusAnswer,
)

router = APIRouter(tags=["runs"])
RunId = Annotated[str, Path(max_length=60)]
Text = Annotated[str | None, Query(max_length=1000)]
_EVENTS_LOOKED_AT = 20_000


@router.post("/runs", status_code=201)
def start_run(given: RunAsked, caller: Operator, parts: Parts, request: Request) -> RunStarted:
    """Start a run. The same `run_key`, or the same plan, is the same run; with another request it is a conflict."""
    wanted = wanted_run(parts.settings, given, caller.user)
    env = wanted.asked.env
    request.state.about = {"env": env}
    caller.check_env(env)
    confirm(parts.backend.desk, env, given.confirm_env)
    run_id = start(parts.backend.desk, wanted)
    request.state.about = {"env": env, "target": run_id}
    return RunStarted(run_id=run_id)


@router.get("/runs")
def list_runs(
    _caller: Viewer,
    parts: Parts,
    status: Annotated[list[RunState] | None, Query()] = None,
    job: Text = None,
    asset: Text = None,
    tag: Text = None,
    text: Text = None,
    env: Text = None,
    since: Annotated[float | None, Query(ge=0, le=1e11)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> RunList:
    """Runs, newest first. `tag` is a name, or name=value; `text` is looked for in what lists show."""
    wanted = RunFilter(states=tuple(status or ()), job=job, asset=asset, tag=tag, text=text, env=env, since=since)
    items, more = filtered(parts.summaries, wanted, run_cursor(cursor), limit)
    return RunList(items=items, next=more)


@router.get("/backfills")
def list_backfills(_caller: Viewer, parts: Parts, cursor: Cursor = None, limit: Limit = 50) -> BackfillList:
    """Runs of many partitions, newest first."""
    items, more = filtered(parts.summaries, RunFilter(backfill=True), run_cursor(cursor), limit)
    return BackfillList(
        items=[Backfill(**one.model_dump(), partitions=parts.details.partitions(one.id)) for one in items], next=more
    )


@router.get("/runs/{run_id}")
def one_run(
    run_id: RunId,
    _caller: Viewer,
    parts: Parts,
    steps_offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    steps_limit: Annotated[int, Query(ge=0, le=10_000)] = 2000,
) -> RunDetail:
    """A run with its steps."""
    return parts.details.of(_known(parts, run_id), steps_offset, steps_limit)


@router.get("/runs/{run_id}/events")
def run_events(
    run_id: RunId,
    _caller: Viewer,
    parts: Parts,
    after: Annotated[str, Query(pattern=r"^\d{1,16}(-\d{1,16})?$")] = "0",
    limit: Limit = 500,
    type: Annotated[list[str] | None, Query(max_length=50)] = None,  # noqa: A002
    step: Text = None,
) -> RunEventList:
    """What happened in a run, in order; `after` is the id of the last event that is known."""
    plan = parts.facts.request(_known(parts, run_id)).plan
    store = parts.backend.connection().store
    found: list[RunEventItem] = []
    at: str | None = after
    looked = 0
    while at is not None and len(found) < limit and looked < _EVENTS_LOOKED_AT:
        page = store.facts(run_id, at, 1000)
        looked += len(page)
        at = None
        for fact in page:
            item = RunEventItem(**event_of(fact, plan)._asdict())
            at = fact.id
            if (type is None or item.type in type) and (step is None or step in _steps(item.step, item.data)):
                found.append(item)
            if len(found) == limit:
                break
    return RunEventList(items=found, next=at)


@router.get("/runs/{run_id}/logs")
def run_logs(
    run_id: RunId,
    _caller: Viewer,
    parts: Parts,
    step: Text = None,
    attempt: Annotated[int | None, Query(ge=0, le=10_000)] = None,
    stream: Annotated[list[str] | None, Query(max_length=3)] = None,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    q: Annotated[str | None, Query(min_length=1, max_length=500)] = None,
) -> LogPage:
    """Lines that steps have written; with `q` also the numbers of the lines in which it stands."""
    plan = parts.facts.request(_known(parts, run_id)).plan
    return parts.log_pages.page(run_id, plan, step, attempt, tuple(stream or ()), offset, limit, q)


@router.post("/runs/{run_id}/cancel")
def cancel(run_id: RunId, _given: CancelAsked, caller: Operator, parts: Parts, request: Request) -> RunStatusAnswer:
    """End a run: nothing more is begun or kept; what runs is stopped."""
    _writes(parts, run_id, caller, request)
    status = parts.backend.handle(run_id).cancel()
    return RunStatusAnswer(run_id=run_id, status=run_state(status))


@router.post("/runs/{run_id}/pause")
def pause(run_id: RunId, caller: Operator, parts: Parts, request: Request) -> RunStatusAnswer:
    """Begin nothing more for now; what runs goes on."""
    _writes(parts, run_id, caller, request)
    status = parts.backend.handle(run_id).pause()
    return RunStatusAnswer(run_id=run_id, status=run_state(status))


@router.post("/runs/{run_id}/resume")
def resume(run_id: RunId, caller: Operator, parts: Parts, request: Request) -> RunStatusAnswer:
    """Go on with a paused run, or with one that the server has lost."""
    _writes(parts, run_id, caller, request)
    status = parts.backend.handle(run_id).resume()
    return RunStatusAnswer(run_id=run_id, status=run_state(status))


@router.post("/runs/{run_id}/retry", status_code=201)
def retry(run_id: RunId, given: RetryAsked, caller: Operator, parts: Parts, request: Request) -> RunStarted:
    """Run again what failed, one step, or everything, in a new run."""
    if (given.from_ == "step") != (given.step is not None):
        raise Refused(422, "invalid", "step: give the step's name with from=step, and only then")
    env = _writes(parts, run_id, caller, request)
    confirm(parts.backend.desk, env, given.confirm_env)
    try:
        handle = parts.backend.handle(run_id).retry(
            everything=given.from_ == "all", steps=[given.step] if given.step else (), tags=parts.tags_of(caller)
        )
    except AssetflowError as error:
        if "is not over" in error.message:
            raise Refused(409, "conflict", error.message, fix="wait for its end, or cancel it") from None
        raise
    return RunStarted(run_id=handle.id)


def _steps(step: str | None, data: dict[str, object]) -> list[str]:
    named = data.get("steps")
    return [step] if step is not None else [str(one) for one in named] if isinstance(named, list) else []


def _writes(parts: WebParts, run_id: str, caller: Caller, request: Request) -> str:
    """The environment of a run that is to be changed, if the caller may.

    Raises:
        RunNotFoundError: it is not known.
        Refused: they may not.
    """
    env = parts.summaries.one(_known(parts, run_id)).env
    request.state.about = {"env": env, "target": run_id}
    caller.check_env(env)
    return env


def _known(parts: WebParts, run_id: str) -> str:
    """The id, if it is written as ids of runs are.

    Raises:
        RunNotFoundError: it is not.
    """
    return parts.backend.handle(run_id).id
