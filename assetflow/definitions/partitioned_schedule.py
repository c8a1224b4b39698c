"""Schedules that run the latest partition of a job as soon as its window has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assetflow.definitions.instigating import AnyJob, DefaultScheduleStatus
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.schedule import CatchUpPolicy, ScheduleDefinition
from assetflow.definitions.schedule_context import ScheduleEvaluationContext
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.partitions.time_windows import ScheduleType, TimeWindowPartitionsDefinition
from assetflow.partitions.usual_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

_MADE_UP_FOR = 5  # windows that ended while no daemon was there
_DAY = (ScheduleType.DAILY, ScheduleType.WEEKLY, ScheduleType.MONTHLY)
_TAKES = {  # which offsets go with which length of a window
    "hour_of_day": _DAY,
    "day_of_week": (ScheduleType.WEEKLY,),
    "day_of_month": (ScheduleType.MONTHLY,),
}
_KINDS: dict[type[TimeWindowPartitionsDefinition], ScheduleType] = {
    HourlyPartitionsDefinition: ScheduleType.HOURLY,
    DailyPartitionsDefinition: ScheduleType.DAILY,
    WeeklyPartitionsDefinition: ScheduleType.WEEKLY,
    MonthlyPartitionsDefinition: ScheduleType.MONTHLY,
}


def build_schedule_from_partitioned_job(
    job: AnyJob,
    description: str | None = None,
    name: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    cron_schedule: str | None = None,
    execution_timezone: str | None = None,
    catch_up: CatchUpPolicy | None = None,
) -> ScheduleDefinition:
    """A schedule that runs a job for the latest partition whose window has ended, each time one has.

    Where the job's partitions have a second dimension that is no time, there is a run for each of its keys. Where they
    are no time at all, there is a run for each partition at each time of `cron_schedule`.

    Args:
        job: made with its ``partitions_def``.
        description: for people.
        name: by default that of the job and ``_schedule``.
        minute_of_hour: at which it fires, in place of that at which windows end.
        hour_of_day: the same, unless windows are hours.
        day_of_week: the same, where windows are weeks; 0 is Sunday.
        day_of_month: the same, where windows are months.
        default_status: whether it runs before anybody has started it.
        tags: of its runs, in addition to the job's.
        cron_schedule: when it fires, where partitions are no windows of time.
        execution_timezone: the zone of that cron expression.
        catch_up: what becomes of fire times that were missed; by default the last five are made up for.

    Raises:
        InvalidDefinitionError: an offset does not go with the length of the windows.
        CheckError: the job has no partitions, or it is not said when they are to be made.
    """
    partitions_def = job.partitions_def
    if partitions_def is None:
        raise CheckError(
            f'The job "{job.name}" has no partitions; give define_asset_job its partitions_def, or define the schedule '
            "with ScheduleDefinition"
        )
    offsets = {"hour_of_day": hour_of_day, "day_of_week": day_of_week, "day_of_month": day_of_month}
    windows = _windows_of(partitions_def)
    cron: str | None = cron_schedule
    zone = execution_timezone
    if windows is None:
        if cron_schedule is None or minute_of_hour is not None or any(value is not None for value in offsets.values()):
            raise CheckError(
                f'The partitions of the job "{job.name}" are no windows of time: say with cron_schedule when they are '
                "made"
            )
    else:
        if cron_schedule is not None or execution_timezone is not None:
            raise CheckError(
                f'The schedule of the job "{job.name}" fires when its windows end: cron_schedule and '
                "execution_timezone are for partitions that are no windows of time"
            )
        _check_offsets(windows, offsets, job)
        cron = windows.get_cron_schedule(minute_of_hour, hour_of_day, day_of_week, day_of_month)
        zone = windows.timezone
    found = name or f"{job.name}_schedule"
    return ScheduleDefinition(
        found,
        cron_schedule=cron,
        execution_timezone=zone,
        execution_fn=_LatestPartitions(job, partitions_def, windows, dict(tags or {})),
        description=description,
        job=job,
        default_status=default_status,
        catch_up=catch_up or CatchUpPolicy.last(_MADE_UP_FOR),
    )


class _LatestPartitions:
    """Asks for the runs of one tick."""

    __slots__ = ("_job", "_partitions_def", "_tags", "_windows")

    def __init__(
        self,
        job: AnyJob,
        partitions_def: PartitionsDefinition,
        windows: TimeWindowPartitionsDefinition | None,
        tags: Mapping[str, str],
    ) -> None:
        self._job, self._partitions_def, self._windows, self._tags = job, partitions_def, windows, tags

    def __call__(self, context: ScheduleEvaluationContext) -> Any:
        keys = self._keys(context)
        if not keys:
            return SkipReason("The job's PartitionsDefinition has no partitions")
        return [self._request(key) for key in keys]

    def _keys(self, context: ScheduleEvaluationContext) -> list[str]:
        now = context.scheduled_execution_time
        if self._windows is None:
            return list(self._partitions_def.get_partition_keys(now))
        last = self._windows.get_last_partition_key(now)
        if last is None:
            return []
        if not isinstance(self._partitions_def, MultiPartitionsDefinition):
            return [last]
        time, other = _dimensions(self._partitions_def)
        others = dict(_named(self._partitions_def))[other].get_partition_keys(now)
        return [str(MultiPartitionKey({time: last, other: key})) for key in others]

    def _request(self, key: str) -> RunRequest:
        tags = {**self._partitions_def.tags_of(key), **self._tags}
        return RunRequest(run_key=key, tags=tags, partition_key=key)


def _windows_of(partitions_def: PartitionsDefinition) -> TimeWindowPartitionsDefinition | None:
    if isinstance(partitions_def, TimeWindowPartitionsDefinition):
        return partitions_def
    if isinstance(partitions_def, MultiPartitionsDefinition):
        found = [one for _, one in _named(partitions_def) if isinstance(one, TimeWindowPartitionsDefinition)]
        others = [one for _, one in _named(partitions_def) if isinstance(one, StaticPartitionsDefinition)]
        return found[0] if len(found) == 1 and len(others) == 1 else None
    return None


def _dimensions(partitions_def: MultiPartitionsDefinition) -> tuple[str, str]:
    """The names of the dimension that is time, and of the other."""
    names = [name for name, _ in _named(partitions_def)]
    time = next(name for name, one in _named(partitions_def) if isinstance(one, TimeWindowPartitionsDefinition))
    return time, next(name for name in names if name != time)


def _named(partitions_def: MultiPartitionsDefinition) -> list[tuple[str, PartitionsDefinition]]:
    return [(one.name, one.partitions_def) for one in partitions_def.partitions_defs]


def _check_offsets(windows: TimeWindowPartitionsDefinition, offsets: Mapping[str, int | None], job: AnyJob) -> None:
    kind = _KINDS.get(type(windows))
    for name, value in offsets.items():
        if value is not None and kind not in _TAKES[name]:
            length = kind.value.lower() if kind is not None else "not of a usual length"
            raise InvalidDefinitionError(
                f"Cannot set {name} for a schedule of partitions that are {length}",
                where=f'job "{job.name}"',
                fix=f"leave {name} out, or write the schedule with ScheduleDefinition",
            )
