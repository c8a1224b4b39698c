"""Workers, queues and limits, and how the set-up is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from assetflow.web.schemas.answer import Answer


class CurrentStep(Answer):
    """A step that a worker runs."""

    step: str
    run_id: str
    since: float | None
    slot: str


class WorkerItem(Answer):
    """A worker. `name` is its id, new at every start; `version` that of assetflow, `software` all there is to say."""

    name: str
    host: str
    pid: int
    queues: list[str]
    pool: str
    slots: int
    busy: int
    started: float | None
    last_beat: float
    version: str | None
    software: str
    code: str | None
    modules: list[str]
    quarantined_until: float | None
    draining: bool
    current: list[CurrentStep]


class QueueItem(Answer):
    """A queue."""

    name: str
    ready: int
    running: int
    listeners: int


class LimitItem(Answer):
    """A limit, and how much of it is used; `limit` is null where there is none."""

    name: str
    limit: int | None
    used: int
    waiting: int


class WorkerList(Answer):
    """Workers, queues, pools and run limits."""

    items: list[WorkerItem]
    next: str | None = None
    queues: list[QueueItem]
    pools: list[LimitItem]
    run_limits: list[LimitItem]


class LimitAsked(BaseModel, extra="forbid"):
    """How many may be under way at once: steps of a pool, or runs with a tag (`*` for all). Null for no limit."""

    kind: Literal["pool", "tag"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^(\*|[^*=\s][^*]*)$")]
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None


class Done(Answer):
    """It was done."""

    done: bool = True


class FindingItem(Answer):
    """One thing that was looked at."""

    level: Literal["ok", "warning", "problem"]
    area: str
    message: str
    fix: str | None


class FindingList(Answer):
    """All that `assetflow doctor` finds."""

    items: list[FindingItem]
    next: str | None = None


class SettingItem(Answer):
    """A setting. Secrets are not told."""

    name: str
    value: Any
    origin: str


class SettingList(Answer):
    """All settings of the server."""

    items: list[SettingItem]
    next: str | None = None
