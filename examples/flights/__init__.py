"""Will my flight be late? Every flight that left New York in 2013, from raw files to a page to read.

::

    raw/flights[month] ─ clean/flights[month] ─┐                     ┌─ delays/by_carrier ─┐
    raw/weather ─ clean/weather ───────────────┴─ departures[month] ─┼─ delays/by_month ───┤
                                                        │            ├─ delays/by_hour ────┼─ report
                                                        │            └─ delays/by_weather ─┤
    raw/planes ── clean/planes ─────────────────────────┼─ model/samples ─ model/classifier ─ model/quality
                                                        └─ storms/alerts[month] ─ storms/briefing[month]

What has ``[month]`` is divided into the twelve months of 2013; the rest reads all of them, and is made once. Run it
with ``assetflow backfill -m examples.flights --partitions all``, or select: ``assetflow materialize -m
examples.flights "model/classifier*"``. Each module of this package is one room of the pipeline, and can be read on
its own.
"""

from __future__ import annotations

from assetflow import Definitions, load_assets_from_modules
from examples.flights import clean, delays, model, raw, report, storms, upkeep
from examples.flights.package_files import package_files
from examples.flights.report import reports_folder

defs = Definitions(
    assets=load_assets_from_modules([raw, clean, delays, model, storms, report]),
    jobs=[upkeep.report_job, upkeep.briefing_job],
    schedules=[upkeep.every_morning],
    sensors=[upkeep.new_storms],
    resources={"package_files": package_files, "reports_folder": reports_folder},
)
