"""The moments at which one window of time ends and the next begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import islice
from zoneinfo import ZoneInfo

from assetflow.cron import fire_times, fire_times_before

_HOUR = 3600
_USUAL = re.compile(r"(\d+) (\*|\d+) (\*|\d+) \* (\*|[0-7])")


class Boundaries:
    """The fire times of a cron expression, as seconds since the epoch.

    What everybody has, by the hour, day, week or month, is worked out by the calendar, which is a good deal faster; the
    rules of cron decide where a clock is changed.

    Args:
        cron: five fields.
        zone: in which it is read.
    """

    __slots__ = ("_day", "_hour", "_minute", "_weekday", "cron", "zone")

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        self.cron = cron
        self.zone = zone
        self._minute = self._hour = self._day = self._weekday = -1
        usual = _USUAL.fullmatch(cron)
        if usual is not None:
            minute, hour, day, weekday = (-1 if field == "*" else int(field) for field in usual.groups())
            hourly = hour < 0 and day < 0 and weekday < 0
            if hourly or (hour >= 0 and (day < 0 or weekday < 0) and day <= 28):
                self._minute, self._hour, self._day, self._weekday = minute, hour, day, weekday

    def after(self, moment: int) -> Iterator[int]:
        """All boundaries after a moment, without end."""
        if self._minute < 0:
            start = datetime.fromtimestamp(moment, UTC)
            yield from (round(found.timestamp()) for found in fire_times([self.cron], self.zone, start))
        elif self._hour < 0:
            yield from self._hours_after(moment)
        else:
            for day in self._days_from(datetime.fromtimestamp(moment, self.zone).date() - timedelta(days=1)):
                found = self._at(day)
                if found > moment:
                    yield found

    def before(self, moment: int) -> Iterator[int]:
        """All boundaries up to a moment, it among them, the latest first."""
        until = datetime.fromtimestamp(moment, UTC)
        yield from (round(found.timestamp()) for found in fire_times_before([self.cron], self.zone, until))

    def next_after(self, moment: int) -> int:
        """The first boundary after a moment."""
        return next(self.after(moment))

    def is_one(self, moment: int) -> bool:
        """Whether a moment is a boundary."""
        return self.next_after(moment - 1) == moment

    def _hours_after(self, moment: int) -> Iterator[int]:
        found = self._next_by_cron(moment)
        while True:
            yield found
            found += _HOUR
            if datetime.fromtimestamp(found, self.zone).minute != self._minute:  # the clock was changed by less
                found = self._next_by_cron(found - _HOUR)

    def _days_from(self, day: date) -> Iterator[date]:
        if self._day >= 0:
            first = day.replace(day=1)
            while True:
                yield first.replace(day=self._day)
                first = (first + timedelta(days=31)).replace(day=1)
        step = timedelta(days=1 if self._weekday < 0 else 7)
        if self._weekday >= 0:
            day += timedelta(days=(self._weekday - day.isoweekday()) % 7)
        while True:
            yield day
            day += step

    def _at(self, day: date) -> int:
        wall = datetime.combine(day, time_of_day(self._hour, self._minute), self.zone)
        moment = round(wall.timestamp())
        there = datetime.fromtimestamp(moment, self.zone)
        if (there.hour, there.minute) == (self._hour, self._minute):
            return moment
        return self._next_by_cron(moment - 2 * _HOUR)  # no clock shows that time on this day

    def _next_by_cron(self, moment: int) -> int:
        found = next(islice(fire_times([self.cron], self.zone, datetime.fromtimestamp(moment, UTC)), 1))
        return round(found.timestamp())
