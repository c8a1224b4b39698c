"""The numbers of the flights example, counted a second time in another way."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.visible_resources import Resources
from assetflow.log import step_logger
from examples.flights import clean, defs, delays, model, raw, report, storms
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
def flights():
    return clean.flights(raw.flights().value)


@pytest.fixture(scope="module")
def departures(flights, raw_weather):
    return clean.departures(flights.value, clean.weather(raw_weather.value).value)


@pytest.fixture(scope="module")
def planes():
    return clean.planes(read("planes"))


@pytest.fixture(scope="module")
def samples(departures, planes):
    return model.samples(departures.value, planes.value)


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


def context(tmp_path: Path | None = None, config=None) -> OpExecutionContext:
    values = {"reports_folder": tmp_path} if tmp_path else {}
    return OpExecutionContext(
        run_id="a-test",
        op_def=None,
        resources=Resources(values, None, "test"),
        op_config=config,
        log=step_logger("a-test", "test"),
    )


def test_all_flights_of_the_package_are_there(rows, flights):
    assert len(rows) == 336_776
    assert len(flights.value) == 336_776
    assert numbers(flights)["rows"] == 336_776


def test_flights_that_never_left_and_never_arrived_are_counted_and_kept(rows, flights):
    missing = Counter(name for row in rows for name in ("dep_time", "arr_delay") if row[name] in ("", "NA"))
    assert missing == {"dep_time": 8_255, "arr_delay": 9_430}
    assert numbers(flights)["cancelled"] == 8_255
    assert numbers(flights)["arrived"] == 336_776 - 9_430
    assert int(flights.value["late"].isna().sum()) == 9_430


def test_the_share_of_late_flights_is_that_of_those_that_arrived(rows, flights):
    everything = [delay for delays in arrivals(rows, "month").values() for delay in delays]
    assert numbers(flights)["share late"] == pytest.approx(late_share(everything), abs=5e-5)


def test_the_months_are_those_of_the_data(rows, departures):
    table = delays.by_month(departures.value).value
    expected = arrivals(rows, "month")
    assert list(table.index) == list(range(1, 13))
    assert dict(table["flights"]) == {int(month): n for month, n in Counter(row["month"] for row in rows).items()}
    for month in table.index:
        assert table["late"][month] == pytest.approx(late_share(expected[str(month)]), abs=1e-4)
        mean = sum(expected[str(month)]) / len(expected[str(month)])
        assert table["delay"][month] == pytest.approx(mean, abs=1e-2)


def test_the_airlines_have_their_names_and_their_order(rows, departures):
    table = delays.by_carrier(departures.value, read("airlines")).value
    expected = {carrier: late_share(found) for carrier, found in arrivals(rows, "carrier").items()}
    assert list(table.index) == sorted(expected, key=expected.__getitem__)
    assert len(table) == 16
    assert table["name"]["UA"] == "United Air Lines Inc."
    assert int(table["flights"].sum()) == 336_776


def test_delays_pile_up_through_the_day(rows, departures):
    table = delays.by_hour(departures.value).value
    expected = arrivals(rows, "hour")
    assert list(table.index) == list(range(5, 24))
    assert table["late"].idxmin() in (5, 6, 7)
    assert table["late"].idxmax() >= 18
    assert table["late"][17] == pytest.approx(late_share(expected["17"]), abs=1e-4)


def test_every_flight_appears_once_after_the_join_and_nearly_all_have_weather(departures):
    assert len(departures.value) == 336_776
    assert int(departures.value["sight"].isna().sum()) == 1_556
    assert numbers(departures)["share with weather"] == pytest.approx(1 - 1_556 / 336_776, abs=5e-5)


def test_a_flight_has_the_weather_of_its_airport_and_hour(departures):
    row = departures.value.iloc[0]
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
    table = delays.by_weather(departures.value).value
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


def test_in_2013_no_month_is_bad_enough_for_an_alert(departures):
    months = delays.by_month(departures.value).value
    assert months["late"].max() < storms.ALERT_SHARE
    assert list(storms.alerts(context(), months)) == []


def test_a_lower_threshold_brings_the_alert_and_its_briefing(departures):
    months = delays.by_month(departures.value).value
    (alert,) = storms.alerts(context(config={"share": 0.3}), months)
    assert list(alert.value.index) == [12, 7, 6]
    assert storms.briefing(alert.value).startswith("Months that need more spare crews:\n- month 12:")


def test_the_report_says_these_numbers_and_is_one_file(tmp_path, departures, quality):
    output = report.report(
        context(tmp_path / "reports"),
        delays.by_carrier(departures.value, read("airlines")).value,
        delays.by_month(departures.value).value,
        delays.by_hour(departures.value).value,
        delays.by_weather(departures.value).value,
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
