"""What the database says, season by season, with names that can be read."""

from __future__ import annotations

import pandas as pd

from assetflow import AssetExecutionContext, AssetKey, Output, SourceAsset, asset
from examples.baseball.lahman import season, table
from examples.baseball.seasons import PAID_SEASONS, SEASONS

BATTING = {
    "playerID": "player", "teamID": "team", "G": "games", "AB": "at_bats", "R": "runs", "H": "hits", "2B": "doubles",
    "3B": "triples", "HR": "home_runs", "RBI": "batted_in", "SB": "stolen_bases", "BB": "walks",
}  # fmt: skip
PITCHING = {
    "playerID": "player", "teamID": "team", "W": "wins", "L": "losses", "SV": "saves", "IPouts": "outs",
    "SO": "strikeouts", "ER": "earned_runs",
}  # fmt: skip
TEAMS = {"teamID": "team", "lgID": "league", "name": "name", "G": "games", "W": "wins", "L": "losses", "R": "runs"}
SALARIES = {"playerID": "player", "teamID": "team", "salary": "dollars"}

hall_of_fame = SourceAsset(
    AssetKey("hall_of_fame"),
    io_manager_key="lahman",
    group_name="raw",
    metadata={"table": "HallOfFame"},
    description="Every vote on who is to be in the Hall of Fame, since 1936.",
)


@asset(group_name="raw", compute_kind="parquet")
def people() -> Output[pd.DataFrame]:
    """Everyone who has played: name, year of birth, first and last game. Not divided: a life has many seasons."""
    found = table("People")
    names = found["nameFirst"].fillna("").str.cat(found["nameLast"], sep=" ").str.strip()
    people = pd.DataFrame(
        {
            "name": names.to_numpy(),
            "born": found["birthYear"].to_numpy(),
            "first_game": found["debut"].to_numpy(),
            "last_game": found["finalGame"].to_numpy(),
        },
        index=pd.Index(found["playerID"], name="player"),
    )
    return Output(people, metadata={"people": len(people)})


@asset(partitions_def=SEASONS, group_name="raw", compute_kind="parquet")
def batting(context: AssetExecutionContext) -> Output[pd.DataFrame]:
    """Who batted how in a season: a row for each player and each team he was with.

    What nobody counted in the early years is missing, and stays so.
    """
    rows = season("Batting", context.partition_key, BATTING)
    return Output(rows, metadata={"rows": len(rows), "home runs": int(rows["home_runs"].sum())})


@asset(partitions_def=SEASONS, group_name="raw", compute_kind="parquet")
def pitching(context: AssetExecutionContext) -> Output[pd.DataFrame]:
    """Who pitched how in a season: a row for each pitcher and each team he was with."""
    rows = season("Pitching", context.partition_key, PITCHING)
    return Output(rows, metadata={"rows": len(rows), "strikeouts": int(rows["strikeouts"].sum())})


@asset(partitions_def=SEASONS, group_name="raw", compute_kind="parquet")
def teams(context: AssetExecutionContext) -> Output[pd.DataFrame]:
    """The teams of a season, and how many games they won."""
    rows = season("Teams", context.partition_key, TEAMS)
    return Output(rows, metadata={"teams": len(rows), "leagues": int(rows["league"].nunique())})


@asset(partitions_def=PAID_SEASONS, group_name="raw", compute_kind="parquet")
def salaries(context: AssetExecutionContext) -> Output[pd.DataFrame]:
    """What players were paid for a season, in dollars of that year."""
    rows = season("Salaries", context.partition_key, SALARIES)
    return Output(rows, metadata={"players": len(rows), "median dollars": int(rows["dollars"].median())})
