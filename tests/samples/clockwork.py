"""A mill that works by the clock, and sensors of all kinds of conduct."""

from __future__ import annotations

import os
import signal
import sys
import threading

from assetflow import (
    CatchUpPolicy,
    DefaultScheduleStatus,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    asset,
    asset_sensor,
    define_asset_job,
    schedule,
    sensor,
)

RUNNING = DefaultScheduleStatus.RUNNING


@asset
def wheat():
    return 1


@asset
def flour(wheat):
    return wheat + 1


harvest = define_asset_job("harvest", "wheat", tags={"crop": "wheat"})
mill = define_asset_job("mill", "flour")

every_six_hours = ScheduleDefinition(
    "every_six_hours",
    cron_schedule="0 */6 * * *",
    job=harvest,
    default_status=RUNNING,
    catch_up=CatchUpPolicy.all(),
)
latest_only = ScheduleDefinition("latest_only", cron_schedule="30 */6 * * *", job=harvest, default_status=RUNNING)


@schedule("@hourly", job=harvest, execution_timezone="Europe/Berlin")
def by_weekday(context):
    """Harvests, but not on Sundays."""
    at = context.scheduled_execution_time
    return SkipReason("it is Sunday") if at.weekday() == 6 else {}


@asset_sensor("wheat", job=mill, minimum_interval_seconds=1)
def on_wheat(context, asset_event):
    sys.stdout.write("there is wheat\n")
    return RunRequest(run_key=asset_event.run_id)


@sensor(job=mill, minimum_interval_seconds=1)
def hangs():
    sys.stderr.write("I wait for ever\n")
    threading.Event().wait()


@sensor(job=mill, minimum_interval_seconds=1)
def crashes():
    os.kill(os.getpid(), signal.SIGSEGV)


@sensor(job=mill, minimum_interval_seconds=1)
def raises():
    raise ValueError("no grain")


@sensor(job=harvest, minimum_interval_seconds=1)
def counts(context):
    """Asks for one and the same run, again and again."""
    context.update_cursor(str(int(context.cursor or 0) + 1))
    return RunRequest(run_key="only once")


defs = Definitions(
    [wheat, flour],
    schedules=[every_six_hours, latest_only, by_weekday],
    sensors=[on_wheat, hangs, crashes, raises, counts],
)
