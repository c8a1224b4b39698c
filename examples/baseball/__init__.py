"""154 seasons of baseball, each a partition: who was best, who broke a record, and what a win costs.

::

    batting[year] ──┬─ player_season[year] ─┬─ career_totals ─ hall_of_fame_features ─ hof_model ─ hof_candidates
    pitching[year] ─┘                       └─ all_time_records[year] ─ new_record[year] ─ record_news[year]
                                                │          ▲
                                                └──────────┘  (of the year before)
    teams[year] ────┬─ payroll_vs_wins[year] ─ payroll_report
    salaries[year] ─┘                         (seasons from 1985 to 2016)

Run all of it with ``assetflow backfill -m examples.baseball --partitions all``, or one season with
``--partitions 1998``. Each module of this package is one room, and can be read on its own.
"""

from __future__ import annotations

from assetflow import Definitions, load_assets_from_modules
from examples.baseball import hall, payroll, players, raw, records
from examples.baseball.lahman import lahman_tables

defs = Definitions(
    assets=load_assets_from_modules([raw, players, records, payroll, hall]),
    resources={"lahman": lahman_tables},
)
