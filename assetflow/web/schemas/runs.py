"""Runs: lists, one of them, its events and logs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from assetflow.web.schemas.answer import Answer

RunState = Literal["queued", "running", "success", "failed", "cancelled", "paused", "lost"]


class StepCounts(Answer):
    """How many steps of a run stand how."""

    total: int
    done: int
    failed: int
    skipped: int
    running: int
    ready: int


class PartitionCounts(Answer):
    """How many partitions of a backfill stand how."""

    total: int
    done: int
    failed: int
    running: int


class RunSummary(Answer):
    """A run as lists show it. Times are in seconds since the epoch, durations in seconds."""

    id: str
    name: str
    status: RunState
    env: str
    target: str
    assets: list[str] = Field(description="the first 20")
    assets_total: int
    job: str | None
    partition: str | None
    tags: dict[str, str]
    who: str | None
    created: float
    started: float | None
    ended: float | None
    predicted: float | None = Field(description="seconds that it may take in all")
    steps: StepCounts
    attempts: int
    backfill: bool
    error: str | None = None


class Backfill(RunSummary):
    """A run of many partitions."""

    partitions: PartitionCounts


class SourceFrame(Answer):
    """Where in the user's code something went wrong."""

    file: str
    line: int
    source: list[tuple[int, str]]


class StepError(Answer):
    """What a step raised."""

    type: str
    message: str
    frame: SourceFrame | None
    traceback: str


class Attempt(Answer):
    """A try of a step that is over, and what its time was spent on, in seconds."""

    outcome: str
    at: float
    error: str
    load: float | None = None
    compute: float | None = None
    store: float | None = None


class RunStep(Answer):
    """A step of a run."""

    index: int
    step: str
    assets: list[str]
    partition: str | None
    state: str
    attempt: int
    slot: str | None
    worker: str | None
    started: float | None
    ended: float | None
    load: float | None = Field(description="of the last try; less than a thousandth of a second is told as 0")
    compute: float | None
    store: float | None
    seconds: float | None
    reason: str
    error: StepError | None
    critical: bool
    depends: list[int]
    log_size: int
    queue: str
    pool: str
    attempts: list[Attempt]
    made: list[str] | None


class RunDetail(RunSummary):
    """A run with its steps."""

    step_list: list[RunStep]
    steps_total: int
    plan: dict[str, Any]
    config: dict[str, Any]
    events_last: str
    parent_run: str | None


class RunList(Answer):
    """A page of runs; `next` asks for the one after it."""

    items: list[RunSummary]
    next: str | None


class BackfillList(Answer):
    """A page of backfills."""

    items: list[Backfill]
    next: str | None


class RunEventItem(Answer):
    """One thing that happened in a run."""

    id: str
    at: float
    type: str
    step: str | None
    asset: str | None
    level: Literal["info", "warning", "error"]
    message: str
    data: dict[str, Any]


class RunEventList(Answer):
    """What happened in a run, in order."""

    items: list[RunEventItem]
    next: str | None


class LogItem(Answer):
    """A line that a step has written; n counts from 0."""

    n: int
    at: float | None
    stream: Literal["stdout", "stderr", "log"]
    level: str
    text: str


class LogPage(Answer):
    """Some lines, or where a text stands in them.

    Of a long log the first lines are told before all of it is read: their number is a guess until it is `counted`.
    """

    lines: list[LogItem]
    total_lines: int
    next_offset: int | None
    live: bool
    counted: bool = True
    matches: list[int] | None = None


class RunStarted(Answer):
    """The run that was started."""

    run_id: str


class RunStatusAnswer(Answer):
    """How a run stands after it was told something."""

    run_id: str
    status: RunState


class CancelAsked(BaseModel, extra="forbid"):
    """End a run."""

    grace: float | None = Field(default=None, ge=0, le=86_400)


class RetryAsked(BaseModel, extra="forbid"):
    """Run again what failed."""

    from_: Literal["failure", "step", "all"] = Field(default="failure", alias="from")
    step: str | None = Field(default=None, max_length=1000)
    confirm_env: str | None = None
