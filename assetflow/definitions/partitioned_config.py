"""Run config that is made for each partition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from assetflow.errors import CheckError
from assetflow.partitions.dynamic import DynamicPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.partitions.time_windows import TimeWindowPartitionsDefinition
from assetflow.partitions.usual_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

Config = Mapping[str, Any]
OfKey = Callable[[str], Config]
OfWindow = Callable[[datetime, datetime], Config]


class PartitionedConfig:
    """The run config of a job's runs, by partition: ``define_asset_job(..., config=it)`` divides the job as well.

    Args:
        partitions_def: for which partitions.
        run_config_for_key_fn: from the key of a partition to its run config.
        decorated_fn: what the user wrote, which a call leads to.

    Raises:
        CheckError: an argument is of another type.
    """

    __slots__ = ("_decorated", "_of_key", "partitions_def")

    def __init__(
        self,
        partitions_def: PartitionsDefinition,
        run_config_for_key_fn: OfKey,
        decorated_fn: Callable[..., Any] | None = None,
    ) -> None:
        if not isinstance(partitions_def, PartitionsDefinition):
            raise CheckError(f"partitions_def of a PartitionedConfig is a PartitionsDefinition, not {partitions_def!r}")
        if not callable(run_config_for_key_fn):
            raise CheckError(f"run_config_for_key_fn is a function, not {run_config_for_key_fn!r:.200}")
        self.partitions_def = partitions_def
        self._of_key = run_config_for_key_fn
        self._decorated = decorated_fn or run_config_for_key_fn

    def get_partition_keys(self, current_time: datetime | None = None) -> Sequence[str]:
        """The keys of all partitions there are.

        Args:
            current_time: for which to tell; now by default.
        """
        return self.partitions_def.get_partition_keys(current_time)

    def get_run_config_for_partition_key(self, partition_key: str) -> dict[str, Any]:
        """The run config of one partition.

        Raises:
            UnknownPartitionError: there is none of this key.
        """
        return dict(self._of_key(self.partitions_def.check_key(partition_key)))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was decorated."""
        return self._decorated(*args, **kwargs)


def static_partitioned_config(partition_keys: Sequence[str]) -> Callable[[OfKey], PartitionedConfig]:
    """Make run config of a function of a partition's key.

    Args:
        partition_keys: of all partitions.
    """
    return lambda function: PartitionedConfig(StaticPartitionsDefinition(partition_keys), function)


def dynamic_partitioned_config(
    partition_fn: Callable[[datetime | None], Sequence[str]],
) -> Callable[[OfKey], PartitionedConfig]:
    """The same for keys that a function lists.

    Args:
        partition_fn: from a moment, or None for now, to the keys there are then.
    """
    return lambda function: PartitionedConfig(DynamicPartitionsDefinition(partition_fn), function)


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
) -> Callable[[OfWindow], PartitionedConfig]:
    """Make run config of a function of when an hour begins and ends. See `HourlyPartitionsDefinition`."""
    return _of_windows(HourlyPartitionsDefinition(start_date, minute_offset, timezone, fmt, end_offset))


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
) -> Callable[[OfWindow], PartitionedConfig]:
    """Make run config of a function of when a day begins and ends. See `DailyPartitionsDefinition`."""
    return _of_windows(DailyPartitionsDefinition(start_date, minute_offset, hour_offset, timezone, fmt, end_offset))


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
) -> Callable[[OfWindow], PartitionedConfig]:
    """Make run config of a function of when a week begins and ends. See `WeeklyPartitionsDefinition`."""
    return _of_windows(
        WeeklyPartitionsDefinition(start_date, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset)
    )


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
) -> Callable[[OfWindow], PartitionedConfig]:
    """Make run config of a function of when a month begins and ends. See `MonthlyPartitionsDefinition`."""
    return _of_windows(
        MonthlyPartitionsDefinition(start_date, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset)
    )


def _of_windows(definition: TimeWindowPartitionsDefinition) -> Callable[[OfWindow], PartitionedConfig]:
    def make(function: OfWindow) -> PartitionedConfig:
        def of_key(key: str) -> Config:
            return function(*definition.time_window_for_partition_key(key))

        return PartitionedConfig(definition, of_key, function)

    return make
