"""What the daemon and the processes that hold users' code say to each other: a JSON document a line."""

from __future__ import annotations

import signal
from typing import Any

import msgspec

from assetflow.runs.reported import Reported
from assetflow.runs.ticks import AskedRun

SIGNAL_TO_TELL = signal.SIGUSR2  # has a process write where it is
WRITTEN_LAST = "what it has written last:"  # stands in errors between the cause and what may explain it


class InstigatorAbout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the daemon has to know of a schedule or sensor.

    Attributes:
        kind: see `InstigatorKind`.
        runs: whether it is evaluated before anybody has started or stopped it.
        crons: of a schedule, when it fires; five fields each.
        zone: in which they are read.
        missed_ticks: how many missed fire times are made up for; None for all.
        interval: of a sensor, seconds between two evaluations.
    """

    name: str
    kind: str
    runs: bool = False
    crons: tuple[str, ...] = ()
    zone: str = "UTC"
    missed_ticks: int | None = 1
    interval: float = 30.0


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """The first thing that is said: what was found.

    Attributes:
        files: of which the code was loaded, and when each was changed last.
        error: why it cannot be loaded.
    """

    instigators: list[InstigatorAbout] = []
    files: dict[str, float] = {}
    error: str = ""


class EvaluateJob(msgspec.Struct, frozen=True, kw_only=True, tag="evaluate"):
    """Ask a schedule or sensor what is to be done.

    Attributes:
        tick: its id; 0 if it is none, but somebody who asks by hand.
        at: the fire time.
        last_run_key, last_ended: see `InstigatorState`.
    """

    tick: int
    name: str
    kind: str
    at: float
    cursor: str | None = None
    last_run_key: str | None = None
    last_ended: float | None = None


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is asked for, and the id it is going to have."""

    asked: AskedRun
    run_id: str


class LaunchJob(msgspec.Struct, frozen=True, kw_only=True, tag="launch"):
    """Start runs, as far as they are not there already.

    Attributes:
        name: of what asks for them.
    """

    name: str
    runs: list[PlannedRun]


class QuestionJob(msgspec.Struct, frozen=True, kw_only=True, tag="question"):
    """Ask something about the definitions; see `assetflow.desk`.

    Attributes:
        name: of the question.
        arguments: JSON.
    """

    name: str
    arguments: dict[str, Any] = {}


class Launched(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of starting a run.

    Attributes:
        run_id: of the run that was started, or was there.
        error: why it cannot be started; empty if it was.
    """

    run_id: str = ""
    error: str = ""


class PartitionsChange(msgspec.Struct, frozen=True, kw_only=True):
    """Dynamic partitions that are to be added, or removed."""

    definition: str
    keys: list[str]
    removes: bool = False


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Why an asset is asked for, or is not; see `DecisionEntry`."""

    asset: str
    requested: int
    tree: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A job, and how many seconds it may take."""

    number: int
    job: EvaluateJob | LaunchJob | QuestionJob
    seconds: float


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """What came of a job.

    Attributes:
        number: of the order.
        asked: the runs that are asked for.
        reason: why none is.
        cursor: as it is from now on.
        changes: dynamic partitions to add and remove.
        events: what is told of assets.
        decisions: why assets are asked for, or are not.
        launched: for each run that was to be started, what came of it.
        error: what went wrong; empty if nothing.
        passes: it is the fault of a server that does not answer, and is to be tried again.
        is_late: it took longer than it may.
        told: the answer to a question, as JSON.
    """

    number: int = 0
    asked: list[AskedRun] = []
    reason: str | None = None
    cursor: str | None = None
    changes: list[PartitionsChange] = []
    events: list[Reported] = []
    decisions: list[Decided] = []
    launched: list[Launched] = []
    error: str = ""
    passes: bool = False
    is_late: bool = False
    told: msgspec.Raw = msgspec.Raw(b"null")


said = msgspec.json.Decoder(Hello | Answer)
ordered = msgspec.json.Decoder(Order)


def line_of(message: Hello | Answer | Order) -> bytes:
    """A message as it is sent."""
    return msgspec.json.encode(message) + b"\n"
