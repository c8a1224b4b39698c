"""A kitchen for tests of the page: what succeeds, fails, is left out, is slow, and writes a lot."""

import os
import sys
from pathlib import Path

from assetflow import (
    AssetSelection,
    Definitions,
    MonthlyPartitionsDefinition,
    Output,
    RetryPolicy,
    ScheduleDefinition,
    SkipReason,
    asset,
    define_asset_job,
    sensor,
)
from assetflow.clock import wait_until

NEEDLE = 137_000
GATE = Path(os.environ.get("ASSETFLOW_HOME", ".")) / "gate"


def wait_at_gate() -> None:
    """Go on when the test lets us."""
    wait_until(GATE.exists, timeout=60)


@asset(group_name="pantry")
def flour():
    print("\x1b[32mfine\x1b[0m flour & <img src=x onerror='document.title=\"executed\"'>")
    print("to stderr", file=sys.stderr)
    return 500


@asset(group_name="pantry")
def eggs(context):
    context.log.warning("one is cracked")
    return 6


@asset(group_name="pantry")
def shopping_list(context):
    return f"as written in {context.run_id}"


@asset(group_name="table", output_required=False)
def leftovers(flour):
    if flour < 0:
        yield Output(flour)


@asset(group_name="table")
def soup(leftovers):
    return leftovers


@asset(group_name="table")
def dough(flour, eggs):
    return flour + eggs


@asset(group_name="table", retry_policy=RetryPolicy(max_retries=1, delay=0.1))
def burnt_cake(dough):
    oven = {"heat": "far too hot"}
    return dough * int(oven["heat"])


@asset(group_name="table")
def party(burnt_cake):
    return burnt_cake


@asset(group_name="evening", pool="stove")
def first_course():
    wait_at_gate()
    return 1


@asset(group_name="evening")
def second_course(first_course):
    return first_course + 1


@asset(group_name="evening")
def third_course(second_course):
    return second_course + 1


@asset(group_name="diary")
def recipes():
    for number in range(200_000):
        if number == NEEDLE:
            print("the secret is nutmeg")
        else:
            print(f"\x1b[3{number % 8}mstep\x1b[0m {number}: stir <b>slowly</b>")
    return 1


@asset(
    group_name="calendar", partitions_def=MonthlyPartitionsDefinition(start_date="2023-01-01", end_date="2024-01-01")
)
def menu(context):
    if context.partition_key == "2023-05-01":
        raise ValueError("nobody has written the menu of May")
    return context.partition_key


supper = define_asset_job(
    "supper", AssetSelection.groups("evening"), description="Three courses.", tags={"meal": "supper"}
)


@sensor(job=supper, minimum_interval_seconds=30)
def hungry_guests():
    yield SkipReason("nobody has come yet")


defs = Definitions(
    assets=[
        flour, eggs, leftovers, soup, dough, burnt_cake, party, first_course, second_course, third_course,
        recipes, menu, shopping_list,
    ],
    jobs=[supper],
    schedules=[ScheduleDefinition(job=supper, cron_schedule="30 19 * * *", execution_timezone="Europe/Berlin")],
    sensors=[hungry_guests],
)  # fmt: skip
