"""What the history keeps: one entry for each thing that happened.

Entries are tuples whose fields are named and ordered as the columns of the tables: they go there as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Place(NamedTuple):
    """How far the stream of a run is recorded.

    Attributes:
        born: when the stream was made, ms since the epoch. A run that is made again under its id, after its server
            was wiped, has another stream.
        after: id of the last fact that is recorded.
    """

    born: int
    after: str = "0-0"


class RunEntry(NamedTuple):
    """A run.

    Attributes:
        created, started, ended: seconds since the epoch.
        code: what people are shown of it; `bundle` is the name of the code that was sent along, or empty.
        steps, done: how many there are, and how many are over.
        tags: JSON.
        envelope: the signed request, as workers read it.
        error: why the run as a whole was given up; or what the first failed step raised.
    """

    run_id: str
    status: str
    created: float
    started: float | None
    ended: float | None
    environment: str
    job_name: str
    selection: str
    code: str
    bundle: str
    steps: int
    done: int
    priority: int
    tags: str
    error: str | None
    envelope: bytes


class RunChange(NamedTuple):
    """What has changed of a run; None where nothing has.

    Attributes:
        done: steps that are over in addition.
    """

    run_id: str
    status: str | None
    started: float | None
    ended: float | None
    error: str | None
    done: int


class StatusEntry(NamedTuple):
    """That a run has come to stand in some way; `at` is in seconds since the epoch."""

    run_id: str
    status: str
    at: float


class FactEntry(NamedTuple):
    """A fact as the stream had it. `ms` and `seq` are the two numbers of its id; `at` is in seconds."""

    run_id: str
    born: int
    ms: int
    seq: int
    at: float
    kind: str
    steps: str
    token: int
    detail: str


class AttemptEntry(NamedTuple):
    """One try of one step, or that it was not tried.

    Attributes:
        token: of its claim; 0 for a step that was skipped.
        key: the step's name.
        outcome: ``succeeded``, ``unchanged``, ``failed``, ``retry``, ``lost``, ``skipped`` or ``upstream failed``.
        retry: number of the try, from 0.
        started, ended: seconds since the epoch, the first by the worker's clock.
        seconds: how long loading, computing and storing took.
        error: type and message of what it raised.
    """

    run_id: str
    step: int
    token: int
    key: str
    outcome: str
    retry: int
    slot: str
    started: float | None
    ended: float
    seconds: float
    error: str | None


class MaterializationEntry(NamedTuple):
    """That a value exists.

    Attributes:
        asset: the key, as a JSON list of its segments.
        environment: that the run was for.
        partition: its name; empty for an asset without partitions.
        output: index in the plan; -1 for what was told by hand.
        seq: number of the event within its try.
        at: seconds since the epoch.
        seconds: how long its step took.
        size: bytes, where the IO manager tells them.
        uri: where the value is.
        version: name under which it is kept, or None.
        metadata, tags: JSON objects.
        inputs: JSON list of ``[key, version, data version]`` of what its step has read.
    """

    asset: str
    environment: str
    partition: str
    run_id: str
    step: int
    step_key: str
    token: int
    output: int
    seq: int
    at: float
    seconds: float
    size: int | None
    uri: str | None
    version: str | None
    data_version: str | None
    code_version: str | None
    description: str | None
    metadata: str
    tags: str
    inputs: str


class ObservationEntry(NamedTuple):
    """Something that was seen of an asset, or expected: `kind` says which."""

    asset: str
    environment: str
    partition: str
    run_id: str
    step: int
    step_key: str
    token: int
    seq: int
    at: float
    kind: str
    label: str | None
    success: bool | None
    data_version: str | None
    description: str | None
    metadata: str
    tags: str


class CheckEntry(NamedTuple):
    """What a check of an asset said."""

    asset: str
    environment: str
    name: str
    run_id: str
    step: int
    token: int
    seq: int
    at: float
    passed: bool
    severity: str
    blocking: bool
    description: str | None
    metadata: str


class LogEntry(NamedTuple):
    """Where the log of one try of one step is.

    Attributes:
        key: the step's name.
        retry: number of the try, from 0.
        at: seconds since the epoch.
        uri: where it is; empty if it could not be kept.
        size: bytes that were written.
        left_out: bytes among them that are not kept.
        lines: how many are kept.
        stored: bytes it takes.
    """

    run_id: str
    step: int
    token: int
    key: str
    retry: int
    at: float
    uri: str
    size: int
    left_out: int
    lines: int
    stored: int


class AlertEntry(NamedTuple):
    """That somebody is to be told of a run.

    Attributes:
        at: when that came up, in seconds since the epoch.
        due: when it is to be sent, or sent again; None if it was sent, or given up.
        tries: how often that was tried.
        sent: when it was accepted.
        error: what the last try came to.
    """

    run_id: str
    at: float
    due: float | None
    tries: int = 0
    sent: float | None = None
    error: str | None = None


class PartitionEntry(NamedTuple):
    """A dynamic partition that was added, or removed.

    Attributes:
        definition: name of the definition.
        added: when, in seconds since the epoch; None if it was removed.
    """

    definition: str
    key: str
    added: float | None


class UnmadeEntry(NamedTuple):
    """That the last try of a step did not make an asset, or a partition of it.

    Attributes:
        outcome: ``failed``, ``upstream failed`` or ``skipped``; ``unchanged`` if there was nothing to make.
        at: seconds since the epoch; it counts until the asset is materialized later.
    """

    environment: str
    asset: str
    partition: str
    outcome: str
    run_id: str
    step: int
    at: float


class DecisionEntry(NamedTuple):
    """Why an asset was asked for in a tick, or was not.

    Attributes:
        tick: its id.
        sensor: that has looked.
        at: when, in seconds since the epoch.
        requested: how many partitions were asked for; 1 for an asset without partitions.
        tree: the condition and what held of it, as JSON.
    """

    asset: str
    tick: int
    sensor: str
    at: float
    requested: int
    tree: str


class Move(NamedTuple):
    """That the record of a run's stream has moved on; `before` is None for a stream that is new."""

    run_id: str
    before: Place | None
    after: Place


@dataclass(slots=True)
class Entries:
    """What is recorded together: all of it, or nothing.

    Attributes:
        moves: what has to be as it was for the rest to count.
    """

    moves: list[Move] = field(default_factory=list)
    runs: list[RunEntry] = field(default_factory=list)
    changes: list[RunChange] = field(default_factory=list)
    statuses: list[StatusEntry] = field(default_factory=list)
    facts: list[FactEntry] = field(default_factory=list)
    attempts: list[AttemptEntry] = field(default_factory=list)
    materializations: list[MaterializationEntry] = field(default_factory=list)
    observations: list[ObservationEntry] = field(default_factory=list)
    checks: list[CheckEntry] = field(default_factory=list)
    logs: list[LogEntry] = field(default_factory=list)
    alerts: list[AlertEntry] = field(default_factory=list)
    partitions: list[PartitionEntry] = field(default_factory=list)
    unmade: list[UnmadeEntry] = field(default_factory=list)
