"""Hours, days, weeks and months as partitions."""

from __future__ import annotations

from datetime import datetime

from assetflow.partitions.time_windows import ScheduleType, TimeWindowPartitionsDefinition

DATE_FORMAT = "%Y-%m-%d"
HOUR_FORMAT = "%Y-%m-%d-%H:%M"


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Hours. See `TimeWindowPartitionsDefinition`.

    Args:
        start_date: the first whole hour begins then or later.
        minute_offset: minute at which hours begin.
        timezone: in which keys are written; UTC by default.
        fmt: of keys.
        end_offset: how many hours more, or less, there are than have ended.
        end_date: the last hour ends then or earlier.
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        end_date: datetime | str | None = None,
    ) -> None:
        super().__init__(
            start_date, fmt or HOUR_FORMAT, ScheduleType.HOURLY, timezone, end_offset, minute_offset, end=end_date
        )


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Days. See `TimeWindowPartitionsDefinition`.

    Args:
        start_date: the first whole day begins then or later.
        minute_offset: minute of the hour at which days begin.
        hour_offset: hour at which days begin.
        timezone: in which days begin; UTC by default.
        fmt: of keys.
        end_offset: how many days more, or less, there are than have ended.
        end_date: the last day ends then or earlier.
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        end_date: datetime | str | None = None,
    ) -> None:
        offsets = (minute_offset, hour_offset)
        super().__init__(
            start_date, fmt or DATE_FORMAT, ScheduleType.DAILY, timezone, end_offset, *offsets, end=end_date
        )


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Weeks. See `TimeWindowPartitionsDefinition`.

    Args:
        start_date: the first whole week begins then or later.
        minute_offset: minute of the hour at which weeks begin.
        hour_offset: hour of the day at which weeks begin.
        day_offset: day of the week at which weeks begin; 0 is Sunday.
        timezone: in which weeks begin; UTC by default.
        fmt: of keys.
        end_offset: how many weeks more, or less, there are than have ended.
        end_date: the last week ends then or earlier.
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        end_date: datetime | str | None = None,
    ) -> None:
        offsets = (minute_offset, hour_offset, day_offset)
        super().__init__(
            start_date, fmt or DATE_FORMAT, ScheduleType.WEEKLY, timezone, end_offset, *offsets, end=end_date
        )


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Months. See `TimeWindowPartitionsDefinition`.

    Args:
        start_date: the first whole month begins then or later.
        minute_offset: minute of the hour at which months begin.
        hour_offset: hour of the day at which months begin.
        day_offset: day of the month at which months begin.
        timezone: in which months begin; UTC by default.
        fmt: of keys.
        end_offset: how many months more, or less, there are than have ended.
        end_date: the last month ends then or earlier.
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        end_date: datetime | str | None = None,
    ) -> None:
        offsets = (minute_offset, hour_offset, day_offset)
        super().__init__(
            start_date, fmt or DATE_FORMAT, ScheduleType.MONTHLY, timezone, end_offset, *offsets, end=end_date
        )
