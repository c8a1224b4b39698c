"""What can be relied on: types that mean something, and no values that cannot be.

The functions take an argument ``flights`` where the asset's key is ``raw/flights``. Inside one group a short name
is enough; across groups, ``AssetIn`` says which asset is meant.
"""

from __future__ import annotations

import pandas as pd

from assetflow import AssetIn, Output, asset
from examples.flights.months import MONTHS

LATE_MINUTES = 15
"""A flight is late if it lands more than this after the plan, as the US statistics count it."""

STRONGEST_WIND = 120.0
"""Miles an hour. The highest wind ever measured at New York's airports is well below."""

RAW = AssetIn(key_prefix="raw")


@asset(key_prefix="clean", group_name="clean", compute_kind="pandas", partitions_def=MONTHS, ins={"flights": RAW})
def flights(flights: pd.DataFrame) -> Output[pd.DataFrame]:
    """Flights of a month with real times, and the two answers everything else is about: cancelled? late?

    No row is dropped. A flight that was cancelled or diverted has no arrival delay, so it is neither late nor on
    time: ``late`` is missing there, and every share of late flights is a share of those that arrived.
    """
    delay = flights["arr_delay"]
    hour = pd.to_datetime(flights["time_hour"], utc=True)
    table = pd.DataFrame(
        {
            "hour_utc": hour,
            "month": flights["month"].astype("int8"),
            "day": flights["day"].astype("int8"),
            "weekday": pd.to_datetime(flights[["year", "month", "day"]]).dt.day_of_week.astype("int8"),
            "hour": flights["hour"].astype("int8"),
            "carrier": flights["carrier"],
            "tailnum": flights["tailnum"],
            "origin": flights["origin"],
            "dest": flights["dest"],
            "distance": flights["distance"].astype("int16"),
            "arr_delay": delay.astype("float32"),
            "cancelled": flights["dep_time"].isna(),
            "late": (delay > LATE_MINUTES).astype("float32").where(delay.notna()),
        }
    )
    return Output(
        table,
        metadata={
            "rows": len(table),
            "arrived": int(delay.notna().sum()),
            "cancelled": int(table["cancelled"].sum()),
            "share late": round(float(table["late"].mean()), 4),
        },
    )


@asset(key_prefix="clean", group_name="clean", compute_kind="pandas", ins={"weather": RAW})
def weather(weather: pd.DataFrame) -> Output[pd.DataFrame]:
    """Weather by airport and hour, without the storm that never was.

    On 12 February the instrument at Newark reports a wind of 1,048 miles an hour. It is blanked, and how many
    values were blanked is recorded: a number that should stay at one.
    """
    impossible = weather["wind_speed"] > STRONGEST_WIND
    table = pd.DataFrame(
        {
            "origin": weather["origin"],
            "hour_utc": pd.to_datetime(weather["time_hour"], utc=True),
            "temp": weather["temp"].astype("float32"),
            "wind": weather["wind_speed"].mask(impossible).astype("float32"),
            "rain": weather["precip"].astype("float32"),
            "sight": weather["visib"].astype("float32"),
            "pressure": weather["pressure"].astype("float32"),
        }
    )
    if table.duplicated(["origin", "hour_utc"]).any():
        raise ValueError("an airport has two reports for one hour; joining them would double its flights")
    return Output(table, metadata={"rows": len(table), "impossible winds": int(impossible.sum())})


@asset(key_prefix="clean", group_name="clean", compute_kind="pandas", ins={"planes": RAW})
def planes(planes: pd.DataFrame) -> Output[pd.DataFrame]:
    """Seats and age of each aircraft in 2013; the age is missing where the year is."""
    table = pd.DataFrame(
        {"tailnum": planes["tailnum"], "seats": planes["seats"].astype("int16"), "age": 2013 - planes["year"]}
    )
    return Output(table, metadata={"rows": len(table), "without a year": int(table["age"].isna().sum())})


@asset(group_name="clean", compute_kind="pandas", partitions_def=MONTHS)
def departures(flights: pd.DataFrame, weather: pd.DataFrame) -> Output[pd.DataFrame]:
    """Every flight of a month with the weather at its airport in the hour it was meant to leave.

    The flights are those of the same month; the weather is not divided, so every month reads all of it.

    Both arguments are short names. In this asset's own group there is one asset that ends in ``flights`` and one
    that ends in ``weather``: ``clean/flights`` and ``clean/weather`` are meant, not the raw ones.
    """
    same_labels = weather.astype({"origin": flights["origin"].dtype})
    table = flights.merge(same_labels, on=["origin", "hour_utc"], how="left", validate="many_to_one")
    known = float(table["sight"].notna().mean())
    return Output(table, metadata={"rows": len(table), "share with weather": round(known, 4)})
