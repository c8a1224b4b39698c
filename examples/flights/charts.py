"""Charts as SVG that lives inside a page: its colours are the page's, so it follows light and dark."""

from __future__ import annotations

import calendar
import io
import re
from typing import Any

import pandas as pd

# Stand-ins that matplotlib can draw with, and what the page puts in their place.
_INK, _QUIET, _BAR, _ACCENT = "#010101", "#020202", "#030303", "#040404"
_ON_THE_PAGE = {_INK: "var(--ink)", _QUIET: "var(--quiet)", _BAR: "var(--bar)", _ACCENT: "var(--accent)"}


def month_name(month: int) -> str:
    """1 to ``January``."""
    return calendar.month_name[month]


def months(by_month: pd.DataFrame) -> str:
    """Share of late flights for each month, the worst in the accent colour."""
    figure, axes = _canvas(4.6, 2.5)
    late = by_month["late"]
    bars = axes.bar(range(len(late)), late * 100, color=_BAR, width=0.7)
    axes.set_xticks(range(len(late)), [month_name(month)[:3] for month in late.index])
    worst = late.to_numpy().argmax()
    bars[worst].set_color(_ACCENT)
    for place in (worst, late.to_numpy().argmin()):
        share = late.iloc[place] * 100
        axes.annotate(f"{share:.0f} %", (place, share), (0, 3), textcoords="offset points", ha="center", color=_INK)
    return _svg(figure, "Share of late flights by month")


def hours(by_hour: pd.DataFrame) -> str:
    """Share of late flights through the day."""
    figure, axes = _canvas(4.6, 2.5)
    late = by_hour["late"] * 100
    axes.plot(late.index, late, color=_ACCENT, linewidth=2)
    axes.fill_between(late.index, late, color=_ACCENT, alpha=0.12, linewidth=0)
    axes.set_xticks(range(6, 24, 3), [f"{hour}:00" for hour in range(6, 24, 3)])
    axes.set_ylim(0)
    return _svg(figure, "Share of late flights by scheduled hour of departure")


def carriers(by_carrier: pd.DataFrame) -> str:
    """Share of late flights for each airline, the most punctual on top."""
    table = by_carrier.iloc[::-1]
    figure, axes = _canvas(4.6, 0.25 * len(table) + 0.3)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.barh(table["name"], table["late"] * 100, color=_BAR, height=0.68)
    for place, share in enumerate(table["late"] * 100):
        axes.annotate(f"{share:.0f} %", (share, place), (4, 0), textcoords="offset points", va="center", color=_INK)
    return _svg(figure, "Share of late flights by airline")


def weather(by_weather: pd.DataFrame) -> str:
    """Share of late and of cancelled flights for each kind of weather."""
    figure, axes = _canvas(4.6, 2.5)
    places = range(len(by_weather))
    axes.bar([place - 0.19 for place in places], by_weather["late"] * 100, 0.36, color=_BAR, label="late")
    axes.bar([place + 0.19 for place in places], by_weather["cancelled"] * 100, 0.36, color=_ACCENT, label="cancelled")
    axes.set_xticks(places, by_weather.index)
    axes.legend(frameon=False, labelcolor=_INK)
    return _svg(figure, "Share of late and cancelled flights by weather")


def calibration(table: pd.DataFrame) -> str:
    """What the model said against what happened; on the diagonal it is right."""
    figure, axes = _canvas(6.4, 3.0)
    top = float(table.to_numpy().max()) * 105
    axes.plot([0, top], [0, top], color=_QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(table["said"] * 100, table["happened"] * 100, color=_ACCENT, linewidth=2, marker="o", markersize=5)
    axes.set_xlabel("risk the model gave, %", color=_QUIET)
    axes.set_ylabel("late in fact, %", color=_QUIET)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    return _svg(figure, "Risk given by the model against the share of flights that were late")


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    # Without pyplot: no global state, no window, safe in a worker.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_QUIET)
    axes.tick_params(length=0, labelcolor=_QUIET, labelsize=9)
    axes.grid(axis="y", color=_QUIET, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure: Any, title: str) -> str:
    import matplotlib

    buffer = io.StringIO()
    # Text stays text, and the same chart gives the same bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", drawing)
    drawing = re.sub(r' (?:width|height)="[\d.]+pt"', "", drawing, count=2)
    for stand_in, colour in _ON_THE_PAGE.items():
        drawing = drawing.replace(stand_in, colour)
    return drawing.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
