"""The baseball example on two worker processes, and its numbers against those that every almanac has."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "examples" / "baseball" / "README.md").read_text(encoding="utf-8")
MODULE = ("-m", "examples.baseball")

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a backfill of all seasons on two worker processes."""
    folder = tmp_path_factory.mktemp("baseball")
    done = assetflow(folder, "backfill", *MODULE, "--partitions", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1,032 succeeded, 116 skipped" in done.stdout
    return folder


@pytest.fixture(scope="module")
def load(home: Path) -> Callable[..., Any]:
    """Loads a value, as a notebook would."""
    from assetflow import FilesystemIOManager
    from assetflow.definitions.bundle import Definitions
    from examples.baseball import defs

    stored = FilesystemIOManager(home / "storage")
    definitions = Definitions(assets=defs.assets, resources={**defs.resources, "io_manager": stored})
    return definitions.load_asset_value


def assetflow(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
    variables = {**kept, "ASSETFLOW_HOME": str(home), "COLUMNS": "120"}
    command = [str(Path(sys.executable).with_name("assetflow")), *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=150)


def test_careers_add_up_to_what_almanacs_say(load: Callable[..., Any]) -> None:
    careers = load("career_totals")
    assert {player: int(careers.loc[player, "home_runs"]) for player in ("bondsba01", "aaronha01", "ruthba01")} == {
        "bondsba01": 762,
        "aaronha01": 755,
        "ruthba01": 714,
    }
    assert careers["hits"].idxmax() == "rosepe01" and careers.loc["rosepe01", "hits"] == 4_256
    assert careers["stolen_bases"].idxmax() == "henderi01" and careers.loc["henderi01", "stolen_bases"] == 1_406
    assert careers["wins"].idxmax() == "youngcy01" and careers.loc["youngcy01", "wins"] == 511
    assert careers["strikeouts"].idxmax() == "ryanno01" and careers.loc["ryanno01", "strikeouts"] == 5_714
    assert careers.loc["ryanno01", "seasons"] == 27


def test_a_player_with_two_teams_has_one_season(load: Callable[..., Any]) -> None:
    season = load("player_season", partition_key="1998")
    assert season.index.is_unique
    mark = season.loc["mcgwima01"]
    assert (mark["home_runs"], mark["runs"]) == (70, 130)
    traded = load("batting", partition_key="1998").query("player == 'piazzmi01'")
    assert len(traded) == 3 and season.loc["piazzmi01", "home_runs"] == traded["home_runs"].sum() == 32


def test_there_is_news_in_the_years_in_which_a_record_fell_and_in_no_others(
    home: Path, load: Callable[..., Any]
) -> None:
    folder = home / "storage" / "record_news"
    modern = sorted(int(file.name) for file in folder.iterdir() if file.name.isdigit() and int(file.name) > 1931)
    assert modern == [1961, 1998, 2001, 2002, 2004]
    assert load("record_news", partition_key="1961") == (
        "## Records of 1961\n\n- **Roger Maris**: 61 home runs, 1 more than Babe Ruth in 1927"
    )
    told = {
        "1920": "54 home runs, 25 more than he himself had in 1919",
        "1998": "**Mark McGwire**: 70 home runs, 9 more than Roger Maris in 1961",
        "2001": "**Barry Bonds**: 73 home runs, 3 more than Mark McGwire in 1998",
        "2004": "**Ichiro Suzuki**: 262 hits, 5 more than George Sisler in 1920",
    }
    for year, news in told.items():
        assert news in load("record_news", partition_key=year)


def test_salaries_meet_the_teams_of_their_own_seasons(load: Callable[..., Any]) -> None:
    table = load("payroll_vs_wins", partition_key="2001")
    assert len(table) == 30
    assert table.loc["SEA", "wins"] == 116
    assert table.index[0] in ("MIN", "OAK", "SEA") and table["dollars_a_win"].is_monotonic_increasing
    report = load("payroll_report").splitlines()
    assert len(report) == 2 + 32 and report[2].startswith("| 1985 |") and report[-1].startswith("| 2016 |")


def test_the_model_finds_those_who_are_known_to_wait(load: Callable[..., Any]) -> None:
    players = load("hall_of_fame_features")
    assert players.loc["aaronha01", "elected"] and not players.loc["rosepe01", "elected"]
    table = load("hof_candidates")
    assert len(table) == 20 and table["chance"].is_monotonic_decreasing
    assert {"Barry Bonds", "Roger Clemens", "Alex Rodriguez"} <= set(table["name"].head(6))


def test_the_commands_of_the_readme_are_those_that_exist(home: Path) -> None:
    commands = [shlex.split(line) for line in re.findall(r"^assetflow (.*)$", README, re.MULTILINE)]
    assert [command[0] for command in commands] == [
        "backfill", "partitions", "plan", "materialize", "backfill", "backfill",
    ]  # fmt: skip
    for command in commands[3:5]:  # what they would do: all of it has been done once
        words = ["--partitions" if word == "--partition" else word for word in command[1:]]
        done = assetflow(home, "plan", *words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_seasons_that_are_there_are_told(home: Path) -> None:
    shown = assetflow(home, "partitions", *MODULE, "--json").stdout
    standing = {record["asset"]: record for record in map(json.loads, shown.splitlines())}
    assert standing["player_season"]["materialized"] == standing["player_season"]["partitions"] == 154
    assert standing["salaries"]["partitions"] == 32
    assert standing["record_news"]["materialized"] == 38
    listed = map(json.loads, assetflow(home, "assets", "list", *MODULE, "--json").stdout.splitlines())
    last = {record["asset"]: record["materialized"] for record in listed}
    assert last["batting"]["times"] == 154
    sizes = [file.stat().st_size for file in (home / "storage" / "salaries").iterdir() if file.is_file()]
    assert len(sizes) == 32 and 0 < last["salaries"]["size"] <= sum(sizes)
    assert "partition" not in last["people"]


def test_a_corrected_season_is_followed_by_what_it_changes_and_by_no_other_season(home: Path) -> None:
    done = assetflow(home, "materialize", "player_season*", *MODULE, "--partition", "2004", "--json")
    assert done.returncode == 0, done.stderr
    [steps] = [record["steps"] for record in map(json.loads, done.stdout.splitlines()) if record["event"] == "result"]
    assert sorted(steps) == [
        "all_time_records", "career_totals", "hall_of_fame_features", "hof_candidates", "hof_model", "new_record",
        "player_season", "record_news",
    ]  # fmt: skip
    shown = assetflow(home, "assets", "show", "player_season", *MODULE).stdout
    assert "partition 2004" in shown and "155 materializations" in shown
