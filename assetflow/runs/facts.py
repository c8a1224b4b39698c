"""Facts: what has happened in a run, in the past tense, append-only."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from assetflow.planning.plan import SettledOutput


class FactKind(StrEnum):
    """What a fact tells."""

    RUN_QUEUED = "run_queued"
    RUN_STARTED = "run_started"
    STEP_STARTED = "step_started"
    STEP_SUCCEEDED = "step_succeeded"
    STEP_SKIPPED = "step_skipped"
    STEP_FAILED = "step_failed"
    STEP_RETRY = "step_retry"
    STEP_LOST = "step_lost"
    STEP_LOGGED = "step_logged"
    STEP_UPSTREAM_FAILED = "step_upstream_failed"
    RUN_REFUSED = "run_refused"
    RUN_PAUSED = "run_paused"
    RUN_RESUMED = "run_resumed"
    RUN_ABORTED = "run_aborted"
    RUN_CANCELLING = "run_cancelling"
    RUN_ENDED = "run_ended"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        id: position in the run's stream; ask for what came after it.
        kind: what happened.
        at: seconds since the epoch, by the store's clock.
        steps: indices of the steps it is about; empty for the run itself.
        token: which claim of the step, 0 where no claim is meant.
        raw: what the reporter added, as JSON; few who read facts look into it.
    """

    id: str
    kind: FactKind
    at: float
    steps: tuple[int, ...] = ()
    token: int = 0
    raw: bytes = b"{}"

    @property
    def detail(self) -> dict[str, Any]:
        """What the reporter added: times, outputs with metadata, the error."""
        found: dict[str, Any] = msgspec.json.decode(self.raw)
        return found

    def told(self) -> StepDetail:
        """The same of a step; empty if it is none of this version's."""
        try:
            return _told.decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return StepDetail()


class ErrorDetail(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An exception as it travels in a fact.

    Attributes:
        type: qualified class name.
        message: ``str()`` of the exception.
        traceback: formatted, the user's frames first.
        pickled: the exception itself, signed and base64, where it can be pickled.
    """

    type: str
    message: str
    traceback: str = ""
    pickled: str | None = None


class PartDetail(msgspec.Struct, array_like=True):
    """One partition of an output that has several, as it travels in a fact.

    Attributes:
        key: of the partition.
        data_version: as in OutputDetail.
        size: bytes, where the IO manager tells them.
        uri: where the value is.
    """

    key: str
    data_version: str | None = None
    size: int | None = None
    uri: str | None = None


class OutputDetail(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A materialization as it travels in a fact.

    Attributes:
        output: index of the output in the plan.
        key: segments of the asset's key.
        version: name of the version, None where the IO manager keeps none.
        metadata: label to ``{"type": ..., "value": ...}``.
        data_version: equal for equal data: as the function has said, else by content, else by version; None where an
            IO manager tells neither.
        code_version: of the code that made it, if it is another than the plan says.
        tags: text to text.
        size: bytes, where the IO manager tells them.
        uri: where the value is, if the IO manager tells that other than by metadata called ``path``.
        parts: of an output of several partitions each of them, where they were stored one by one.
    """

    output: int
    key: tuple[str, ...]
    version: str | None = None
    metadata: dict[str, Any] = {}
    data_version: str | None = None
    code_version: str | None = None
    tags: dict[str, str] = {}
    size: int | None = None
    uri: str | None = None
    parts: list[PartDetail] = []


class Read(msgspec.Struct, array_like=True):
    """What a step has read that another run has made.

    Attributes:
        key: segments of the asset's key.
        version: name of the version that was found.
        data_version: of that version.
        partition: that was read; empty if the asset has none.
    """

    key: tuple[str, ...]
    version: str | None = None
    data_version: str | None = None
    partition: str = ""


class CheckDetail(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a check said, as it travels in a fact.

    Attributes:
        key: segments of the key of the asset that was checked.
        name: of the check.
        severity: ``ERROR`` or ``WARN``; matters if it has not passed.
        blocking: whether it can keep others from being made.
        metadata: label to ``{"type": ..., "value": ...}``.
    """

    key: tuple[str, ...]
    name: str
    passed: bool
    severity: str = "ERROR"
    blocking: bool = False
    description: str | None = None
    metadata: dict[str, Any] = {}

    @property
    def stops(self) -> bool:
        """Whether what needs the asset must not be made."""
        return self.blocking and not self.passed and self.severity == "ERROR"


class LogDetail(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where the log of one try of one step is, as it travels in a fact.

    Attributes:
        uri: where it is kept; empty if it could not be.
        size: bytes that were written.
        left_out: bytes among them that are not kept.
        lines: how many are kept.
        stored: bytes it takes; 0 if nobody knows.
    """

    uri: str
    size: int
    left_out: int = 0
    lines: int = 0
    stored: int = 0


class PartitionsDetail(msgspec.Struct, array_like=True):
    """Dynamic partitions that a step has added, or removed.

    Attributes:
        definition: name of their definition.
        keys: which.
        removed: whether they are to go.
    """

    definition: str
    keys: tuple[str, ...]
    removed: bool = False


class Phases(NamedTuple):
    """What the time of a try was spent on, in seconds; less than a thousandth of loading or storing is told as 0."""

    load: float
    compute: float
    store: float


class StepDetail(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a worker tells about one try of one step.

    Attributes:
        slot: who ran it.
        started: seconds since the epoch by the worker's clock, for people to read.
        seconds: how long loading, computing and storing took.
        load, store: how much of it was loading and storing, in seconds; 0 where it was not worth a word.
        retry: number of the try, from 0.
        outputs: what was materialized.
        inner: outputs that are no assets: index, and the version under which each is kept.
        loaded: what was read that another run has made.
        unchanged: it was not run, because its inputs are what they were when it was run last.
        kept: what it had made then, and leaves as it is.
        checks: what its checks said.
        observations: what was observed or materialized by hand, as recorded events.
        error: what it raised.
        delay: seconds until it is tried again.
        hooks: names of the hooks that were called after it and raised nothing.
        hook_errors: what hooks raised, by their names.
        log: where what it has written is kept; None if it has written nothing.
        partitions: dynamic partitions that it has added or removed.
    """

    slot: str = ""
    started: float = 0.0
    seconds: float = 0.0
    load: float = 0.0
    store: float = 0.0
    retry: int = 0
    outputs: list[OutputDetail] = []
    inner: list[tuple[int, str | None]] = []
    loaded: list[Read] = []
    unchanged: bool = False
    kept: list[SettledOutput] = []
    checks: list[CheckDetail] = []
    observations: list[dict[str, Any]] = []
    error: ErrorDetail | None = None
    delay: float | None = None
    hooks: list[str] = []
    hook_errors: dict[str, str] = {}
    log: LogDetail | None = None
    partitions: list[PartitionsDetail] = []

    @property
    def phases(self) -> Phases | None:
        """What the time was spent on; None if nothing was run, or nobody told."""
        if not self.seconds or self.unchanged:
            return None
        return Phases(self.load, max(0.0, self.seconds - self.load - self.store), self.store)


_SHORTEST_TOLD = 0.001  # seconds


def worth_telling(seconds: float) -> float:
    """A duration as it is told; the shortest are not, so that the facts of tiny steps stay small."""
    return round(seconds, 6) if seconds >= _SHORTEST_TOLD else 0.0


_told = msgspec.json.Decoder(StepDetail)
