"""How the assets are divided: by season, as the years of the calendar."""

from __future__ import annotations

from assetflow import TimeWindowPartitionsDefinition

NEW_YEAR = "0 0 1 1 *"

SEASONS = TimeWindowPartitionsDefinition(cron_schedule=NEW_YEAR, fmt="%Y", start="1871", end="2025")
"""1871 to 2024: a key is a year, and a partition the season that was played in it."""

PAID_SEASONS = TimeWindowPartitionsDefinition(cron_schedule=NEW_YEAR, fmt="%Y", start="1985", end="2017")
"""The seasons whose salaries are known.

Another definition than `SEASONS`, and nothing has to be said for the two to meet: windows of time need the windows in
the same stretch, so the payroll of 1998 reads the teams of 1998, and nothing of 1871 is asked for.
"""
