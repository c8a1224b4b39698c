"""What the command line tells of the history, as people type it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect
from tests.e2e.test_command_line import run
from tests.support.receiver import running_receiver

PIPELINE = """
from assetflow import Output, asset

@asset
def orders():
    return Output([1, 2, 3], metadata={"rows": 3})

@asset
def total(orders):
    return sum(orders)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything was materialized twice, and whose server has forgotten the first time."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.py").write_text(PIPELINE)
    for number in (1, 2):
        done = run(folder, "materialize", "-f", "pipeline.py")
        assert done.returncode == 0, done.stderr
        if number == 1:
            shutil.rmtree(folder / ".assetflow" / "valkey")
    return folder


def runs_of(project: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(project, "runs", "list", "--json").stdout.splitlines()]


def test_runs_of_the_server_and_of_the_history_are_one_list(project: Path) -> None:
    newer, older = runs_of(project)
    assert (newer["status"], older["status"]) == ("SUCCEEDED", "SUCCEEDED")
    assert newer["run"] > older["run"]  # type: ignore[operator]
    listed = run(project, "runs", "list")
    assert str(older["run"]) in listed.stdout and str(newer["run"]) in listed.stdout


def test_a_forgotten_run_is_shown_like_any_other(project: Path) -> None:
    older = runs_of(project)[1]
    shown = run(project, "runs", "show", str(older["run"]))
    assert shown.returncode == 0, shown.stderr
    assert "✔ orders" in shown.stdout and "rows 3" in shown.stdout
    told = json.loads(run(project, "runs", "show", str(older["run"]), "--json").stdout)
    assert told["states"] == {"orders": "succeeded", "total": "succeeded"}
    made = [one for one in told["events"] if one["type"] == "step_succeeded"]
    assert [one["step"] for one in made] == ["orders", "total"] and told["events_next"] is None
    assert all({"seconds", "load", "compute", "store"} <= one["data"].keys() for one in made), "the history keeps them"
    over = run(project, "runs", "resume", str(older["run"]))
    assert f"run {older['run']} is over: succeeded" in over.stdout


def test_assets_are_listed_with_their_last_materialization(project: Path) -> None:
    newer = runs_of(project)[0]["run"]
    listed = run(project, "assets", "list", "-f", "pipeline.py").stdout
    assert listed.count(str(newer)) == 2 and " ago" in listed
    told = json.loads(run(project, "assets", "show", "total", "-f", "pipeline.py", "--json").stdout)
    assert told["materialized"]["run"] == newer and told["materialized"]["times"] == 2
    shown = run(project, "assets", "show", "total", "-f", "pipeline.py").stdout
    assert "2 materializations" in shown


def test_the_history_of_an_asset_is_listed_newest_first(project: Path) -> None:
    told = [
        json.loads(line) for line in run(project, "assets", "materializations", "orders", "--json").stdout.splitlines()
    ]
    assert [one["run_id"] for one in told] == [one["run"] for one in runs_of(project)]
    assert told[0]["metadata"]["rows"] == 3 and told[0]["size"] > 0
    assert "rows: 3" in run(project, "assets", "materializations", "orders").stdout
    slip = run(project, "assets", "materializations", "order")
    assert slip.returncode == 2 and "did you mean orders?" in slip.stderr


def test_a_run_that_the_server_has_lost_is_listed_as_lost(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(project, folder)

    with sqlite3.connect(folder / ".assetflow" / "history.db") as connection:
        newest = connection.execute("SELECT max(run_id) FROM runs").fetchone()[0]
        connection.execute("UPDATE runs SET status = 'RUNNING', ended = NULL, done = 1 WHERE run_id = ?", (newest,))
        connection.execute("DELETE FROM facts WHERE run_id = ? AND kind = 'run_ended'", (newest,))
        connection.execute("DELETE FROM facts WHERE run_id = ? AND steps = '1'", (newest,))
    connection.close()
    with Valkey(folder / ".assetflow" / "valkey") as server:
        connect(server.url).flushall()
    listed = run(folder, "runs", "list")
    assert "lost" in listed.stdout and "1/2" in listed.stdout
    assert "assetflow runs resume RUN" in listed.stderr
    shown = run(folder, "runs", "show", newest)
    assert shown.returncode == 2
    assert "1 of its 2 steps" in shown.stderr and f"assetflow runs resume {newest}" in shown.stderr
    resumed = run(folder, "runs", "resume", newest)
    assert resumed.returncode == 0, resumed.stderr
    assert f"run {newest} is running, 1 step left" in resumed.stdout


def test_the_state_of_the_history_is_told(project: Path) -> None:
    told = json.loads(run(project, "history", "status", "--json").stdout)
    assert (told["runs"], told["materializations"], told["assets"]) == (2, 4, 2)
    assert "history.db" in run(project, "history", "status").stdout
    assert "already" in run(project, "history", "upgrade").stdout


def test_old_runs_are_cleared_away_when_asked_for(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(project, folder)
    assert "0 runs" in run(folder, "history", "gc").stdout
    assert "2 runs" in run(folder, "history", "gc", "--older-than", "0", "--dry-run").stdout
    assert "2 runs" in run(folder, "history", "gc", "--older-than", "0").stdout
    told = [
        json.loads(line) for line in run(folder, "assets", "materializations", "orders", "--json").stdout.splitlines()
    ]
    assert len(told) == 1, "the newest stays"


def test_without_a_history_everything_works_but_what_needs_one(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    done = run(tmp_path, "materialize", "-f", "pipeline.py", ASSETFLOW_DATABASE_URL="none")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / ".assetflow" / "history.db").exists()
    assert "succeeded" in run(tmp_path, "runs", "list", ASSETFLOW_DATABASE_URL="none").stdout
    refused = run(tmp_path, "history", "status", ASSETFLOW_DATABASE_URL="none")
    assert refused.returncode == 2 and "no history is kept here" in refused.stderr


def test_a_wrong_address_is_told_with_the_forms_there_are(tmp_path: Path) -> None:
    done = run(tmp_path, "history", "status", ASSETFLOW_DATABASE_URL="mysql://me:secret@host/db")
    assert done.returncode == 2 and "sqlite:///" in done.stderr and "secret" not in done.stderr
    away = run(tmp_path, "history", "status", ASSETFLOW_DATABASE_URL="postgresql://me:secret@127.0.0.1:1/db")
    assert away.returncode == 4 and "127.0.0.1:1" in away.stderr and "secret" not in away.stderr


def test_alerts_are_tried_and_listed(project: Path) -> None:
    nobody = run(project, "alerts", "test")
    assert nobody.returncode == 2 and "set alert_url" in nobody.stderr
    assert "nobody is told" in run(project, "alerts", "list").stderr
    with running_receiver() as receiver:
        told = run(project, "alerts", "test", ASSETFLOW_ALERT_URL=receiver.url)
        assert told.returncode == 0, told.stderr
        assert f"✔ http://127.0.0.1:{receiver.port} has accepted it" in told.stdout and "not signed" in told.stdout
        assert receiver.posted[0].content["event"] == "test"
        receiver.answers = [500]
        refused = run(project, "alerts", "test", ASSETFLOW_ALERT_URL=receiver.url)
        assert refused.returncode == 4 and "answered 500" in refused.stderr and "hidden" not in refused.stderr
