"""Windows of time as partitions."""

from __future__ import annotations

import pickle
import threading
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetflow.cron import fire_times
from assetflow.errors import CheckError, InvalidDefinitionError, UnknownPartitionError
from assetflow.partitions.boundaries import Boundaries
from assetflow.partitions.partitions_definition import PartitionKeyRange
from assetflow.partitions.time_windows import ScheduleType, TimeWindowPartitionsDefinition
from assetflow.partitions.usual_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca"]
CRONS = ["0 * * * *", "15 * * * *", "0 0 * * *", "30 2 * * *", "30 1 * * *", "0 3 * * 0", "0 0 * * 7", "0 0 1 * *",
         "0 2 28 * *", "0 0 31 * *", "*/45 * * * *"]  # fmt: skip


@pytest.mark.parametrize(
    ("definition", "first", "last"),
    [
        (DailyPartitionsDefinition("2026-11-20"), "2026-11-20", "2026-11-25"),
        (DailyPartitionsDefinition("2026-11-20", end_offset=1), "2026-11-20", "2026-11-26"),
        (DailyPartitionsDefinition("2026-11-20", end_offset=-2), "2026-11-20", "2026-11-23"),
        (DailyPartitionsDefinition("2026-11-20", end_date="2026-11-23"), "2026-11-20", "2026-11-22"),
        (DailyPartitionsDefinition("2026-11-20", hour_offset=13), "2026-11-20", "2026-11-24"),
        (DailyPartitionsDefinition(datetime(2026, 11, 20, 1, tzinfo=UTC)), "2026-11-21", "2026-11-25"),
        (DailyPartitionsDefinition("20/11/26", fmt="%d/%m/%y"), "20/11/26", "25/11/26"),
        (HourlyPartitionsDefinition("2026-11-26-00:00"), "2026-11-26-00:00", "2026-11-26-11:00"),
        (HourlyPartitionsDefinition("2026-11-26-00:00", minute_offset=15), "2026-11-26-00:15", "2026-11-26-10:15"),
        (WeeklyPartitionsDefinition("2022-01-01"), "2022-01-02", "2026-11-15"),
        (WeeklyPartitionsDefinition("2022-01-01", day_offset=6), "2022-01-01", "2026-11-14"),
        (MonthlyPartitionsDefinition("2022-01-15"), "2022-02-01", "2026-10-01"),
        (MonthlyPartitionsDefinition("2022-01-01", day_offset=15), "2022-01-15", "2026-10-15"),
        (DailyPartitionsDefinition("2026-11-20", timezone="Asia/Tokyo"), "2026-11-20", "2026-11-25"),
        (TimeWindowPartitionsDefinition("2026-11-20", "%Y-%m-%d", cron_schedule="0 0 * * 1-5"), "2026-11-20",
         "2026-11-25"),
    ],
)  # fmt: skip
def test_a_window_is_a_partition_when_it_has_ended(
    definition: TimeWindowPartitionsDefinition, first: str, last: str
) -> None:
    keys = definition.get_partition_keys(NOW)
    assert (keys[0], keys[-1]) == (first, last)
    assert (definition.get_first_partition_key(NOW), definition.get_last_partition_key(NOW)) == (first, last)
    assert definition.get_num_partitions(NOW) == len(keys) == len(set(keys))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", CRONS)
def test_boundaries_are_the_fire_times_of_the_cron_expression(zone: str, cron: str) -> None:
    boundaries = Boundaries(cron, ZoneInfo(zone))
    for moment in (0, 1_772_800_007, 1_790_000_000):
        slow = fire_times([cron], ZoneInfo(zone), datetime.fromtimestamp(moment, UTC))
        assert list(islice(boundaries.after(moment), 400)) == [round(one.timestamp()) for one in islice(slow, 400)]


@given(
    st.sampled_from(ZONES),
    st.sampled_from(CRONS),
    st.integers(1_735_700_000, 1_793_000_000).map(lambda found: datetime.fromtimestamp(found, UTC)),
    st.integers(-2, 2),
)
@settings(deadline=None, max_examples=60)
def test_windows_follow_each_other_without_a_gap_and_keys_lead_back_to_them(
    zone: str, cron: str, start: datetime, end_offset: int
) -> None:
    definition = TimeWindowPartitionsDefinition(
        start, "%Y-%m-%d %H:%M", timezone=zone, cron_schedule=cron, end_offset=end_offset
    )
    keys = definition.get_partition_keys(NOW)[:300]
    fresh: Any = pickle.loads(pickle.dumps(definition))  # knows no key yet
    windows = [fresh.time_window_for_partition_key(key) for key in keys]
    assert windows == [definition.time_window_for_partition_key(key) for key in keys]
    for earlier, later in pairwise(windows):
        assert earlier.end == later.start
    if windows:
        assert windows[0].start >= definition.start
        assert definition.get_partition_key_for_timestamp(windows[-1].start.timestamp() + 59) == keys[-1]


def test_the_hour_that_a_clock_shows_twice_has_two_keys() -> None:
    hours = HourlyPartitionsDefinition("2026-11-01-00:00", timezone="America/New_York")
    keys = hours.get_partition_keys(NOW)[:4]
    assert keys == ["2026-11-01-00:00", "2026-11-01-01:00", "2026-11-01-01:00-0500", "2026-11-01-02:00"]
    second = hours.time_window_for_partition_key("2026-11-01-01:00-0500")
    assert second.end.astimezone(UTC) - second.start.astimezone(UTC) == timedelta(hours=1)


