"""How flights are divided: by the month in which they were meant to leave."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from assetflow import MonthlyPartitionsDefinition

MONTHS = MonthlyPartitionsDefinition("2013-01", fmt="%Y-%m", end_date="2014-01")
"""``2013-01`` to ``2013-12``."""


def whole_year(months: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table of all months.

    An asset that is not divided gets what is as a dict: the month's key to its table.
    """
    return pd.concat(months.values(), ignore_index=True)
