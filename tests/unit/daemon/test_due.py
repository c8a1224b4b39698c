"""When schedules and sensors are due, and what becomes of what was missed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assetflow.daemon.code_jobs import InstigatorAbout
from assetflow.daemon.due import due, is_running, next_fire_time
from assetflow.runs.ticks import InstigatorState

HOUR = 3600.0
MIDNIGHT = datetime(2024, 5, 6, tzinfo=UTC).timestamp()


def hourly(missed_ticks: int | None = 1, **other: Any) -> InstigatorAbout:
    return InstigatorAbout(name="x", kind="schedule", crons=("0 * * * *",), missed_ticks=missed_ticks, **other)


def last(at: float | None, wanted: str = "") -> InstigatorState:
    return InstigatorState("x", "schedule", wanted, None, None, at, None)


def test_a_schedule_is_due_from_its_fire_time_on_and_once() -> None:
    assert due(hourly(), last(MIDNIGHT), MIDNIGHT + HOUR - 1) is None
    found = due(hourly(), last(MIDNIGHT), MIDNIGHT + HOUR)
    assert found is not None
    assert (found.at, list(found.missed)) == (MIDNIGHT + HOUR, [])
    assert due(hourly(), last(MIDNIGHT + HOUR), MIDNIGHT + HOUR + 1) is None


@pytest.mark.parametrize(
    ("policy", "late", "at", "missed"),
    [
        (1, 1800, 5, [1, 2, 3, 4]),
        (0, 1800, None, [1, 2, 3, 4, 5]),
        (0, 30, 5, [1, 2, 3, 4]),  # the last one is in time
        (2, 1800, 4, [1, 2, 3]),
        (9, 1800, 1, []),
        (None, 1800, 1, []),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_policy_says(
    policy: int | None, late: float, at: int | None, missed: list[int]
) -> None:
    found = due(hourly(policy), last(MIDNIGHT), MIDNIGHT + 5 * HOUR + late)
    assert found is not None
    assert found.at == (None if at is None else MIDNIGHT + at * HOUR)
    assert [one.at for one in found.missed] == [MIDNIGHT + hours * HOUR for hours in missed]
    assert all("it was missed" in one.reason for one in found.missed)


def test_very_many_missed_fire_times_are_recorded_together() -> None:
    found = due(hourly(), last(MIDNIGHT), MIDNIGHT + 1000 * HOUR)
    assert found is not None
    assert len(found.missed) == 101
    assert found.missed[0].reason.endswith("(899 fire times since 2024-05-06 01:00:00 UTC)")


def test_a_schedule_fires_in_its_zone_through_the_change_of_its_clocks() -> None:
    berlin = InstigatorAbout(name="x", kind="schedule", crons=("30 2 * * *",), zone="Europe/Berlin")
    night = datetime(2024, 3, 30, 12, tzinfo=UTC).timestamp()
    assert next_fire_time(berlin, night) == datetime(2024, 3, 31, 1, 0, tzinfo=UTC).timestamp()


def test_a_sensor_is_due_when_its_interval_has_passed() -> None:
    looks = InstigatorAbout(name="x", kind="sensor", interval=30.0)
    assert [due(looks, last(at), 100.0) is not None for at in (None, 70.0, 71.0, 131.0)] == [True, True, False, True]


@pytest.mark.parametrize(
    ("by_default", "state", "expected"),
    [
        (True, None, True),
        (False, None, False),
        (True, last(0.0, "stopped"), False),
        (False, last(0.0, "running"), True),
    ],
)
def test_what_somebody_has_said_counts_more_than_the_default(
    by_default: bool, state: InstigatorState | None, expected: bool
) -> None:
    assert is_running(hourly(runs=by_default), state) is expected
