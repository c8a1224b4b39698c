"""``assetflow logs``, as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.test_command_line import run

PIPELINE = r"""
import sys
from assetflow import asset

@asset
def orders(context):
    print("reading")
    context.log.info("3 rows")
    print("\x1b[31m50%\r100%\x1b[0m\x1b[2J", file=sys.stderr)

@asset
def report(context, orders):
    context.log.warning("no font\nfor it")
    raise ValueError("no paper")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder, the run that failed there, and what was shown of it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.py").write_text(PIPELINE)
    done = run(folder, "materialize", "-f", "pipeline.py")
    assert done.returncode == 1
    run_id = json.loads(run(folder, "runs", "list", "--json").stdout.splitlines()[0])["run"]
    return folder, run_id, done.stdout + done.stderr


def test_the_lines_of_all_steps_are_shown_with_their_names_and_levels(project: tuple[Path, str, str]) -> None:
    folder, run_id, _ = project
    shown = [line[14:] for line in run(folder, "logs", run_id).stdout.splitlines()]
    assert shown[:5] == [
        "orders            reading",
        "orders  INFO      3 rows",
        "orders  stderr    100%",
        "report  WARNING   no font",
        "                  for it",
    ]
    assert shown[5] == "report  ERROR     step report failed"
    assert shown[-1].strip() == "ValueError: no paper"


def test_a_step_and_a_level_narrow_it(project: tuple[Path, str, str]) -> None:
    folder, run_id, _ = project
    assert run(folder, "logs", run_id, "orders", "--level", "info").stdout.split()[1:] == ["INFO", "3", "rows"]
    lines = [json.loads(line) for line in run(folder, "logs", run_id, "orders", "--json", "-f").stdout.splitlines()]
    assert [(line["stream"], line["level"]) for line in lines] == [
        ("stdout", None), ("log", "INFO"), ("stderr", None),
    ]  # fmt: skip
    nothing = run(folder, "logs", run_id, "orders", "--level", "error")
    assert (nothing.stdout, nothing.returncode) == ("", 0)
    assert "no message of that level was written by that step" in nothing.stderr
    wrong = run(folder, "logs", run_id, "ordres")
    assert wrong.returncode == 2 and "did you mean orders?" in wrong.stderr


def test_what_a_failed_step_has_written_last_is_shown_where_the_run_is_followed(
    project: tuple[Path, str, str],
) -> None:
    _, run_id, shown = project
    assert "the last it has written:\n  WARNING no font\n    for it\n" in shown
    assert f"all of it: assetflow logs {run_id} report" in shown
