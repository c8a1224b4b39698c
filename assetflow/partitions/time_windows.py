"""Partitions that are stretches of time."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from assetflow.cron import check_cron, zone_of
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.partitions.boundaries import Boundaries
from assetflow.partitions.partitions_definition import (
    DynamicPartitionsStore,
    Partition,
    PartitionKeyRange,
    PartitionsDefinition,
)
from assetflow.partitions.time_window import TimeWindow

_growing = threading.Lock()  # held while more windows become known
_WORDS = {"0 * * * *": "hourly", "0 0 * * *": "daily", "0 0 * * 0": "weekly", "0 0 1 * *": "monthly"}


class ScheduleType(Enum):
    """How long usual windows are."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class TimeWindowPartitionsDefinition(PartitionsDefinition):
    """Partitions that are stretches of time, one after the other.

    A window is a partition from the moment on when it has ended. Its key is the moment at which it begins, in the time
    zone, written with `fmt`; where a clock is set back and shows an hour twice, the second has its distance from UTC
    behind it.

    Args:
        start: the first window begins then or later: the first that is whole. A datetime, or a text in `fmt`.
        fmt: how keys are written, for ``strftime``.
        schedule_type: how long windows are; or see `cron_schedule`.
        timezone: name of the zone in which days begin; UTC by default.
        end_offset: how many windows more, or less, there are than have ended.
        minute_offset: of the hour at which windows begin.
        hour_offset: of the day.
        day_offset: of the week, 0 for Sunday, or of the month, from 1.
        cron_schedule: windows go from one of its fire times to the next.
        end: the last window ends then or earlier; None if it goes on.

    Raises:
        InvalidDefinitionError: there is no such zone, or the cron expression is none.
        CheckError: neither or both of `schedule_type` and `cron_schedule` are given, or an offset cannot be.
    """

    __slots__ = (
        "_begins", "_boundaries", "_ends", "_is_over", "_keys", "_places", "cron_schedule", "end", "end_offset", "fmt",
        "start",
    )  # fmt: skip

    def __init__(
        self,
        start: datetime | str,
        fmt: str,
        schedule_type: ScheduleType | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
        minute_offset: int | None = None,
        hour_offset: int | None = None,
        day_offset: int | None = None,
        cron_schedule: str | None = None,
        end: datetime | str | None = None,
    ) -> None:
        if not isinstance(fmt, str) or not fmt:
            raise CheckError(f"fmt is a format for strftime, not {fmt!r}")
        if not isinstance(end_offset, int) or isinstance(end_offset, bool):
            raise CheckError(f"end_offset is a number of windows, not {end_offset!r}")
        whose = type(self).__name__
        zone = zone_of(timezone, whose=whose)
        if (schedule_type is None) == (cron_schedule is None):
            raise CheckError(f"{whose} has either a schedule_type or a cron_schedule")
        if schedule_type is not None:
            cron_schedule = _cron(schedule_type, minute_offset, hour_offset, day_offset)
        elif (minute_offset, hour_offset, day_offset) != (None, None, None):
            raise CheckError(f"offsets of {whose} go with a schedule_type; a cron_schedule says all of it")
        self.cron_schedule = check_cron(cron_schedule, whose=whose)
        self.fmt = fmt
        self.end_offset = end_offset
        self.start = _moment(start, fmt, zone, "start")
        self.end = None if end is None else _moment(end, fmt, zone, "end")
        self._boundaries = Boundaries(self.cron_schedule, zone)
        self._forget()
        two = [self._first, self._boundaries.next_after(self._first)]
        if len({self._key(begin) for begin in two}) < 2:
            raise InvalidDefinitionError(
                f"two windows of {whose} have the same key, {self._key(two[0])}", fix=f"write more of the time: {fmt!r}"
            )

    def _forget(self) -> None:
        self._keys: list[str] = []
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._is_over = False  # there will be no more of them
        self._places: dict[str, int] = {}

    @property
    def timezone(self) -> str:
        """Name of the zone."""
        return str(self._boundaries.zone)

    @property
    def zone(self) -> ZoneInfo:
        """The zone."""
        return self._boundaries.zone

    def get_cron_schedule(
        self,
        minute_of_hour: int | None = None,
        hour_of_day: int | None = None,
        day_of_week: int | None = None,
        day_of_month: int | None = None,
    ) -> str:
        """When a window has ended, or so much later, as a cron expression."""
        minute, hour, day, month, weekday = self.cron_schedule.split()
        return " ".join(
            given if given is not None else own
            for given, own in (
                (_text(minute_of_hour), minute),
                (_text(hour_of_day), hour),
                (_text(day_of_month), day),
                (None, month),
                (_text(day_of_week), weekday),
            )
        )

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,  # noqa: ARG002
    ) -> Sequence[str]:
        """The keys of all windows that have ended by then, the earliest first."""
        return self._keys[: self._count(_seconds(current_time))]

    def get_num_partitions(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,  # noqa: ARG002
    ) -> int:
        """How many windows have ended by then."""
        return self._count(_seconds(current_time))

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,  # noqa: ARG002
    ) -> bool:
        """Whether it is the key of a window that has ended by then."""
        count = self._count(_seconds(current_time))
        return self._places.get(partition_key, count) < count

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
        current_time: datetime | None = None,
    ) -> Sequence[str]:
        """The keys from one to another, both included; see `PartitionsDefinition.get_partition_keys_in_range`."""
        count = self._count(_seconds(current_time))
        first, last = (self._places.get(key, count) for key in partition_key_range)
        if first < count and last < count and first <= last:
            return self._keys[first : last + 1]
        return super().get_partition_keys_in_range(partition_key_range, dynamic_partitions_store, current_time)

    def partition_of(self, partition_key: str) -> Partition:
        """The partition of a key, with its window."""
        return Partition(partition_key, self.time_window_for_partition_key(partition_key))

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """The window of a key, whether it has ended or not.

        Raises:
            UnknownPartitionError: no window begins then.
        """
        begin = self._begin(partition_key)
        return TimeWindow(self._local(begin), self._local(self._boundaries.next_after(begin)))

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """When the window of a key begins; UnknownPartitionError if none does."""
        return self._local(self._begin(partition_key))

    def get_partition_key_for_timestamp(self, timestamp: float) -> str:
        """The key of the window in which a moment lies, in seconds since the epoch."""
        return self._key(next(self._boundaries.before(int(timestamp // 1))))

    def get_partition_keys_in_time_window(
        self, time_window: TimeWindow, current_time: datetime | None = None
    ) -> Sequence[str]:
        """The keys of windows that begin in a stretch of time, and have ended by now."""
        count = self._count(_seconds(current_time))
        first, last = (bisect_left(self._begins, moment.timestamp(), hi=count) for moment in time_window)
        return self._keys[first:last]

    def get_next_partition_key(self, partition_key: str, current_time: datetime | None = None) -> str | None:
        """The key of the window behind one; None if that has not ended yet."""
        return self._beside(partition_key, 1, current_time)

    def get_prev_partition_key(self, partition_key: str, current_time: datetime | None = None) -> str | None:
        """The key of the window before one; None if there is none."""
        return self._beside(partition_key, -1, current_time)

    def get_first_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """The first window; None if it has not ended yet."""
        key = self.get_first_partition_key(current_time)
        return None if key is None else self.time_window_for_partition_key(key)

    def get_last_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """The window that has ended last; None if none has."""
        key = self.get_last_partition_key(current_time)
        return None if key is None else self.time_window_for_partition_key(key)

    def keys_at(self, first: int, last: int) -> Sequence[str]:
        """The keys of windows by their numbers, from 0, the last excluded; of those that are known by now."""
        return self._keys[first:last]

    def places_within(self, window: TimeWindow, current_time: datetime | None = None) -> range:
        """The numbers, from 0, of all windows ended by now of which some part lies in a stretch of time."""
        count = self._count(_seconds(current_time))
        first = bisect_right(self._ends, window.start.timestamp(), hi=count)
        return range(first, bisect_left(self._begins, window.end.timestamp(), hi=count))

    def _beside(self, partition_key: str, step: int, current_time: datetime | None) -> str | None:
        count = self._count(_seconds(current_time))
        place = self._places.get(partition_key)
        if place is None:
            raise self.unknown(partition_key, self._keys[:count])
        return self._keys[place + step] if 0 <= place + step < count else None

    def _count(self, now: float) -> int:
        """How many partitions there are; their keys are known afterwards."""
        if not self._is_over and (not self._ends or self._ends[-1] <= now):
            self._grow(lambda ends: ends <= now)
        ended = bisect_right(self._ends, now)
        if self.end_offset > 0:
            wanted = ended + self.end_offset
            self._grow(lambda _end: len(self._ends) < wanted)
        return max(0, min(len(self._ends), ended + self.end_offset))

    def _grow(self, wanted: Callable[[int], bool]) -> None:
        last = None if self.end is None else round(self.end.timestamp())
        with _growing:
            begin = self._ends[-1] if self._ends else self._first
            for end in takewhile(wanted, self._boundaries.after(begin)):
                if last is not None and end > last:
                    self._is_over = True
                    return
                key = self._key(begin)
                self._places[key] = len(self._keys)
                self._keys.append(key)
                self._begins.append(begin)
                self._ends.append(end)
                begin = end

    @property
    def _first(self) -> int:
        """When the first window begins."""
        return self._boundaries.next_after(math.ceil(self.start.timestamp()) - 1)

    def _begin(self, partition_key: str) -> int:
        place = self._places.get(partition_key)
        if place is not None:
            return self._begins[place]
        found = self._parsed(partition_key)
        if found is None or found < self.start.timestamp() or not self._boundaries.is_one(found):
            raise self.unknown(partition_key, self.get_partition_keys())
        return found

    def _parsed(self, partition_key: str) -> int | None:
        for text, fmt in ((partition_key, self.fmt), (partition_key, f"{self.fmt}%z")):
            try:
                moment = datetime.strptime(text, fmt)  # noqa: DTZ007 - it is a wall clock's time
            except (ValueError, TypeError):
                continue
            found = round((moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).timestamp())
            if self._key(found) == partition_key:
                return found
        return None

    def _local(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment, self.zone)

    def _key(self, moment: int) -> str:
        there = self._local(moment)
        text = there.strftime(self.fmt)
        return text + there.strftime("%z") if there.fold and "%z" not in self.fmt else text

    def _told(self) -> tuple[Any, ...]:
        return (self.cron_schedule, self.timezone, self.fmt, self.end_offset, self.start, self.end)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TimeWindowPartitionsDefinition):
            return NotImplemented
        return self._told() == other._told()

    def __hash__(self) -> int:
        return hash(self._told())

    def __getstate__(self) -> Mapping[str, Any]:
        """Without the keys, which are found again faster than they travel."""
        about = ("cron_schedule", "end", "end_offset", "fmt", "start")
        return {name: getattr(self, name) for name in about} | {"zone": self.timezone}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        zone = state["zone"]
        for name in ("cron_schedule", "end", "end_offset", "fmt", "start"):
            setattr(self, name, state[name])
        self._boundaries = Boundaries(self.cron_schedule, ZoneInfo(zone))
        self._forget()

    def __str__(self) -> str:
        until = "" if self.end is None else f", before {self.end.strftime(self.fmt)}"
        where = "" if self.timezone == "UTC" else f" in {self.timezone}"
        what = _WORDS.get(self.cron_schedule) or f"windows of time, cron {self.cron_schedule!r}"
        return f"{what}{where}, from {self.start.strftime(self.fmt)}{until}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


def _cron(kind: ScheduleType, minute: int | None, hour: int | None, day: int | None) -> str:
    first_day, last_day = {ScheduleType.WEEKLY: (0, 6), ScheduleType.MONTHLY: (1, 31)}.get(kind, (0, 0))
    at_minute = _within("minute_offset", minute, 0, 59)
    at_hour = _within("hour_offset", hour, 0, 0 if kind is ScheduleType.HOURLY else 23)
    on_day = _within("day_offset", first_day if day is None else day, first_day, last_day)
    return {
        ScheduleType.HOURLY: f"{at_minute} * * * *",
        ScheduleType.DAILY: f"{at_minute} {at_hour} * * *",
        ScheduleType.WEEKLY: f"{at_minute} {at_hour} * * {on_day}",
        ScheduleType.MONTHLY: f"{at_minute} {at_hour} {on_day} * *",
    }[kind]


def _within(name: str, value: int | None, least: int, most: int) -> int:
    found = least if value is None else value
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise CheckError(f"{name} is a number from {least} to {most}, not {value!r}")
    return found


def _moment(given: datetime | str, fmt: str, zone: ZoneInfo, name: str) -> datetime:
    if isinstance(given, datetime):
        return given.replace(tzinfo=zone) if given.tzinfo is None else given.astimezone(zone)
    if not isinstance(given, str):
        raise CheckError(f"{name} of windows of time is a datetime or a text, not {given!r}")
    try:
        found = datetime.strptime(given, fmt)  # noqa: DTZ007 - the zone comes from the definition
    except ValueError as error:
        raise InvalidDefinitionError(
            f"{name} of windows of time is {given!r}, which is not written as {fmt}", fix=f"write it as {fmt}: {error}"
        ) from None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone)


def _seconds(moment: datetime | None) -> float:
    if moment is None:
        return datetime.now(UTC).timestamp()
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
