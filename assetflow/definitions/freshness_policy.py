"""How fresh an asset is to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from assetflow.cron import check_cron, fire_times_before, zone_of
from assetflow.errors import CheckError, InvalidDefinitionError, ParameterCheckError


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """How old the data may be that an asset is made of.

    What counts is the age of the data at the roots: an asset that was made just now of what others made yesterday is a
    day old.

    Attributes:
        maximum_lag_minutes: how old it may be.
        cron_schedule: the moments at which it may be no older, instead of always.
        cron_schedule_timezone: the zone in which the cron expression is read; UTC by default.

    Raises:
        InvalidDefinitionError: the cron expression or the zone is none.
        CheckError: there is a zone and no cron expression, or the lag is no number of minutes.
    """

    maximum_lag_minutes: float
    cron_schedule: str | None = None
    cron_schedule_timezone: str | None = None

    def __post_init__(self) -> None:
        lag = self.maximum_lag_minutes
        if isinstance(lag, bool) or not isinstance(lag, int | float) or lag < 0:
            raise ParameterCheckError(f"maximum_lag_minutes is a number of minutes, not {lag!r}")
        if self.cron_schedule is None:
            if self.cron_schedule_timezone is not None:
                raise CheckError("Cannot specify cron_schedule_timezone without a cron_schedule.")
            return
        try:
            check_cron(self.cron_schedule, whose="a FreshnessPolicy")
        except InvalidDefinitionError as error:
            raise InvalidDefinitionError(
                f"Invalid cron schedule '{self.cron_schedule}'.", where=error.message, fix=error.fix
            ) from None
        zone_of(self.cron_schedule_timezone, whose="a FreshnessPolicy")

    def evaluation_tick(self, evaluation_time: datetime) -> datetime | None:
        """The latest moment, up to a given one, at which the asset had to be fresh."""
        moment = _aware(evaluation_time)
        if self.cron_schedule is None:
            return moment
        expression = check_cron(self.cron_schedule, whose="a FreshnessPolicy")
        zone = zone_of(self.cron_schedule_timezone, whose="a FreshnessPolicy")
        return next(fire_times_before([expression], zone, moment), None)

    def minutes_late(self, data_time: datetime | None, evaluation_time: datetime) -> float | None:
        """By how many minutes an asset is late; 0 if it is in time, None if it has no data at all.

        Args:
            data_time: the age of the data it is made of, at the roots.
            evaluation_time: for which to tell.
        """
        tick = None if data_time is None else self.evaluation_tick(evaluation_time)
        if data_time is None or tick is None:
            return None
        return max(0.0, (tick - _aware(data_time)).total_seconds() / 60 - self.maximum_lag_minutes)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
