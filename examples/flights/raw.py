"""What came in, as it came in.

Flights and weather are *assets*: they are copied into storage, so that everything after them can be run again
without the package. Flights are divided by month, and each month is stored on its own. Planes and airlines are *source
assets*: someone else keeps them, they are loaded where they are, and no run ever makes them.
"""

from __future__ import annotations

import pandas as pd

from assetflow import AssetExecutionContext, AssetKey, BackfillPolicy, Output, RetryPolicy, SourceAsset, asset
from examples.flights.months import MONTHS
from examples.flights.package_files import data_file

planes = SourceAsset(
    AssetKey(["raw", "planes"]),
    io_manager_key="package_files",
    group_name="raw",
    description="Registered aircraft: tail number, year of manufacture, seats.",
)

airlines = SourceAsset(
    AssetKey(["raw", "airlines"]),
    io_manager_key="package_files",
    group_name="raw",
    description="Two-letter carrier codes and what they stand for.",
)


# Files tend to lie on something that is away for a moment. Two more tries, half a second and then a second apart,
# cost nothing when all is well.
AGAIN = RetryPolicy(max_retries=2, delay=0.5)


@asset(
    key_prefix="raw",
    group_name="raw",
    compute_kind="csv",
    partitions_def=MONTHS,
    backfill_policy=BackfillPolicy.single_run(),
    retry_policy=AGAIN,
)
def flights(context: AssetExecutionContext) -> Output[dict[str, pd.DataFrame]]:
    """All flights that left JFK, LaGuardia and Newark in 2013, with planned and real times, month by month.

    There is one file for the whole year. With ``BackfillPolicy.single_run()`` one step reads it once, and gives back
    a dict with the table of each month that was asked for; what needs these flights runs month by month all the same.

    ``time_hour`` is the scheduled hour of departure in UTC: the key to the weather.
    """
    labels = ["carrier", "tailnum", "origin", "dest"]
    table = pd.read_csv(data_file("flights.csv.zip"), dtype=dict.fromkeys(labels, "category"))
    months = {key: table[table["month"] == int(key[-2:])] for key in context.partition_keys}
    return Output(months, metadata={"rows": sum(map(len, months.values())), "columns": len(table.columns)})


@asset(key_prefix="raw", group_name="raw", compute_kind="csv", retry_policy=AGAIN)
def weather() -> Output[pd.DataFrame]:
    """The weather at the three airports, hour by hour.

    Not divided: its hours are those of UTC, and the last evening of a month in New York is in the next one there.
    """
    table = pd.read_csv(data_file("weather.csv"), dtype={"origin": "category"})
    return Output(table, metadata={"rows": len(table), "columns": len(table.columns)})
