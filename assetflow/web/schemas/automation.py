"""Jobs, schedules and sensors, and their ticks."""

from __future__ import annotations

from typing import Any, Literal

from assetflow.web.schemas.answer import Answer
from assetflow.web.schemas.definitions import PartitionsAbout
from assetflow.web.schemas.runs import RunSummary


class JobItem(Answer):
    """A job."""

    name: str
    description: str
    selection: str
    assets: list[str]
    partitions: PartitionsAbout | None
    config_schema: dict[str, Any] | None
    tags: dict[str, str]
    last_runs: list[RunSummary]


class JobList(Answer):
    """All jobs."""

    items: list[JobItem]
    next: str | None = None


class TickItem(Answer):
    """One evaluation. Times are in seconds since the epoch."""

    id: int
    at: float
    fire_time: float
    status: Literal["started", "success", "skipped", "failed"]
    reason: str | None
    run_ids: list[str]
    cursor: str | None
    duration: float | None
    error: str | None


class TickList(Answer):
    """A page of ticks, the latest first."""

    items: list[TickItem]
    next: str | None


class Instigator(Answer):
    """A schedule, a sensor, or what evaluates conditions."""

    name: str
    kind: Literal["schedule", "sensor", "automation"]
    running: bool
    default_running: bool
    cron: list[str]
    cron_words: str
    timezone: str | None
    interval: float | None
    job: str | None
    description: str
    next: list[float]
    last_tick: TickItem | None
    cursor: str | None


class InstigatorList(Answer):
    """All of them, and which daemon evaluates them; nobody does if that is null."""

    items: list[Instigator]
    next: str | None = None
    evaluated_by: str | None


class ConditionNode(Answer):
    """A condition in a decision, and what held of it.

    `of` is the asset or check it was looked at of, where that is another one than above. `held` are ranges of
    partitions.
    """

    name: str
    label: str | None
    of: str | None
    held: list[tuple[str, str]]
    held_count: int
    candidate_count: int
    parts: list[ConditionNode]


class DecisionItem(Answer):
    """Why an asset was asked for in a tick, or was not: its condition as a tree, with what held of it."""

    asset: str
    tick: int
    sensor: str
    at: float
    requested: int
    tree: ConditionNode


class DecisionList(Answer):
    """Decisions, the latest first."""

    items: list[DecisionItem]
    next: str | None = None


class InstigatorState(Answer):
    """Whether it is evaluated."""

    name: str
    running: bool


class Evaluated(Answer):
    """What came of evaluating one by hand."""

    run_ids: list[str]
    reason: str | None
