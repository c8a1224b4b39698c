"""Ticks: each evaluation of a schedule or sensor, and the seam to where they are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import msgspec

from assetflow.runs.entries import (
    CheckEntry,
    DecisionEntry,
    MaterializationEntry,
    ObservationEntry,
    PartitionEntry,
)

SKIPPED_SENSOR_DAYS = 7.0  # how long ticks of sensors are kept that asked for nothing


class TickStatus(StrEnum):
    """Where a tick stands."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"


class InstigatorKind(StrEnum):
    """What is evaluated."""

    SCHEDULE = "schedule"
    SENSOR = "sensor"


class AskedRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run that a tick asks for, as it is kept.

    Attributes:
        run_key: which no other run of the instigator has.
        job_name: of the job that is to run.
        run_config: in place of the job's; None for the job's.
        tags: in addition to the job's.
        asset_selection: keys of the job's assets, as lists of their segments; None for all.
        stale_only: run only what is stale of it.
        partition_key: which partition.
        asset_partitions: of assets, which, in ranges; None if that is not said for each.
    """

    run_key: str
    job_name: str
    run_config: dict[str, Any] | None = None
    tags: dict[str, str] = {}
    asset_selection: list[list[str]] | None = None
    stale_only: bool = False
    partition_key: str | None = None
    asset_partitions: list[tuple[list[str], list[tuple[str, str]]]] | None = None


class TickEffects(NamedTuple):
    """What a tick brings about at once, besides the runs it asks for: all of it, once.

    Attributes:
        partitions: dynamic partitions that are added, and removed.
        materializations, observations, checks: what is told of assets.
        decisions: why assets are asked for, or are not.
    """

    partitions: Sequence[PartitionEntry] = ()
    materializations: Sequence[MaterializationEntry] = ()
    observations: Sequence[ObservationEntry] = ()
    checks: Sequence[CheckEntry] = ()
    decisions: Sequence[DecisionEntry] = ()


NO_EFFECTS = TickEffects()


class InstigatorState(NamedTuple):
    """What is remembered of a schedule or sensor.

    Attributes:
        kind: see `InstigatorKind`.
        wanted: ``running`` or ``stopped``, if somebody has said so; else empty.
        cursor: what a sensor has noted down.
        last_run_key: the run key that was asked for last.
        last_at: the fire time, or for sensors the moment, of the last tick, in seconds since the epoch. Of a schedule
            without ticks, since when its fire times count.
        last_ended: when the last tick was over.
    """

    name: str
    kind: str
    wanted: str
    cursor: str | None
    last_run_key: str | None
    last_at: float | None
    last_ended: float | None


class Tick(NamedTuple):
    """One evaluation.

    Attributes:
        at: its fire time; of a sensor the moment it was due. Seconds since the epoch, as all times.
        asked: the runs it asks for, once they are known.
        run_ids: of the runs there are.
        holder: the daemon that has it in hand.
    """

    id: int
    instigator: str
    kind: str
    at: float
    status: str
    started: float
    ended: float | None
    reason: str | None
    error: str | None
    asked: list[AskedRun] | None
    run_ids: list[str]
    cursor_before: str | None
    cursor_after: str | None
    holder: str

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self.ended is None else max(0.0, self.ended - self.started)


class Missed(NamedTuple):
    """A fire time that is not made up for."""

    at: float
    reason: str


class Reserved(NamedTuple):
    """The run of a run key.

    Attributes:
        run_id: chosen before the run is there, so that whoever starts it again starts the same.
        is_launched: whether it is known to have been there.
        is_mine: whether this very tick has asked for it first.
    """

    run_id: str
    is_launched: bool
    is_mine: bool


class TickStore(Protocol):
    """Ticks of the schedules and sensors of one environment and code location, in the history.

    Several daemons at once do no harm: of two that begin the tick of a fire time one succeeds, and whoever does not
    hold a tick changes nothing of it. All methods raise HistoryUnreachableError while the database does not answer.
    """

    def states(self) -> dict[str, InstigatorState]:
        """What is remembered, by name."""

    def know(self, name: str, kind: str, since: float) -> InstigatorState:
        """What is remembered of one; from now on, if nothing is: fire times of a schedule count from `since` on."""

    def want(self, name: str, kind: str, wanted: str, *, since: float | None = None) -> None:
        """Say whether it is to be evaluated.

        Args:
            since: fire times before are not looked at any more; None leaves that as it is.
        """

    def set_cursor(self, name: str, kind: str, cursor: str | None) -> None:
        """Note down how far a sensor has come, by hand."""

    def begin(
        self, state: InstigatorState, at: float, *, holder: str, now: float, missed: Sequence[Missed] = ()
    ) -> Tick | None:
        """Begin a tick; None if somebody else has begun one since, or has stopped the instigator.

        Args:
            state: as it was seen.
            missed: fire times before it that are recorded as skipped, at the same time.
        """

    def pass_over(self, state: InstigatorState, missed: Sequence[Missed], *, now: float) -> bool:
        """Record fire times as skipped, up to the last of them, and begin none."""

    def open(self) -> list[Tick]:
        """Ticks that have begun and are not over, the earliest first."""

    def take_over(self, tick: Tick, holder: str) -> bool:
        """Have a tick in hand that another daemon has left; False if it is over, or somebody else was faster."""

    def note(
        self,
        tick: Tick,
        asked: Sequence[AskedRun],
        *,
        cursor: str | None,
        reason: str | None,
        effects: TickEffects = NO_EFFECTS,
    ) -> bool:
        """Keep what a tick asks for, before anything is done about it; False if it is in other hands.

        Args:
            effects: what takes effect at the same time.
        """

    def reserve(self, tick: Tick, run_key: str, run_id: str) -> Reserved:
        """The run of a run key: this one, unless there is one already."""

    def launched(self, tick: Tick, run_key: str, at: float) -> None:
        """The run of a run key is there."""

    def settle(
        self,
        tick: Tick,
        status: TickStatus,
        *,
        at: float,
        reason: str | None = None,
        error: str | None = None,
        run_ids: Sequence[str] = (),
        cursor: str | None = None,
        last_run_key: str | None = None,
    ) -> bool:
        """End a tick, and note down how far its instigator has come; False if it is in other hands.

        Args:
            cursor: as it is from now on.
            last_run_key: None leaves it as it is.
        """

    def ticks(
        self, name: str | None = None, *, limit: int = 50, before: int | None = None, statuses: Collection[str] = ()
    ) -> list[Tick]:
        """Ticks, the latest first.

        Args:
            name: of one instigator; None for all.
            before: id of a tick; only earlier ones.
            statuses: only those that stand so.
        """

    def decisions(self, asset: str | None = None, *, limit: int = 1) -> list[DecisionEntry]:
        """Why assets were asked for, or were not: of each the latest that was another one than before.

        Args:
            asset: one; then so many of its own, the latest first.
        """


class Leases(Protocol):
    """Rights that one process at a time has, by the clock of the database."""

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        """Take or keep a lease; False if somebody else has it."""

    def drop(self, name: str, holder: str) -> None:
        """Leave a lease to others, if it is held."""

    def holder(self, name: str) -> str | None:
        """Who has it; None if nobody."""
