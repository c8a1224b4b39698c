"""The best season of all time so far: told only in the years in which somebody did better.

``all_time_records`` needs itself, of the year before. ``new_record`` is declared with ``output_required=False`` and
yields only where a record fell. In other years it succeeds without a value, and ``record_news`` of the year is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from assetflow import (
    AssetExecutionContext,
    AssetIn,
    MetadataValue,
    Output,
    TimeWindowPartitionMapping,
    asset,
)
from examples.baseball.seasons import SEASONS

RECORDS = {
    "hits": "hits",
    "doubles": "doubles",
    "home_runs": "home runs",
    "batted_in": "runs batted in",
    "runs": "runs",
    "stolen_bases": "stolen bases",
    "walks": "walks",
    "wins": "wins as a pitcher",
    "strikeouts": "strikeouts",
}
"""What is compared, and what it is called in a sentence."""

YEAR_BEFORE = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)


@asset(
    partitions_def=SEASONS,
    group_name="records",
    compute_kind="pandas",
    ins={"before": AssetIn("all_time_records", partition_mapping=YEAR_BEFORE)},
)
def all_time_records(
    context: AssetExecutionContext, player_season: pd.DataFrame, before: pd.DataFrame | None
) -> Output[pd.DataFrame]:
    """Who holds which record at the end of a season, and which one it took the place of.

    ``before`` is this asset of the year before; there is none before 1871. Who equals a record does not take it.
    """
    known = {} if before is None else before.to_dict(orient="index")
    for record in RECORDS:
        counted = player_season[record].dropna()  # in some early years nobody counted stolen bases
        if counted.empty:
            continue
        holder = counted.idxmax()
        best = {"value": int(counted[holder]), "player": holder, "year": int(context.partition_key)}
        old = known.get(record)
        if old is None:
            known[record] = {**best, "old_value": None, "old_player": None, "old_year": None}
        elif best["value"] > old["value"]:
            known[record] = {**best, **{f"old_{name}": old[name] for name in best}}
    table = pd.DataFrame.from_dict(known, orient="index").astype({"old_value": "Int64", "old_year": "Int64"})
    return Output(table, metadata={RECORDS[record]: int(value) for record, value in table["value"].items()})


@asset(partitions_def=SEASONS, group_name="records", output_required=False)
def new_record(context: AssetExecutionContext, all_time_records: pd.DataFrame) -> Iterator[Output[pd.DataFrame]]:
    """The records that fell in a season, if any did. The first season set all of them and broke none."""
    fell = all_time_records["year"] == int(context.partition_key)
    broken = all_time_records[fell & all_time_records["old_value"].notna()]
    if len(broken):
        yield Output(broken, metadata={"records": len(broken)})


@asset(partitions_def=SEASONS, group_name="records", compute_kind="markdown")
def record_news(context: AssetExecutionContext, new_record: pd.DataFrame, people: pd.DataFrame) -> Output[str]:
    """What the paper would have said. If this runs, there is news: it knows nothing of years without."""
    name = people["name"]
    lines = []
    for record, row in new_record.iterrows():
        more = row["value"] - row["old_value"]
        holder = "he himself had" if row["player"] == row["old_player"] else name[row["old_player"]]
        lines.append(
            f"- **{name[row['player']]}**: {row['value']} {RECORDS[str(record)]}, {more} more than {holder}"
            f" in {row['old_year']}"
        )
    text = "\n".join([f"## Records of {context.partition_key}", "", *lines])
    return Output(text, metadata={"records": len(new_record), "news": MetadataValue.md(text)})
