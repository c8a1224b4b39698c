"""``assetflow runs retry``, as people type it after they have mended their code."""

from __future__ import annotations

import json
from getpass import getuser
from pathlib import Path

from tests.e2e.test_command_line import run

PIPELINE = """
from assetflow import asset

@asset
def orders():
    print("orders are read")
    return [1, 2, 3]

@asset
def total(orders):
    return sum(orders) / DIVISOR

@asset
def report(total):
    return f"total: {total}"
"""


def test_mended_code_runs_only_what_failed(tmp_path: Path) -> None:
    pipeline = tmp_path / "pipeline.py"
    pipeline.write_text(PIPELINE.replace("DIVISOR", "0"))
    failed = run(tmp_path, "materialize", "-f", "pipeline.py")
    assert failed.returncode == 1
    first = json.loads(run(tmp_path, "runs", "list", "--json").stdout)
    run_id = first["run"]
    assert first["tags"] == {"assetflow/user": getuser()}
    assert f"run again what failed: assetflow runs retry {run_id}" in failed.stderr

    same = run(tmp_path, "runs", "retry", run_id)
    assert same.returncode == 1 and "ZeroDivisionError" in same.stdout

    pipeline.write_text(PIPELINE.replace("DIVISOR", "2"))
    done = run(tmp_path, "runs", "retry", run_id, "-f", "pipeline.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"2 steps of run {run_id} again" in done.stderr
    assert "2 succeeded" in done.stdout and "orders" not in done.stdout
    newest = json.loads(run(tmp_path, "runs", "list", "--json").stdout.splitlines()[0])
    parents = {"assetflow/parent_run": run_id, "assetflow/root_run": run_id}
    assert newest["tags"] == {**parents, "assetflow/user": getuser()}

    again = run(tmp_path, "runs", "retry", newest["run"])
    assert again.returncode == 2 and "has succeeded" in again.stderr and "--all" in again.stderr
    picked = run(tmp_path, "runs", "retry", run_id, "--step", "orders", "--json")
    assert picked.returncode == 0
    told = [json.loads(line) for line in picked.stdout.splitlines()]
    assert told[-1]["steps"] == {"orders": "succeeded"}