def test_a_day_on_which_the_clock_changes_is_an_hour_shorter_or_longer() -> None:
    days = DailyPartitionsDefinition("2026-03-01", timezone="Europe/Berlin")
    lengths = {}
    for key in ("2026-03-29", "2026-10-25", "2026-10-26"):
        window = days.time_window_for_partition_key(key)
        lengths[key] = (window.end.timestamp() - window.start.timestamp()) / 3600
    assert lengths == {"2026-03-29": 23, "2026-10-25": 25, "2026-10-26": 24}


def test_time_going_on_makes_partitions() -> None:
    days = DailyPartitionsDefinition("2026-11-20")
    assert not days.has_partition_key("2026-11-25", datetime(2026, 11, 25, 23, 59, tzinfo=UTC))
    assert days.has_partition_key("2026-11-25", datetime(2026, 11, 26, tzinfo=UTC))
    assert not days.has_partition_key("2026-11-25", datetime(2026, 11, 25, 23, 59, tzinfo=UTC))  # also after that


@pytest.mark.parametrize("key", ["1999-01-02", "2026-11-26", "2026-11-21-00:00", "yesterday", ""])
def test_a_key_that_is_none_is_told_with_those_there_are(key: str) -> None:
    with pytest.raises(UnknownPartitionError, match=f"Could not find a partition with key `{key}`") as caught:
        DailyPartitionsDefinition("2026-11-20").check_key(key, NOW)
    assert "2026-11-20 to 2026-11-25" in str(caught.value)


def test_neighbours_ranges_and_windows_of_keys() -> None:
    days = DailyPartitionsDefinition("2026-11-20")
    assert days.get_next_partition_key("2026-11-24", NOW) == "2026-11-25"
    assert days.get_next_partition_key("2026-11-25", NOW) is None
    assert days.get_prev_partition_key("2026-11-20", NOW) is None
    assert list(days.get_partition_keys_in_range(PartitionKeyRange("2026-11-21", "2026-11-23"), current_time=NOW)) == [
        "2026-11-21", "2026-11-22", "2026-11-23",
    ]  # fmt: skip
    with pytest.raises(CheckError, match="ends before it"):
        days.get_partition_keys_in_range(PartitionKeyRange("2026-11-23", "2026-11-21"), current_time=NOW)
    with pytest.raises(UnknownPartitionError):
        days.get_partition_keys_in_range(PartitionKeyRange("2026-11-23", "2027-11-21"), current_time=NOW)
    window = days.time_window_for_partition_key("2026-11-21")
    assert days.get_partition_keys_in_time_window(window, NOW) == ["2026-11-21"]
    assert days.partition_of("2026-11-21").value == window


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: DailyPartitionsDefinition("20.11.2026"), InvalidDefinitionError, "not written as %Y-%m-%d"),
        (lambda: DailyPartitionsDefinition(20), CheckError, "a datetime or a text"),
        (lambda: DailyPartitionsDefinition("2026-11-20", timezone="Mars"), InvalidDefinitionError, "Invalid execution"),
        (lambda: DailyPartitionsDefinition("2026-11-20", hour_offset=24), CheckError, "a number from 0 to 23"),
        (lambda: HourlyPartitionsDefinition("2026-11-20", fmt="%Y-%m-%d"), InvalidDefinitionError, "the same key"),
        (lambda: TimeWindowPartitionsDefinition("2026", "%Y"), CheckError, "either a schedule_type or a cron_schedule"),
        (lambda: TimeWindowPartitionsDefinition("2026", "%Y", cron_schedule="x"), InvalidDefinitionError, "cron"),
        (
            lambda: TimeWindowPartitionsDefinition("2026", "%Y", cron_schedule="0 0 1 1 *", hour_offset=1),
            CheckError,
            "go with a schedule_type",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        make()


def test_equal_definitions_are_equal_wherever_they_were_made() -> None:
    one, other = (DailyPartitionsDefinition("2026-11-20", timezone="Europe/Berlin") for _ in range(2))
    one.get_partition_keys(NOW)
    assert one == other == pickle.loads(pickle.dumps(one)) and hash(one) == hash(other)
    assert one != DailyPartitionsDefinition("2026-11-20")
    assert one == TimeWindowPartitionsDefinition("2026-11-20", "%Y-%m-%d", ScheduleType.DAILY, timezone="Europe/Berlin")


def test_threads_that_ask_at_once_get_the_same_keys() -> None:
    hours = HourlyPartitionsDefinition("2020-01-01-00:00")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(hours.get_num_partitions(NOW))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {len(set(hours.get_partition_keys(NOW)))}


def test_when_a_partition_is_complete_is_a_cron_expression() -> None:
    days = DailyPartitionsDefinition("2026-11-20", hour_offset=3)
    assert days.get_cron_schedule() == "0 3 * * *"
    assert days.get_cron_schedule(minute_of_hour=30, hour_of_day=5) == "30 5 * * *"


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (MonthlyPartitionsDefinition("2013-01", end_date="2014-01", fmt="%Y-%m"),
         "monthly, from 2013-01, before 2014-01"),
        (DailyPartitionsDefinition("2026-11-20", timezone="Asia/Tokyo"), "daily in Asia/Tokyo, from 2026-11-20"),
        (DailyPartitionsDefinition("2026-11-20", hour_offset=3), "windows of time, cron '0 3 * * *', from 2026-11-20"),
    ],
)  # fmt: skip
def test_usual_windows_are_told_in_words(definition: TimeWindowPartitionsDefinition, words: str) -> None:
    assert str(definition) == words
