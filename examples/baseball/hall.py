"""Who belongs into the Hall of Fame? Learnt from players whose time is over, asked of those of today."""

from __future__ import annotations

from typing import Any

import pandas as pd

from assetflow import Output, asset

SEASONS_NEEDED = 10
"""Who has played less cannot be elected."""

JUDGED_BEFORE = 2000
"""Who played last before this year has been voted on for as long as anybody is."""

NUMBERS = [
    "seasons", "games", "at_bats", "runs", "hits", "doubles", "triples", "home_runs", "batted_in", "stolen_bases",
    "walks", "wins", "losses", "saves", "outs", "strikeouts", "earned_runs",
]  # fmt: skip
FOLDS = 5


@asset(group_name="hall", compute_kind="pandas")
def hall_of_fame_features(
    career_totals: pd.DataFrame, people: pd.DataFrame, hall_of_fame: pd.DataFrame
) -> Output[pd.DataFrame]:
    """Careers that are long enough, with the year they ended and whether they led into the Hall.

    Managers and umpires are in the Hall too; only who was elected as a player counts. Who never pitched has won no
    game. The votes are a source asset: they are loaded where the package keeps them.
    """
    elected = hall_of_fame[(hall_of_fame["category"] == "Player") & (hall_of_fame["inducted"] == "Y")]
    found = career_totals[career_totals["seasons"] >= SEASONS_NEEDED].astype("float64").fillna(0.0)
    found = found.join(people[["name", "last_game"]])
    found["last_year"] = found.pop("last_game").dt.year
    found["elected"] = found.index.isin(elected["playerID"])
    return Output(
        found.sort_index(),
        metadata={"players": len(found), "elected": int(found["elected"].sum()), "features": len(NUMBERS)},
    )


@asset(group_name="hall", compute_kind="scikit-learn")
def hof_model(hall_of_fame_features: pd.DataFrame) -> Output[Any]:
    """How likely careers like this one lead into the Hall, learnt from those that ended before 2000."""
    # Imported here, not above: it takes a second, and only this step needs it.
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    judged = hall_of_fame_features[hall_of_fame_features["last_year"] < JUDGED_BEFORE]
    numbers, elected = judged[NUMBERS], judged["elected"].astype(bool)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    guessed = cross_val_predict(model, numbers, elected, cv=FOLDS, method="predict_proba")[:, 1]
    model.fit(numbers, elected)
    return Output(
        model,
        metadata={"players": len(judged), "AUC": round(float(roc_auc_score(elected, guessed)), 4), "folds": FOLDS},
    )


@asset(group_name="hall", compute_kind="scikit-learn")
def hof_candidates(hof_model: Any, hall_of_fame_features: pd.DataFrame) -> Output[pd.DataFrame]:
    """The twenty best who are not in the Hall, of players the model has not learnt from.

    It knows what they did on the field, and nothing else: of those who would be in but for a scandal, it says so.
    """
    later = hall_of_fame_features["last_year"] >= JUDGED_BEFORE
    waiting = hall_of_fame_features[later & ~hall_of_fame_features["elected"]]
    chance = pd.Series(hof_model.predict_proba(waiting[NUMBERS])[:, 1], index=waiting.index)
    shown = ["name", "last_year", "seasons", "hits", "home_runs", "wins", "strikeouts"]
    table = waiting[shown].assign(chance=chance).sort_values("chance", ascending=False).head(20)
    return Output(table, metadata={"waiting": len(waiting), "first": str(table["name"].iloc[0])})
