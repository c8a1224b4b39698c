"""``assetflow schedule``, ``sensor`` and ``daemon``, as people type them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assetflow.cli.main import main
from assetflow.clock import wait_until

FARM = """
from assetflow import *

days = DailyPartitionsDefinition("2024-05-01", timezone="Europe/Berlin")

@asset(partitions_def=days)
def milk():
    return 1

@asset
def wheat():
    return 1

harvest = define_asset_job("harvest", "wheat")
daily = build_schedule_from_partitioned_job(define_asset_job("milking", "milk", partitions_def=days), hour_of_day=6)

@schedule(["0 9 * * 1-5", "@monthly"], job=harvest)
def workdays(context):
    return RunRequest(tags={"weekday": context.scheduled_execution_time.strftime("%A")})

@schedule("@hourly", job=harvest)
def lazy():
    return SkipReason("not today")

@sensor(job=harvest, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def counting(context):
    context.update_cursor(str(int(context.cursor or 0) + 1))
    return RunRequest(run_key="first") if context.cursor == "1" else SkipReason("it was counted")

@sensor(job=harvest)
def broken():
    raise ValueError("no grain")
"""


@dataclass(frozen=True)
class Typed:
    returncode: int
    stdout: str
    stderr: str


Type = Callable[..., Typed]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Types a command in a folder with a farm; it runs in this process, which is much faster than in one of its own."""
    (tmp_path / "tick_farm.py").write_text(FARM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def enter(*words: str) -> Typed:
        capsys.readouterr()
        before, sys.argv = sys.argv, ["assetflow", *words]
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            sys.argv = before
        code = ended.value.code
        return Typed(code if isinstance(code, int) else 0, *capsys.readouterr())

    return enter


def told(typed: Type, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in typed(*words, "-m", "tick_farm", "--json").stdout.splitlines()]


def test_schedules_are_listed_with_when_they_fire_next(typed: Type) -> None:
    shown = typed("schedule", "list", "-m", "tick_farm")
    assert shown.returncode == 0, shown.stderr
    assert "0 6 * * * in Europe/Berlin" in shown.stdout and "0 9 * * 1-5 or 0 0 1 * *" in shown.stdout
    assert "nothing evaluates them" not in shown.stdout
    by_name = {one["name"]: one for one in told(typed, "schedule", "list")}
    assert by_name.keys() == {"milking_schedule", "workdays", "lazy"}
    assert (by_name["workdays"]["running"], by_name["workdays"]["last"], by_name["workdays"]["job"]) == (
        False, None, "harvest",
    )  # fmt: skip


def test_a_schedule_is_started_and_stopped(typed: Type) -> None:
    started = typed("schedule", "start", "lazy", "-m", "tick_farm")
    assert "schedule lazy is running" in started.stdout
    assert "nothing evaluates it yet: assetflow daemon -m tick_farm" in started.stderr
    assert [one["running"] for one in told(typed, "schedule", "list") if one["name"] == "lazy"] == [True]
    assert "was running already" in typed("schedule", "start", "lazy", "-m", "tick_farm").stdout
    assert "schedule lazy is stopped" in typed("schedule", "stop", "lazy", "-m", "tick_farm").stdout
    unknown = typed("schedule", "start", "lazzy", "-m", "tick_farm")
    assert unknown.returncode == 2
    assert "tick_farm has no schedule lazzy" in unknown.stderr and "did you mean lazy?" in unknown.stderr


def test_a_preview_shows_fire_times_and_what_would_be_asked_for(typed: Type) -> None:
    shown = typed("schedule", "preview", "milking_schedule", "-m", "tick_farm", "--count", "2")
    assert shown.stdout.count("job milking, partition 20") == 2
    assert " 06:00 CE" in shown.stdout
    (first, second) = told(typed, "schedule", "preview", "workdays", "--count", "2")
    assert first["at"] < second["at"]
    assert first["runs"][0]["tags"]["weekday"] in (
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    )
    assert "not today" in typed("schedule", "preview", "lazy", "-m", "tick_farm").stdout


def test_a_schedule_can_be_tried_at_another_time(typed: Type) -> None:
    (tried,) = told(typed, "schedule", "run", "workdays", "--dry-run", "--at", "2024-05-06 09:00:00")
    assert tried["runs"][0]["tags"] == {"weekday": "Monday", "assetflow/schedule_name": "workdays"}
    shown = typed("schedule", "run", "workdays", "-m", "tick_farm", "--dry-run", "--at", "2024-05-07")
    assert "would run job harvest, weekday=Tuesday" in shown.stdout
    refused = typed("schedule", "run", "workdays", "-m", "tick_farm")
    assert refused.returncode == 1 and "there is no cluster that could run anything" in refused.stderr


def test_a_sensor_can_be_tried_and_its_cursor_set(typed: Type) -> None:
    (tried,) = told(typed, "sensor", "run", "counting", "--dry-run")
    assert [one["run_key"] for one in tried["runs"]] == ["first"]
    assert "noted nothing down" in typed("sensor", "cursor", "counting", "-m", "tick_farm").stderr
    assert typed("sensor", "cursor", "counting", "-m", "tick_farm", "--set", "7").stdout == "7\n"
    done = typed("sensor", "run", "counting", "-m", "tick_farm")
    assert (done.returncode, done.stdout) == (0, "counting skipped: it was counted\n")
    (tick,) = told(typed, "sensor", "ticks", "counting")
    assert (tick["cursor_before"], tick["cursor_after"], tick["reason"]) == ("7", "8", "it was counted")
    failed = typed("sensor", "run", "broken", "-m", "tick_farm")
    assert (failed.returncode, failed.stdout) == (1, "broken failed: ValueError: no grain\n")
    assert "failed" in typed("sensor", "list", "-m", "tick_farm").stdout
    cleared = typed("history", "gc", "--older-than", "0", "--json")
    assert json.loads(cleared.stdout)["ticks"] == 2


def test_a_daemon_wants_a_server_and_a_module(typed: Type) -> None:
    alone = typed("daemon", "-m", "tick_farm")
    assert alone.returncode == 2 and "no Redis is configured" in alone.stderr
    assert "say where the schedules and sensors are" in typed("daemon").stderr


@contextmanager
def dev(farm: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "assetflow", "dev", "-m", "tick_farm", "--workers", "1"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
    process = subprocess.Popen(
        command, cwd=farm, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def test_dev_evaluates_what_its_modules_ask_for(typed: Type, tmp_path: Path) -> None:
    with dev(tmp_path) as process:
        assert process.stdout is not None
        assert "1 worker process and the daemon" in "".join(iter(process.stdout.readline, "Ctrl-C stops it\n"))

        def ticks() -> list[dict[str, Any]]:
            return told(typed, "sensor", "ticks", "counting")

        assert wait_until(lambda: any(tick["status"] == "skipped" for tick in ticks()), timeout=30, every=0.3)
        first = ticks()[-1]
        assert (first["status"], len(first["run_ids"])) == ("succeeded", 1)
        run_id = first["run_ids"][0]
        assert wait_until(lambda: "succeeded" in typed("runs", "show", run_id).stdout, timeout=30, every=0.3)
        assert "evaluated by" in typed("sensor", "list", "-m", "tick_farm").stdout

        def says(text: str) -> bool:
            return any(text in line for line in iter(process.stdout.readline, ""))  # type: ignore[union-attr]

        (tmp_path / "tick_farm.py").write_text(FARM + "def broken(:\n")
        assert says("tick_farm cannot be loaded, and is tried again")
        (tmp_path / "tick_farm.py").write_text(FARM)
        assert says("tick_farm loads again")
