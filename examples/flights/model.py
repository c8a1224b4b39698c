"""How likely is it that this flight will be late? Only from what is known before it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from assetflow import AssetIn, Output, asset
from examples.flights.months import whole_year

LAST_TRAINING_MONTH = 9
TRAINING_ROWS, TEST_ROWS = 60_000, 30_000
SEED = 2013
NUMBERS = ["hour", "weekday", "distance", "temp", "wind", "rain", "sight", "pressure", "seats", "age"]
LABELS = ["carrier", "origin"]


@dataclass(frozen=True)
class Samples:
    """Rows to learn from, and later rows to be judged by.

    Attributes:
        train: features of flights from January to September.
        train_late: whether they were late.
        test: features of flights from October to December.
        test_late: whether they were late.
    """

    train: pd.DataFrame
    train_late: pd.Series
    test: pd.DataFrame
    test_late: pd.Series


@asset(key_prefix="model", group_name="model", ins={"planes": AssetIn(key_prefix="clean")})
def samples(departures: dict[str, pd.DataFrame], planes: pd.DataFrame) -> Output[Samples]:
    """A sample of flights that arrived, split by time.

    A random split would let the model see the morning of a storm and be asked about the evening. Learning from
    January to September and being judged by October to December is what it would have to do in life.
    """
    year = whole_year(departures)
    arrived = year[year["late"].notna()]
    before = arrived["month"] <= LAST_TRAINING_MONTH
    train = arrived[before].sample(TRAINING_ROWS, random_state=SEED)
    test = arrived[~before].sample(TEST_ROWS, random_state=SEED)
    found = Samples(*_features(train, planes), *_features(test, planes))
    return Output(
        found,
        metadata={
            "training rows": len(found.train),
            "test rows": len(found.test),
            "share late, training": round(float(found.train_late.mean()), 4),
            "share late, test": round(float(found.test_late.mean()), 4),
        },
    )


@asset(key_prefix="model", group_name="model", compute_kind="scikit-learn")
def classifier(samples: Samples) -> Output[Any]:
    """Boosted trees. They take labels and missing values as they are, so there is nothing to prepare."""
    # Imported here, not above: it takes a second, and only this step needs it.
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.08, categorical_features="from_dtype", early_stopping=False, random_state=SEED
    )
    model.fit(samples.train, samples.train_late)
    return Output(model, metadata={"trees": int(model.n_iter_), "features": list(samples.train.columns)})


@dataclass(frozen=True)
class Quality:
    """How good the model is on months it has never seen.

    Attributes:
        auc: chance that a late flight is given a higher risk than a punctual one; 0.5 is guessing.
        brier: mean squared error of the risk; `brier_of_share` is that of always saying the training share.
        calibration: for ten equal groups by risk, the risk that was said and the share that was late.
    """

    auc: float
    brier: float
    brier_of_share: float
    calibration: pd.DataFrame


@asset(key_prefix="model", group_name="model", compute_kind="scikit-learn")
def quality(classifier: Any, samples: Samples) -> Output[Quality]:
    """Judged by October to December."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    late = samples.test_late
    risk = pd.Series(classifier.predict_proba(samples.test)[:, 1], index=late.index)
    tenth = pd.qcut(risk, 10, labels=False)
    calibration = pd.DataFrame({"said": risk, "happened": late}).groupby(tenth).mean()
    found = Quality(
        auc=float(roc_auc_score(late, risk)),
        brier=float(brier_score_loss(late, risk)),
        brier_of_share=float(((samples.train_late.mean() - late) ** 2).mean()),
        calibration=calibration,
    )
    numbers = {"AUC": found.auc, "Brier": found.brier, "Brier of a constant": found.brier_of_share}
    return Output(found, metadata={name: round(value, 4) for name, value in numbers.items()})


def _features(flights: pd.DataFrame, planes: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    known = flights.assign(tailnum=flights["tailnum"].astype(object)).merge(planes, on="tailnum", how="left")
    return known[NUMBERS + LABELS], known["late"].astype(bool)
