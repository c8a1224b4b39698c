"""What a win costs: salaries against the table, for the seasons whose salaries are known."""

from __future__ import annotations

import pandas as pd

from assetflow import MetadataValue, Output, asset
from examples.baseball.seasons import PAID_SEASONS


@asset(partitions_def=PAID_SEASONS, group_name="payroll", compute_kind="pandas")
def payroll_vs_wins(teams: pd.DataFrame, salaries: pd.DataFrame) -> Output[pd.DataFrame]:
    """Each team of a season: what it paid, what share of its games it won, and the dollars for each win.

    ``teams`` goes back to 1871 and ``salaries`` to 1985; both arguments are those of this partition's year.
    """
    paid = salaries.groupby("team")["dollars"].sum().rename("payroll")
    found = teams.set_index("team").join(paid, how="inner")
    found["won"] = (found["wins"] / found["games"]).astype("float64")
    found["dollars_a_win"] = (found["payroll"] / found["wins"]).astype("float64")
    found = found[["name", "payroll", "wins", "won", "dollars_a_win"]].sort_values("dollars_a_win")
    return Output(
        found,
        metadata={
            "teams": len(found),
            "correlation": round(_correlation(found), 3),
            "dollars a win": int(found["payroll"].sum() / found["wins"].sum()),
        },
    )


@asset(group_name="payroll", compute_kind="markdown")
def payroll_report(payroll_vs_wins: dict[str, pd.DataFrame]) -> Output[str]:
    """Does money win? For each season the correlation, and who got the most and the least for it."""
    lines = [
        "| season | payroll of all teams | correlation with wins | cheapest wins | dearest wins |",
        "|---|---:|---:|---|---|",
    ]
    for year, teams in payroll_vs_wins.items():
        cheap, dear = teams.iloc[0], teams.iloc[-1]
        lines.append(
            f"| {year} | ${teams['payroll'].sum() / 1e6:,.0f} m | {_correlation(teams):.2f} "
            f"| {_price(cheap)} | {_price(dear)} |"
        )
    text = "\n".join(lines)
    every = pd.concat(payroll_vs_wins.values())
    mean = sum(map(_correlation, payroll_vs_wins.values())) / len(payroll_vs_wins)
    return Output(
        text,
        metadata={
            "seasons": len(payroll_vs_wins),
            "teams": len(every),
            "mean correlation": round(mean, 3),
            "report": MetadataValue.md(text),
        },
    )


def _correlation(teams: pd.DataFrame) -> float:
    return float(teams["payroll"].astype("float64").corr(teams["won"]))


def _price(team: pd.Series) -> str:
    return f"{team['name']} (${team['dollars_a_win'] / 1e3:,.0f} k)"
