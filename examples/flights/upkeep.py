"""What is kept up to date without anybody asking: a schedule for the report, and a sensor that waits for storms.

Both are off until they are started: ``assetflow schedule start every_morning -m examples.flights``, and the same with
``sensor start new_storms``. `assetflow dev` and `assetflow daemon` evaluate what is on.
"""

from __future__ import annotations

from collections.abc import Iterator

from assetflow import (
    AssetKey,
    AssetSelection,
    MultiAssetSensorEvaluationContext,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    define_asset_job,
    multi_asset_sensor,
)

ALERTS = AssetKey(["storms", "alerts"])

report_job = define_asset_job(
    "report_job",
    AssetSelection.groups("delays", "report"),
    description="Count the delays again, and write the page.",
)
briefing_job = define_asset_job(
    "briefing_job", "storms/briefing", description="Tell those who plan crews of the storms of a month."
)

every_morning = ScheduleDefinition(
    name="every_morning",
    job=report_job,
    cron_schedule="0 6 * * *",
    execution_timezone="America/New_York",
    description="The page is new when the first crew begins, summer and winter.",
)


@multi_asset_sensor([ALERTS], job=briefing_job)
def new_storms(context: MultiAssetSensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
    """A briefing for each month whose alerts were made since the last look.

    A month without a storm makes no alerts, and so nobody is told of it.
    """
    found = context.latest_materialization_records_by_partition(ALERTS)
    for month, record in found.items():
        yield RunRequest(run_key=f"{month}-{record.storage_id}", partition_key=month)
    if not found:
        yield SkipReason("no month has new alerts")
    context.advance_all_cursors()
