"""What players did in a season, and in all of them."""

from __future__ import annotations

import pandas as pd

from assetflow import Output, asset
from examples.baseball.seasons import SEASONS


@asset(partitions_def=SEASONS, group_name="players", compute_kind="pandas")
def player_season(batting: pd.DataFrame, pitching: pd.DataFrame) -> Output[pd.DataFrame]:
    """One row for each player of a season, whichever teams he was with, batting and pitching side by side.

    Both arguments are divided like this asset, so each is the table of the same season.
    """
    found = _by_player(batting).join(_by_player(pitching), how="outer")
    best = found["home_runs"].idxmax()
    return Output(
        found, metadata={"players": len(found), "most home runs": int(found.loc[best, "home_runs"]), "by": str(best)}
    )


@asset(group_name="players", compute_kind="pandas")
def career_totals(player_season: dict[str, pd.DataFrame]) -> Output[pd.DataFrame]:
    """Careers: all seasons added up.

    This asset is not divided and the one it reads is, so the argument is a dict: the year to the table of that season.
    """
    every = pd.concat(player_season.values())
    careers = every.groupby(level="player").sum(min_count=1)
    careers.insert(0, "seasons", every.groupby(level="player").size())
    best = careers["home_runs"].idxmax()
    return Output(
        careers,
        metadata={
            "players": len(careers),
            "seasons": len(player_season),
            "most home runs": int(careers.loc[best, "home_runs"]),
        },
    )


def _by_player(rows: pd.DataFrame) -> pd.DataFrame:
    # min_count: a player of whom nothing was counted has no number, which is not the number nought.
    return rows.drop(columns="team").groupby("player").sum(min_count=1)
