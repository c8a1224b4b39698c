"""What came in, as it came in.

Flights and weather are *assets*: they are copied into storage, so that everything after them can be run again
without the package. Planes and airlines are *source assets*: someone else keeps them, they are loaded where they
are, and no run ever makes them.
"""

from __future__ import annotations

import pandas as pd

from assetflow import AssetKey, Output, RetryPolicy, SourceAsset, asset
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
@asset(key_prefix="raw", group_name="raw", compute_kind="csv", retry_policy=RetryPolicy(max_retries=2, delay=0.5))
def flights() -> Output[pd.DataFrame]:
    """All flights that left JFK, LaGuardia and Newark in 2013, with planned and real times.

    ``time_hour`` is the scheduled hour of departure in UTC: the key to the weather.
    """
    labels = ["carrier", "tailnum", "origin", "dest"]
    table = pd.read_csv(data_file("flights.csv.zip"), dtype=dict.fromkeys(labels, "category"))
    return Output(table, metadata={"rows": len(table), "columns": len(table.columns)})


@asset(key_prefix="raw", group_name="raw", compute_kind="csv", retry_policy=RetryPolicy(max_retries=2, delay=0.5))
def weather() -> Output[pd.DataFrame]:
    """The weather at the three airports, hour by hour."""
    table = pd.read_csv(data_file("weather.csv"), dtype={"origin": "category"})
    return Output(table, metadata={"rows": len(table), "columns": len(table.columns)})
