"""Workers, limits, and how the set-up is."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import fields
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request

from assetflow.runs.limits import LimitUse
from assetflow.runs.registry import QUARANTINE_SECONDS
from assetflow.runs.states import StepState
from assetflow.settings import Settings
from assetflow.stores.redis.connection import redacted
from assetflow.web.parts import Admin, Operator, Parts, Viewer, WebParts
from assetflow.web.refusals import Refused
from assetflow.web.schemas.fleet import (
    CurrentStep,
    Done,
    FindingList,
    LimitAsked,
    LimitItem,
    QueueItem,
    SettingItem,
    SettingList,
    WorkerItem,
    WorkerList,
)

router = APIRouter(tags=["fleet"])
_SECRET = ("signing_key", "alert_secret")
_ADDRESSES = ("redis_url", "broker_url")
_LARGE = 5000  # steps of a run, from which on it is not looked up what each worker runs of it
_LOOKS_WITHIN = 60.0


@router.get("/workers")
def workers(_caller: Viewer, parts: Parts) -> WorkerList:
    """Workers and what they run, queues, pools and run limits."""
    connection = parts.backend.connection()
    views = connection.registry.workers()
    quarantined = set(connection.registry.quarantined())
    current, ready, running = _under_way(parts)
    now = time.time()
    listeners: Counter[str] = Counter()
    for view in views:
        for queue in view.info.queues:
            listeners[queue] += view.info.slots
    items = [
        WorkerItem(
            name=view.info.worker,
            host=view.info.host,
            pid=view.info.pid,
            queues=list(view.info.queues),
            pool="prefork" if view.info.can_kill else "threads",
            slots=view.info.slots,
            busy=view.busy,
            started=view.info.started or None,
            last_beat=now - view.last_beat,
            version=_version(view.info.software),
            software=view.info.software,
            code=", ".join(f"{module} {found[:8]}" for module, found in sorted(view.code.items())) or None,
            modules=list(view.info.modules),
            quarantined_until=now + QUARANTINE_SECONDS if view.info.host in quarantined else None,
            draining=connection.registry.is_to_drain(view.info.worker),
            current=current.get(view.info.worker, []),
        )
        for view in views
    ]
    queues = sorted({*listeners, *ready, *running})
    return WorkerList(
        items=sorted(items, key=lambda one: (one.host, one.pid)),
        queues=[
            QueueItem(name=name, ready=ready[name], running=running[name], listeners=listeners[name]) for name in queues
        ],
        pools=[_limit(one) for one in connection.limits.pools()],
        run_limits=[_limit(one) for one in connection.limits.run_limits()],
    )


@router.post("/workers/{name}/drain")
def drain(name: Annotated[str, Path(max_length=100)], _caller: Operator, parts: Parts) -> Done:
    """Ask a worker to take nothing more, and to end when what it has in hand is done."""
    registry = parts.backend.connection().registry
    if name not in {view.info.worker for view in registry.workers()}:
        raise Refused(404, "not_found", f"there is no worker {name!r}")
    registry.drain(name)
    return Done()


@router.post("/limits")
def set_limit(given: LimitAsked, _caller: Admin, parts: Parts, request: Request) -> Done:
    """Set or lift a limit."""
    request.state.about = {"target": f"{given.kind} {given.name}: {given.limit or 'no limit'}"}
    connection = parts.backend.connection()
    change = connection.limits.set_pool_limit if given.kind == "pool" else connection.limits.set_run_limit
    for one in change(given.name, given.limit):
        connection.announce(one.run_id, [one])
    return Done()


@router.get("/doctor")
def doctor(_caller: Viewer, parts: Parts) -> FindingList:
    """What is wrong with the set-up, and what to do about it."""
    body = parts.backend.desk.ask("doctor", {"env": parts.settings.env}, seconds=_LOOKS_WITHIN)
    return FindingList(items=msgspec.json.decode(body))


@router.get("/settings")
def settings(_caller: Admin, parts: Parts) -> SettingList:
    """The settings of the server, without secrets."""
    return SettingList(items=[_setting(parts.settings, one.name) for one in fields(Settings) if one.name != "origin"])


def _setting(found: Settings, name: str) -> SettingItem:
    value: Any = getattr(found, name)
    if name in _SECRET:
        value = None if value is None else "(redacted)"
    elif name == "database_url":
        value = None if value is None else found.history_title
    elif name in _ADDRESSES:
        value = None if value is None else redacted(value)
    elif name == "alert_url":
        value = None if value is None else value.partition("?")[0]
    elif name == "environments":
        value = sorted(value)
    elif isinstance(value, FilePath):
        value = str(value)
    return SettingItem(name=name, value=value, origin=found.where(name))


def _version(software: str) -> str | None:
    """Of assetflow, out of what a worker says of its software; None where it says nothing."""
    found = re.match(r"assetflow (\S+?)(,|$)", software)
    return None if found is None else found[1]


def _limit(one: LimitUse) -> LimitItem:
    return LimitItem(name=one.name, limit=one.limit, used=len(one.holders), waiting=one.waiting)


def _under_way(parts: WebParts) -> tuple[dict[str, list[CurrentStep]], Counter[str], Counter[str]]:
    """What each worker runs, and how many steps of each queue are ready and running."""
    store = parts.backend.connection().store
    current: dict[str, list[CurrentStep]] = {}
    ready: Counter[str] = Counter()
    running: Counter[str] = Counter()
    for run_id in store.live_runs():
        plan = parts.facts.request(run_id).plan
        states = store.view(run_id).states
        fold = parts.folds.of(run_id) if len(states) <= _LARGE else None
        for step, state in zip(plan.steps, states, strict=False):
            if state is StepState.READY:
                ready[step.queue] += 1
            elif state is StepState.CLAIMED:
                running[step.queue] += 1
                told = fold.steps.get(step.index) if fold is not None else None
                if told is not None and told.slot and told.state is StepState.CLAIMED:
                    worker = told.slot.partition(":")[0]
                    current.setdefault(worker, []).append(
                        CurrentStep(step=step.key, run_id=run_id, since=told.started, slot=told.slot)
                    )
    return current, ready, running
