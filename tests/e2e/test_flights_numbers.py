"""The numbers of the flights example, counted a second time in another way."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assetflow import (
    DagsterInstance,
    PartitionKeyRange,
    build_asset_context,
    build_multi_asset_sensor_context,
    build_op_context,
    materialize,
)
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.visible_resources import Resources
from assetflow.log import step_logger
from examples.flights import clean, defs, delays, model, raw, report, storms, upkeep
from examples.flights.months import MONTHS, whole_year
from examples.flights.package_files import PackageFiles, data_file

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The flights as the csv module reads them."""
    with zipfile.ZipFile(data_file("flights.csv.zip")) as archive:
        text = io.TextIOWrapper(archive.open(archive.namelist()[0]), encoding="utf-8", newline="")
        return list(csv.DictReader(text))


@pytest.fixture(scope="module")
def raw_weather():
    return raw.weather()


@pytest.fixture(scope="module")
def raw_flights():
    """As one step makes all months."""
    year = PartitionKeyRange("2013-01", "2013-12")
    return raw.flights(build_asset_context(partition_key_range=year, partitions_def=MONTHS))


@pytest.fixture(scope="module")
def flights(raw_flights):
    """Month to what was made of it."""
    return {month: clean.flights(table) for month, table in raw_flights.value.items()}


@pytest.fixture(scope="module")
def made_departures(flights, raw_weather):
    weather = clean.weather(raw_weather.value).value
    return {month: clean.departures(made.value, weather) for month, made in flights.items()}


@pytest.fixture(scope="module")
def departures(made_departures):
    """Month to table, as what is not divided reads it."""
    return {month: made.value for month, made in made_departures.items()}


@pytest.fixture(scope="module")
def planes():
    return clean.planes(read("planes"))


@pytest.fixture(scope="module")
def samples(departures, planes):
    return model.samples(departures, planes.value)


@pytest.fixture(scope="module")
def quality(samples):
    return model.quality(model.classifier(samples.value).value, samples.value)


def read(name: str):
    import pandas as pd

    return pd.read_csv(data_file(f"{name}.csv"))


def numbers(output) -> dict:
    return {label: item.value for label, item in output.metadata.items()}


