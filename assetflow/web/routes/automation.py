"""Jobs, schedules and sensors."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request

from assetflow.automation.memory import DecisionNode
from assetflow.runs.ticks import Tick, TickStore
from assetflow.web.confirming import confirm
from assetflow.web.paging import Cursor, Limit, number_cursor
from assetflow.web.parts import Env, Operator, Parts, Viewer, WebParts
from assetflow.web.refusals import Refused
from assetflow.web.routes.assets import Key, known_key
from assetflow.web.run_filters import RunFilter, filtered
from assetflow.web.schemas.automation import (
    ConditionNode,
    DecisionItem,
    DecisionList,
    Evaluated,
    Instigator,
    InstigatorList,
    InstigatorState,
    JobItem,
    JobList,
    TickItem,
    TickList,
)

router = APIRouter(tags=["automation"])
Name = Annotated[str, Path(max_length=300)]
_LAST_RUNS = 5
_STATUSES = {"started": "started", "succeeded": "success", "skipped": "skipped", "failed": "failed"}
_EVALUATES_WITHIN = 300.0


@router.get("/jobs")
def jobs(_caller: Viewer, parts: Parts) -> JobList:
    """All jobs, with their last runs."""
    items = []
    for one in parts.backend.desk.loaded().told["jobs"]:
        runs, _ = filtered(parts.summaries, RunFilter(job=one["name"]), None, _LAST_RUNS)
        items.append(JobItem(**one, last_runs=runs))
    return JobList(items=items)


@router.get("/instigators")
def instigators(_caller: Viewer, parts: Parts, env: Env) -> InstigatorList:
    """All schedules and sensors, with their next fire times and what came of the last tick."""
    store = _store(parts, env)
    states = store.states()
    module = _module(parts)
    items = []
    for one in _known(parts):
        state = states.get(one["name"])
        last = next(iter(store.ticks(one["name"], limit=1)), None)
        running = one["default_running"] if state is None or not state.wanted else state.wanted == "running"
        items.append(
            Instigator(
                **one,
                running=running,
                last_tick=None if last is None else _tick(last),
                cursor=None if state is None else state.cursor,
            )
        )
    holder = parts.backend.history().leases.holder(f"daemon:{env}:{module}")
    return InstigatorList(items=items, evaluated_by=None if holder is None else holder.rpartition(":")[0])


@router.get("/instigators/{name}/ticks")
def ticks(name: Name, _caller: Viewer, parts: Parts, env: Env, cursor: Cursor = None, limit: Limit = 50) -> TickList:
    """The ticks of one, the latest first: what each asked for, or why it did not."""
    _one(parts, name)
    found = _store(parts, env).ticks(name, limit=limit, before=number_cursor(cursor))
    return TickList(items=[_tick(one) for one in found], next=str(found[-1].id) if len(found) == limit else None)


@router.post("/instigators/{name}/start")
def start(name: Name, caller: Operator, parts: Parts, env: Env, request: Request) -> InstigatorState:
    """Have it evaluated from now on."""
    return _want(parts, name, env, caller, request, running=True)


@router.post("/instigators/{name}/stop")
def stop(name: Name, caller: Operator, parts: Parts, env: Env, request: Request) -> InstigatorState:
    """Have it evaluated no more; runs that were started go on."""
    return _want(parts, name, env, caller, request, running=False)


@router.post("/instigators/{name}/run")
def run(
    name: Name, caller: Operator, parts: Parts, env: Env, request: Request, confirm_env: str | None = None
) -> Evaluated:
    """Evaluate it now, whether it is due or not, and start what it asks for."""
    _one(parts, name)
    request.state.about = {"env": env, "target": name}
    caller.check_env(env)
    confirm(parts.backend.desk, env, confirm_env)
    state = _store(parts, env).states().get(name)
    asked = {
        "name": name,
        "env": env,
        "cursor": None if state is None else state.cursor,
        "last_run_key": None if state is None else state.last_run_key,
        "last_ended": None if state is None else state.last_ended,
    }
    body = parts.backend.desk.ask("evaluate", asked, seconds=_EVALUATES_WITHIN)
    return Evaluated(**msgspec.json.decode(body))


@router.get("/automation/decisions")
def decisions(_caller: Viewer, parts: Parts, env: Env, key: Key, limit: Limit = 20) -> DecisionList:
    """Why an asset that is made by itself was asked for, or was not, the latest first."""
    asset = known_key(parts, key)
    found = _store(parts, env).decisions(asset.to_string(), limit=limit)
    return DecisionList(
        items=[
            DecisionItem(
                asset=key,
                tick=one.tick,
                sensor=one.sensor,
                at=one.at,
                requested=one.requested,
                tree=_tree(DecisionNode.read(one.tree)),
            )
            for one in found
        ]
    )


def _tree(node: DecisionNode) -> ConditionNode:
    return ConditionNode(
        name=node.name,
        label=node.label or None,
        of=node.of or None,
        held=[pair for pair in node.held if tuple(pair) != ("", "")],
        held_count=node.held_count,
        candidate_count=node.candidate_count,
        parts=[_tree(part) for part in node.parts],
    )


def _want(
    parts: WebParts, name: str, env: str, caller: Operator, request: Request, *, running: bool
) -> InstigatorState:
    about = _one(parts, name)
    request.state.about = {"env": env, "target": name}
    caller.check_env(env)
    store = _store(parts, env)
    state = store.states().get(name)
    was = about["default_running"] if state is None or not state.wanted else state.wanted == "running"
    fresh = running and not was and about["kind"] == "schedule"
    kind = "schedule" if about["kind"] == "schedule" else "sensor"
    store.want(name, kind, "running" if running else "stopped", since=time.time() if fresh else None)
    return InstigatorState(name=name, running=running)


def _known(parts: WebParts) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(parts.backend.desk.ask("instigators", {}))
    return found


def _one(parts: WebParts, name: str) -> dict[str, Any]:
    for one in _known(parts):
        if one["name"] == name:
            return one
    raise Refused(404, "not_found", f"there is no schedule or sensor {name!r:.100}")


def _module(parts: WebParts) -> str:
    return str(parts.backend.desk.loaded().told["module"])


def _store(parts: WebParts, env: str) -> TickStore:
    return parts.backend.history().ticks_of(env, _module(parts))


def _tick(tick: Tick) -> TickItem:
    return TickItem(
        id=tick.id,
        at=tick.started,
        fire_time=tick.at,
        status=_STATUSES[tick.status],  # type: ignore[arg-type]
        reason=tick.reason,
        run_ids=tick.run_ids,
        cursor=tick.cursor_after,
        duration=tick.seconds,
        error=tick.error,
    )
