"""When schedules fire, around the two changes of the clocks and elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetflow.cron import check_cron, fire_times, fire_times_before, zone_of
from assetflow.errors import InvalidDefinitionError

NEW_YORK, BERLIN, LORD_HOWE = "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"  # the last by half an hour

# zone, expression, day before, fire times as people read them, with their distance from UTC
KNOWN = [
    (NEW_YORK, "30 2 * * *", "2026-03-07T12:00", ["08 03:00-0400", "09 02:30-0400"]),  # 2:30 does not exist on the 8th
    (NEW_YORK, "30 1 * * *", "2026-10-31T12:00", ["01 01:30-0400", "02 01:30-0500"]),  # 1:30 exists twice on the 1st
    (NEW_YORK, "0 0 * * *", "2026-10-31T12:00", ["01 00:00-0400", "02 00:00-0500"]),
    (NEW_YORK, "0 * * * *", "2026-03-08T00:30", ["08 01:00-0500", "08 03:00-0400", "08 04:00-0400"]),
    (NEW_YORK, "0 * * * *", "2026-11-01T00:30", ["01 01:00-0400", "01 01:00-0500", "01 02:00-0500"]),
    (NEW_YORK, "*/30 1 * * *", "2026-11-01T00:30", ["01 01:00-0400", "01 01:30-0400", "01 01:00-0500"]),
    (BERLIN, "30 2 * * *", "2026-03-28T12:00", ["29 03:00+0200", "30 02:30+0200"]),
    (BERLIN, "30 2 * * *", "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),
    (BERLIN, "0 * * * *", "2026-10-25T01:30", ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]),
    (BERLIN, "15 3 * * 0", "2026-03-28T12:00", ["29 03:15+0200", "05 03:15+0200"]),
    (BERLIN, "0 0 1 * *", "2026-03-28T12:00", ["01 00:00+0200", "01 00:00+0200"]),
    (LORD_HOWE, "15 2 * * *", "2026-10-03T12:00", ["04 02:30+1100", "05 02:15+1100"]),
    (LORD_HOWE, "0 * * * *", "2026-10-04T00:30", ["04 01:00+1030", "04 03:00+1100"]),
    (LORD_HOWE, "45 1 * * *", "2026-04-04T12:00", ["05 01:45+1100", "06 01:45+1030"]),
    (LORD_HOWE, "0 * * * *", "2026-04-05T00:30", ["05 01:00+1100", "05 02:00+1030", "05 03:00+1030"]),
    ("UTC", "0 0 29 2 *", "2026-01-01T00:00", ["29 00:00+0000", "29 00:00+0000"]),
    ("UTC", "0 9 * * MON-FRI", "2026-11-27T12:00", ["30 09:00+0000", "01 09:00+0000"]),
]


@pytest.mark.parametrize(("zone", "expression", "start", "expected"), KNOWN)
def test_fire_times_are_those_of_the_table(zone: str, expression: str, start: str, expected: list[str]) -> None:
    after = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    found = islice(fire_times([expression], ZoneInfo(zone), after), len(expected))
    assert [moment.strftime("%d %H:%M%z") for moment in found] == expected


MOMENTS = st.integers(1_735_700_000, 1_830_000_000).map(lambda found: datetime.fromtimestamp(found, UTC))
ZONES = st.sampled_from([NEW_YORK, BERLIN, LORD_HOWE, "Africa/Casablanca", "America/Santiago", "UTC"]).map(ZoneInfo)
EXPRESSIONS = st.lists(
    st.sampled_from(["0 * * * *", "*/20 * * * *", "30 2 * * *", "30 1 * * *", "0 0 * * 1", "5 4 1 * *", "0 12 31 * *"]),
    min_size=1, max_size=2, unique=True,
)  # fmt: skip


@given(MOMENTS, ZONES, EXPRESSIONS)
@settings(deadline=None)
def test_looking_back_sees_what_looking_ahead_saw(after: datetime, zone: ZoneInfo, expressions: list[str]) -> None:
    ahead = [found.astimezone(UTC) for found in islice(fire_times(expressions, zone, after), 30)]
    back = [found.astimezone(UTC) for found in islice(fire_times_before(expressions, zone, ahead[-1]), 30)]
    assert back == ahead[::-1]
    assert ahead == sorted(set(ahead)) and ahead[0] > after


@given(MOMENTS, ZONES)
@settings(deadline=None)
def test_what_is_due_every_day_fires_once_on_each(after: datetime, zone: ZoneInfo) -> None:
    days = [found.date() for found in islice(fire_times(["30 2 * * *"], zone, after), 200)]
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=1)] * 199


@pytest.mark.parametrize("expression", ["@daily", " 0  0 * * * ", "0 0 * * *"])
def test_nicknames_and_blanks_are_written_out(expression: str) -> None:
    assert check_cron(expression, whose="it") == "0 0 * * *"


@pytest.mark.parametrize("expression", ["", "* * * *", "0 0 30 2 *", "61 * * * *", "@often", "a b c d e", 5, None])
def test_what_is_no_cron_expression_is_refused_with_a_reason(expression: object) -> None:
    with pytest.raises(InvalidDefinitionError, match=r"Found invalid cron schedule .* for schedule nightly: "):
        check_cron(expression, whose="schedule nightly")


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", 3])
def test_a_zone_that_is_none_is_refused(name: object) -> None:
    with pytest.raises(InvalidDefinitionError, match="Invalid execution timezone"):
        zone_of(name, whose="schedule nightly")  # type: ignore[arg-type]
