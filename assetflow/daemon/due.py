"""Whether a schedule or sensor is due, and which of the fire times that were missed are made up for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from zoneinfo import ZoneInfo

from assetflow.cron import fire_times
from assetflow.daemon.code_jobs import InstigatorAbout
from assetflow.runs.ticks import InstigatorKind, InstigatorState, Missed

IN_TIME_SECONDS = 60.0  # within which a fire time is none that was missed
_MOST_RECORDED = 100  # missed fire times that are each recorded
_MOST_LOOKED_AT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be done about an instigator now.

    Attributes:
        at: the fire time to evaluate it for; None for none.
        missed: fire times before it that are passed over.
    """

    at: float | None
    missed: Sequence[Missed] = ()


def is_running(about: InstigatorAbout, state: InstigatorState | None) -> bool:
    """Whether it is evaluated: as somebody has said, else as it is defined."""
    wanted = "" if state is None else state.wanted
    return about.runs if not wanted else wanted == "running"


def due(about: InstigatorAbout, state: InstigatorState, now: float) -> Due | None:
    """What is to be done at a moment, in seconds since the epoch; None for nothing."""
    if about.kind == InstigatorKind.SENSOR:
        before = state.last_at
        # It may lie ahead, if the clock was put back since.
        return Due(at=now) if before is None or abs(now - before) >= about.interval else None
    last, wanted = now if state.last_at is None else state.last_at, about.missed_ticks
    if wanted is None:
        first = next_fire_time(about, last)
        return Due(at=first) if first <= now else None
    passed = _passed(about, last, now)
    if not passed:
        return None
    in_time = 1 if now - passed[-1] <= IN_TIME_SECONDS else 0
    count = min(len(passed), max(wanted, in_time))
    missed, made_up = passed[: len(passed) - count], passed[len(passed) - count :]
    if not made_up:
        return Due(at=None, missed=_told(missed, wanted))
    return Due(at=made_up[0], missed=_told(missed, wanted))


def next_fire_time(about: InstigatorAbout, after: float) -> float:
    """When a schedule fires next."""
    return next(_times(about, after)).timestamp()


def _passed(about: InstigatorAbout, after: float, now: float) -> list[float]:
    until = datetime.fromtimestamp(now, UTC)
    found = [moment.timestamp() for moment in takewhile(lambda moment: moment <= until, _times(about, after))]
    return found[-_MOST_LOOKED_AT:]


def _times(about: InstigatorAbout, after: float) -> Iterator[datetime]:
    return fire_times(about.crons, ZoneInfo(about.zone), datetime.fromtimestamp(after, UTC))


def _told(missed: Sequence[float], wanted: int) -> list[Missed]:
    """The missed ones as they are recorded: the earliest of very many together."""
    reason = "it was missed, and " + {
        0: "none that is missed is made up for",
        1: "only the latest that is missed is made up for",
    }.get(wanted, f"only the latest {wanted} that are missed are made up for")
    early, late = missed[:-_MOST_RECORDED], missed[-_MOST_RECORDED:]
    found = [Missed(at, reason) for at in late]
    if early:
        first = datetime.fromtimestamp(early[0], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        found.insert(0, Missed(early[-1], f"{reason} ({len(early):,} fire times since {first})"))
    return found
