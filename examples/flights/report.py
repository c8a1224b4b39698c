"""The page: what the pipeline found, in one file that needs nothing else."""

from __future__ import annotations

import os
import tempfile
from html import escape
from pathlib import Path
from string import Template

import pandas as pd

from assetflow import AssetIn, MetadataValue, OpExecutionContext, Output, asset, resource
from examples.flights import charts
from examples.flights.model import Quality

TEMPLATE = Path(__file__).with_name("page.html")
FILE_NAME = "flights.html"
DELAYS = AssetIn(key_prefix="delays")


@resource
def reports_folder() -> Path:
    """Where pages go: beside the storage, ``.assetflow/reports`` unless ``ASSETFLOW_HOME`` says otherwise.

    A resource, not a constant: a test puts a temporary folder in its place.
    """
    return Path(os.environ.get("ASSETFLOW_HOME", ".assetflow")).resolve() / "reports"


@asset(
    group_name="report",
    compute_kind="html",
    required_resource_keys={"reports_folder"},
    ins={
        "by_carrier": DELAYS,
        "by_month": DELAYS,
        "by_hour": DELAYS,
        "by_weather": DELAYS,
        "quality": AssetIn(key_prefix="model"),
    },
)
def report(
    context: OpExecutionContext,
    by_carrier: pd.DataFrame,
    by_month: pd.DataFrame,
    by_hour: pd.DataFrame,
    by_weather: pd.DataFrame,
    quality: Quality,
) -> Output[str]:
    """A page with charts and tables. The asset's value is the page; the file is a copy to open in a browser."""
    page = render(by_carrier, by_month, by_hour, by_weather, quality, context.run_id)
    path = context.resources.reports_folder / FILE_NAME
    replace_file(path, page)
    return Output(page, metadata={"path": MetadataValue.path(path), "bytes": len(page.encode())})


def render(
    by_carrier: pd.DataFrame,
    by_month: pd.DataFrame,
    by_hour: pd.DataFrame,
    by_weather: pd.DataFrame,
    quality: Quality,
    run_id: str,
) -> str:
    """The page as HTML."""
    flights = int(by_month["flights"].sum())
    arrived = by_month["flights"] * (1 - by_month["cancelled"])
    worst, best = int(by_month["late"].idxmax()), int(by_month["late"].idxmin())
    early, evening = by_hour["late"].min(), by_hour["late"].max()
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        flights=f"{flights:,}",
        late=f"{(by_month['late'] * arrived).sum() / arrived.sum():.1%}",
        cancelled=f"{(by_month['cancelled'] * by_month['flights']).sum() / flights:.1%}",
        auc=f"{quality.auc:.2f}",
        worst=charts.month_name(worst),
        worst_share=f"{by_month['late'][worst]:.0%}",
        best=charts.month_name(best),
        best_share=f"{by_month['late'][best]:.0%}",
        early_share=f"{early:.0%}",
        evening_share=f"{evening:.0%}",
        evening_hour=f"{int(by_hour['late'].idxmax())}:00",
        punctual=escape(by_carrier["name"].iloc[0]),
        unpunctual=escape(by_carrier["name"].iloc[-1]),
        foul=f"{by_weather['late']['poor sight']:.0%}",
        fair=f"{by_weather['late']['calm and clear']:.0%}",
        brier=f"{quality.brier:.3f}",
        brier_of_share=f"{quality.brier_of_share:.3f}",
        low_risk=f"{quality.calibration['happened'].iloc[0]:.0%}",
        high_risk=f"{quality.calibration['happened'].iloc[-1]:.0%}",
        months_chart=charts.months(by_month),
        hours_chart=charts.hours(by_hour),
        carriers_chart=charts.carriers(by_carrier),
        weather_chart=charts.weather(by_weather),
        calibration_chart=charts.calibration(quality.calibration),
        months_table=table("month", by_month.rename(index=charts.month_name)),
        carriers_table=table("airline", by_carrier.set_index("name")),
        weather_table=table("weather", by_weather),
        run_id=escape(run_id),
    )


def table(label: str, rows: pd.DataFrame) -> str:
    """A summary as an HTML table."""
    head = "".join(f"<th>{name}</th>" for name in (label, "flights", "late", "cancelled", "mean delay"))
    body = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{row.flights:,.0f}</td><td>{row.late:.1%}</td>"
        f"<td>{row.cancelled:.1%}</td><td>{row.delay:+.1f} min</td></tr>"
        for name, row in rows.iterrows()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def replace_file(path: Path, text: str) -> None:
    """Write a file at once: whoever opens it sees the old page or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, temporary = tempfile.mkstemp(dir=path.parent, prefix=".page-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