def arrivals(rows, column: str) -> dict[str, list[float]]:
    """Arrival delays of the flights that arrived, by the value of a column."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["arr_delay"] not in ("", "NA"):
            found.setdefault(row[column], []).append(float(row["arr_delay"]))
    return found


def late_share(delays: list[float]) -> float:
    return sum(delay > 15 for delay in delays) / len(delays)


def context(tmp_path: Path) -> OpExecutionContext:
    return OpExecutionContext(
        run_id="a-test",
        op_def=None,
        resources=Resources({"reports_folder": tmp_path}, None, "test"),
        op_config=None,
        log=step_logger("a-test", "test"),
    )


def test_all_flights_of_the_package_are_there_each_in_its_month(rows, raw_flights, flights):
    assert len(rows) == 336_776
    assert numbers(raw_flights)["rows"] == 336_776
    expected = {f"2013-{int(month):02}": count for month, count in Counter(row["month"] for row in rows).items()}
    assert {month: len(made.value) for month, made in flights.items()} == expected
    assert {month: set(made.value["month"]) for month, made in flights.items()} == {
        month: {int(month[-2:])} for month in expected
    }


def test_flights_that_never_left_and_never_arrived_are_counted_and_kept(rows, flights):
    missing = Counter(name for row in rows for name in ("dep_time", "arr_delay") if row[name] in ("", "NA"))
    assert missing == {"dep_time": 8_255, "arr_delay": 9_430}
    assert sum(numbers(made)["cancelled"] for made in flights.values()) == 8_255
    assert sum(numbers(made)["arrived"] for made in flights.values()) == 336_776 - 9_430
    assert sum(int(made.value["late"].isna().sum()) for made in flights.values()) == 9_430


def test_the_share_of_late_flights_is_that_of_those_that_arrived(rows, flights):
    by_month = arrivals(rows, "month")
    for month, made in flights.items():
        expected = late_share(by_month[str(int(month[-2:]))])
        assert numbers(made)["share late"] == pytest.approx(expected, abs=5e-5)


def test_the_months_are_those_of_the_data(rows, departures):
    table = delays.by_month(departures).value
    expected = arrivals(rows, "month")
    assert list(table.index) == list(range(1, 13))
    assert dict(table["flights"]) == {int(month): n for month, n in Counter(row["month"] for row in rows).items()}
    for month in table.index:
        assert table["late"][month] == pytest.approx(late_share(expected[str(month)]), abs=1e-4)
        mean = sum(expected[str(month)]) / len(expected[str(month)])
        assert table["delay"][month] == pytest.approx(mean, abs=1e-2)


def test_the_airlines_have_their_names_and_their_order(rows, departures):
    table = delays.by_carrier(departures, read("airlines")).value
    expected = {carrier: late_share(found) for carrier, found in arrivals(rows, "carrier").items()}
    assert list(table.index) == sorted(expected, key=expected.__getitem__)
    assert len(table) == 16
    assert table["name"]["UA"] == "United Air Lines Inc."
    assert int(table["flights"].sum()) == 336_776


def test_delays_pile_up_through_the_day(rows, departures):
    table = delays.by_hour(departures).value
    expected = arrivals(rows, "hour")
    assert list(table.index) == list(range(5, 24))
    assert table["late"].idxmin() in (5, 6, 7)
    assert table["late"].idxmax() >= 18
    assert table["late"][17] == pytest.approx(late_share(expected["17"]), abs=1e-4)


def test_every_flight_appears_once_after_the_join_and_nearly_all_have_weather(made_departures, departures):
    year = whole_year(departures)
    assert len(year) == 336_776
    assert int(year["sight"].isna().sum()) == 1_556
    july = made_departures["2013-07"]
    assert numbers(july)["share with weather"] == pytest.approx(july.value["sight"].notna().mean(), abs=5e-5)


def test_the_last_evening_of_a_month_has_its_weather_though_it_is_another_month_in_utc(departures):
    july = departures["2013-07"]
    evening = july[july["hour_utc"].dt.month == 8]
    assert len(evening) > 100 and evening["sight"].notna().all()
    assert set(evening["day"]) == {31}


def test_labels_stay_labels_when_months_are_put_together(departures):
    assert str(whole_year(departures)["carrier"].dtype) == "category"


def test_a_flight_has_the_weather_of_its_airport_and_hour(departures):
    row = departures["2013-01"].iloc[0]
    with data_file("weather.csv").open(newline="") as file:
        wanted = row["hour_utc"].strftime("%Y-%m-%dT%H:%M:%SZ")
        report = next(r for r in csv.DictReader(file) if (r["origin"], r["time_hour"]) == (row["origin"], wanted))
    assert row["temp"] == pytest.approx(float(report["temp"]), abs=1e-3)
    assert row["wind"] == pytest.approx(float(report["wind_speed"]), abs=1e-3)


def test_one_impossible_wind_is_blanked_and_counted(raw_weather):
    cleaned = clean.weather(raw_weather.value)
    assert float(raw_weather.value["wind_speed"].max()) > 1_000
    assert float(cleaned.value["wind"].max()) < 60
    assert numbers(cleaned) == {"rows": 26_115, "impossible winds": 1}


def test_foul_weather_makes_flights_late_and_counts_each_once(departures):
    table = delays.by_weather(departures).value
    assert int(table["flights"].sum()) == 336_776 - 1_556
    assert table["late"]["poor sight"] > 1.5 * table["late"]["calm and clear"]
    assert table["late"]["rain"] > table["late"]["calm and clear"]


def test_planes_keep_their_rows_and_unknown_years(planes):
    assert numbers(planes) == {"rows": 3_322, "without a year": 70}


def test_the_model_is_judged_by_later_months_than_it_learnt_from(samples):
    assert numbers(samples)["training rows"] == 60_000
    assert numbers(samples)["test rows"] == 30_000
    assert "late" not in samples.value.train.columns
    assert "arr_delay" not in samples.value.train.columns


def test_the_model_beats_guessing_and_a_constant(quality):
    assert 0.62 < quality.value.auc < 0.80
    assert quality.value.brier < quality.value.brier_of_share
    happened = list(quality.value.calibration["happened"])
    assert len(happened) == 10
    assert happened[-1] > 3 * happened[0]


def test_alerts_are_given_for_the_months_with_days_that_were_bad_enough(rows, departures):
    found = {month: alerts_of(month, departures) for month in departures}
    assert {month: sorted(alert.value.index) for month, (alert,) in ((m, a) for m, a in found.items() if a)} == {
        "2013-02": [8, 9],
        "2013-03": [8],
        "2013-06": [13],
        "2013-07": [1],
        "2013-12": [9, 10, 14, 17],
    }
    blizzard = [row for row in rows if (row["month"], row["day"]) == ("2", "9")]
    (alert,) = found["2013-02"]
    assert alert.value["flights"][9] == len(blizzard)
    assert alert.value["cancelled"][9] == pytest.approx(
        sum(row["dep_time"] in ("", "NA") for row in blizzard) / len(blizzard)
    )


def test_a_lower_threshold_brings_an_alert_and_its_briefing(departures):
    (alert,) = alerts_of("2013-08", departures, late=0.5)
    assert sorted(alert.value.index) == [1, 8, 9, 13, 22]
    text = storms.briefing(build_asset_context(partition_key="2013-08"), alert.value)
    assert text.startswith("Days of August that needed more spare crews:\n- 8 August: 58% of flights late")


def alerts_of(month: str, departures, **config: float) -> list:
    """What a month yields: one alert or none."""
    return list(storms.alerts(build_op_context(partition_key=month, op_config=config), departures[month]))


def test_the_report_says_these_numbers_and_is_one_file(tmp_path, departures, quality):
    output = report.report(
        context(tmp_path / "reports"),
        delays.by_carrier(departures, read("airlines")).value,
        delays.by_month(departures).value,
        delays.by_hour(departures).value,
        delays.by_weather(departures).value,
        quality.value,
    )
    path = tmp_path / "reports" / "flights.html"
    page = path.read_text(encoding="utf-8")
    assert page == output.value
    assert output.metadata["path"] == MetadataValue.path(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["flights.html"]
    assert "336,776" in page
    assert "Hawaiian Airlines Inc." in page
    assert page.count("<svg") == 5
    assert "prefers-color-scheme: dark" in page
    for outside in ("<script", "<link", 'src="', "@import", "$"):
        assert outside not in page


def test_source_assets_are_read_and_never_written():
    manager = PackageFiles()
    from assetflow.definitions.io_context import InputContext, OutputContext

    table = manager.load_input(InputContext(asset_key=raw.airlines.key))
    assert len(table) == 16
    with pytest.raises(NotImplementedError, match="raw/airlines"):
        manager.handle_output(OutputContext(asset_key=raw.airlines.key), table)


def test_the_definitions_hold_the_whole_pipeline():
    assert len(defs.assets) == 16
    assert {source.key.to_user_string() for source in defs.source_assets} == {"raw/planes", "raw/airlines"}


# --- what keeps itself up to date ----------------------------------------------------------------


def test_the_report_is_written_at_six_in_new_york_summer_and_winter() -> None:
    at = [datetime(2026, month, 2, 12, tzinfo=UTC) for month in (1, 7)]
    fires = [next(upkeep.every_morning.fire_times(moment)) for moment in at]
    assert [fire.astimezone(UTC).hour for fire in fires] == [11, 10]


def test_months_with_new_alerts_have_their_briefing_asked_for_once() -> None:
    instance = DagsterInstance.ephemeral()
    calm, stormy = "2013-08", "2013-02"
    for month in (calm, stormy):
        materialize(
            [*defs.assets, *defs.source_assets],
            resources=defs.resources,
            selection="*storms/alerts",
            partition_key=month,
            instance=instance,
        )
    data = upkeep.new_storms.evaluate_tick(build_multi_asset_sensor_context([upkeep.ALERTS], instance=instance))
    assert [request.partition_key for request in data.run_requests] == [stormy]
    later = build_multi_asset_sensor_context([upkeep.ALERTS], instance=instance, cursor=data.cursor)
    again = upkeep.new_storms.evaluate_tick(later)
    assert (list(again.run_requests), again.skip_message) == ([], "no month has new alerts")
