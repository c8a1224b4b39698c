"""Who is late, and when: four ways to cut the same table.

None of these is divided, so each waits for all months and gets them together, as a dict.
"""

from __future__ import annotations

import pandas as pd

from assetflow import AssetIn, Output, asset
from examples.flights.months import whole_year

WEATHER = ["calm and clear", "rain", "strong wind", "poor sight"]
STRONG_WIND, POOR_SIGHT = 25.0, 3.0
"""Miles an hour, and miles."""


@asset(
    key_prefix="delays",
    group_name="delays",
    compute_kind="pandas",
    ins={"airlines": AssetIn(key_prefix="raw")},
)
def by_carrier(departures: dict[str, pd.DataFrame], airlines: pd.DataFrame) -> Output[pd.DataFrame]:
    """By airline, the most punctual first. Loads ``raw/airlines`` from where its owner keeps it."""
    names = airlines.set_index("carrier")["name"]
    year = whole_year(departures)
    table = summary(year, year["carrier"].astype(str)).sort_values("late")
    table.insert(0, "name", names.reindex(table.index).to_numpy())
    return Output(table, metadata={"rows": len(table), "best": str(table["name"].iloc[0])})


@asset(key_prefix="delays", group_name="delays", compute_kind="pandas")
def by_month(departures: dict[str, pd.DataFrame]) -> Output[pd.DataFrame]:
    """By month of the year, 1 to 12."""
    year = whole_year(departures)
    table = summary(year, year["month"])
    return Output(table, metadata={"rows": len(table), "worst month": int(table["late"].idxmax())})


@asset(key_prefix="delays", group_name="delays", compute_kind="pandas")
def by_hour(departures: dict[str, pd.DataFrame]) -> Output[pd.DataFrame]:
    """By scheduled hour of departure, local time. Delays pile up through the day."""
    year = whole_year(departures)
    table = summary(year, year["hour"])
    # One flight was scheduled for one at night, and cancelled.
    table = table[table["flights"] >= 100]
    return Output(table, metadata={"rows": len(table), "worst hour": int(table["late"].idxmax())})


@asset(key_prefix="delays", group_name="delays", compute_kind="pandas")
def by_weather(departures: dict[str, pd.DataFrame]) -> Output[pd.DataFrame]:
    """By the worst thing about the weather at departure; flights without a report are left out."""
    year = whole_year(departures)
    known = year[year["sight"].notna()]
    kind = pd.Series("calm and clear", index=known.index)
    kind[known["rain"] > 0] = "rain"
    kind[known["wind"] >= STRONG_WIND] = "strong wind"
    kind[known["sight"] <= POOR_SIGHT] = "poor sight"
    table = summary(known, kind).reindex(WEATHER)
    return Output(table, metadata={"rows": len(table), "flights": int(table["flights"].sum())})


def summary(flights: pd.DataFrame, by: pd.Series) -> pd.DataFrame:
    """Flights, shares and the mean delay in minutes, for each value of `by`."""
    groups = flights.groupby(by.rename("by"), observed=True)
    return groups.agg(
        flights=("late", "size"), late=("late", "mean"), cancelled=("cancelled", "mean"), delay=("arr_delay", "mean")
    )
