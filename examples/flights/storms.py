"""The branch that is usually not there.

``storms/alerts`` is declared with ``output_required=False`` and yields only if some month was bad enough. If it
yields nothing, it still *succeeds*: there was nothing to tell. Whatever needs it is then skipped, and the run as a
whole is a success.

With the data of 2013 and the threshold below that is what happens: even December, the worst month, had 32 % late
flights. Lower the threshold for one run, and the branch is there::

    materialize(..., run_config={"ops": {"storms__alerts": {"config": {"share": 0.3}}}})
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from assetflow import AssetIn, OpExecutionContext, Output, asset

ALERT_SHARE = 0.35
"""A month is worth an alert if more than this share of its flights was late."""


@asset(
    key_prefix="storms",
    group_name="storms",
    ins={"by_month": AssetIn(key_prefix="delays")},
    output_required=False,
)
def alerts(context: OpExecutionContext, by_month: pd.DataFrame) -> Iterator[Output[pd.DataFrame]]:
    """The months in which more flights were late than anyone should shrug at, worst first.

    A plain ``return`` would materialize, whatever it returned. Only a generator that ends without yielding says
    "not this time".
    """
    threshold = (context.op_config or {}).get("share", ALERT_SHARE)
    bad = by_month[by_month["late"] > threshold].sort_values("late", ascending=False)
    context.log.info(f"{len(bad)} months above {threshold:.0%}; the worst had {by_month['late'].max():.1%}")
    if len(bad):
        yield Output(bad, metadata={"months": len(bad), "threshold": float(threshold)})


@asset(key_prefix="storms", group_name="storms")
def briefing(alerts: pd.DataFrame) -> str:
    """A text for the people who plan crews. It knows nothing of the threshold: if it runs, there is news."""
    lines = [f"- month {month}: {row.late:.0%} of flights late, {row.cancelled:.1%} cancelled"
             for month, row in alerts.iterrows()]  # fmt: skip
    return "\n".join(["Months that need more spare crews:", *lines])
