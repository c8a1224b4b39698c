"""The branch that is usually not there: months with days on which the sky fell.

``storms/alerts`` is declared with ``output_required=False`` and yields only if some day of its month was bad enough. If
it yields nothing, it still *succeeds*: there was nothing to tell. What needs that month is then skipped, other months
are not, and the run as a whole is a success.

In 2013 five months had such days: two in February, when half of all flights never left in the blizzard, one each in
March, June and July, and four in December. Ask for less, and more months have their briefing::

    materialize(..., run_config={"ops": {"storms__alerts": {"config": {"late": 0.5}}}})
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from assetflow import AssetExecutionContext, Output, asset
from examples.flights.charts import month_name
from examples.flights.delays import summary
from examples.flights.months import MONTHS

LATE, CANCELLED = 0.6, 0.4
"""A day is worth an alert if more than this share of its flights was late, or never left."""


@asset(key_prefix="storms", group_name="storms", partitions_def=MONTHS, output_required=False)
def alerts(context: AssetExecutionContext, departures: pd.DataFrame) -> Iterator[Output[pd.DataFrame]]:
    """The days of a month on which more flights were late than anyone should shrug at, worst first.

    A plain ``return`` would materialize, whatever it returned. Only a generator that ends without yielding says
    "not this month".
    """
    late = (context.op_config or {}).get("late", LATE)
    days = summary(departures, departures["day"])
    bad = days[(days["late"] > late) | (days["cancelled"] > CANCELLED)].sort_values("late", ascending=False)
    context.log.info(f"{len(bad)} days above {late:.0%}; the worst had {days['late'].max():.1%}")
    if len(bad):
        yield Output(bad, metadata={"days": len(bad), "flights": int(bad["flights"].sum())})


@asset(key_prefix="storms", group_name="storms", partitions_def=MONTHS)
def briefing(context: AssetExecutionContext, alerts: pd.DataFrame) -> str:
    """A text for the people who plan crews. It knows nothing of the threshold: if it runs, there is news."""
    month = month_name(int(context.partition_key[-2:]))
    lines = [f"- {day} {month}: {row.late:.0%} of flights late, {row.cancelled:.0%} cancelled"
             for day, row in alerts.iterrows()]  # fmt: skip
    return "\n".join([f"Days of {month} that needed more spare crews:", *lines])
