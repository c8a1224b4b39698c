"""The flights example as its README says it: real workers, the command line, the code of the README."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "examples" / "flights" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The home folder of a whole run on two worker processes."""
    folder = tmp_path_factory.mktemp("flights")
    done = assetflow(folder, "backfill", "-m", "examples.flights", "--partitions", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "53 succeeded, 7 skipped" in done.stdout + done.stderr
    return folder


def assetflow(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("assetflow")), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(home), capture_output=True, text=True, timeout=100)


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
    return {**kept, "ASSETFLOW_HOME": str(home)}


def test_the_report_is_beside_the_storage(home):
    page = (home / "reports" / "flights.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "336,776" in page


def test_months_that_were_pruned_are_not_stored_and_all_others_are(home):
    shown = assetflow(home, "partitions", "-m", "examples.flights", "--json")
    assert shown.returncode == 0, shown.stderr
    standing = {record["asset"]: record for record in map(json.loads, shown.stdout.splitlines())}
    assert len(standing) == 5
    for asset, record in standing.items():
        calm = asset.startswith("storms/")
        assert record["materialized"] == (5 if calm else 12), asset
        assert len(list((home / "storage" / asset).glob("2013-??"))) == record["materialized"]


def test_what_is_not_divided_is_stored_once(home):
    shown = assetflow(home, "assets", "list", "-m", "examples.flights", "--json")
    assert shown.returncode == 0, shown.stderr
    records = list(map(json.loads, shown.stdout.splitlines()))
    assert len(records) == 16
    assert sum(record["stored"] is not None for record in records) == 11


def test_a_branch_can_be_run_alone_on_what_is_stored(home):
    again = assetflow(home, "materialize", "-m", "examples.flights", "delays/by_month", "delays/by_hour")
    assert again.returncode == 0, again.stderr
    assert "2 succeeded" in again.stdout + again.stderr


def test_the_python_of_the_readme_runs(home):
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    assert "run_config" in code
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(home), capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Days of August that needed more spare crews:\n- 8 August: 58% of flights late")


def test_the_commands_of_the_readme_are_those_that_exist(home):
    commands = re.findall(r"^assetflow (.*)$", README, re.MULTILINE)
    assert len(commands) == 8
    planned = assetflow(home, *commands[0].split())
    assert planned.returncode == 0 and "storms__briefing" in planned.stdout, planned.stderr
    july = assetflow(home, *shlex.split(commands[3]))
    assert july.returncode == 0 and "12 succeeded" in july.stdout, july.stdout + july.stderr
