"""Running only what is stale, as people type it, on real workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_command_line import run

PIPELINE = """
from assetflow import asset
from rates import factor


def note(name):
    with open({log!r}, "a") as file:
        file.write(name + "\\n")


@asset
def orders():
    note("orders")
    return [1, 2, 3]


@asset
def total(orders):
    note("total")
    return sum(orders) * factor(1)


@asset
def large(total):
    note("large")
    return total > 3


@asset
def report(large, orders):
    note("report")
    return f"{{large}} of {{len(orders)}}"


@asset
def alone():
    note("alone")
    return 0
"""
RATES = "def factor(n):\n    return 2 * n\n"


class Project:
    """A folder with a pipeline that notes which of its functions were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "called"
        self.pipeline = folder / "pipeline.py"
        self.pipeline.write_text(PIPELINE.format(log=str(self._log)))
        (folder / "rates.py").write_text(RATES)

    def called(self) -> set[str]:
        """The functions that were called since this was asked last."""
        found = set(self._log.read_text().splitlines()) if self._log.exists() else set()
        self._log.unlink(missing_ok=True)
        return found

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))

    def do(self, *words: str) -> str:
        done = run(self.folder, *words, "-f", "pipeline.py")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def records(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.do(*words, "--json").splitlines()]

    def states(self) -> dict[str, str]:
        return {one["asset"]: one["state"]["status"] for one in self.records("assets", "list")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Everything was materialized once."""
    found = Project(tmp_path_factory.mktemp("project"))
    assert set(found.states().values()) == {"MISSING"}
    assert not (found.folder / ".assetflow" / "history.db").exists(), "looking makes nothing"
    found.do("materialize", "--stale")
    assert found.called() == {"orders", "total", "large", "report", "alone"}
    return found


def test_what_is_unchanged_is_not_run_and_comments_change_nothing(project: Project) -> None:
    project.edit("rates.py", "    return", "    # per piece\n\n    return")
    project.edit("pipeline.py", 'note("alone")', '"Nobody needs it."\n    note("alone")')
    assert "everything is up to date: 5 assets" in project.do("materialize", "--stale")
    assert project.records("materialize", "--stale")[-1]["steps"] == {}
    assert project.called() == set()
    assert "everything is up to date" in project.do("plan", "--stale")


def test_a_function_in_another_file_makes_exactly_its_cone_stale_and_equal_output_stops_the_wave(
    project: Project,
) -> None:
    project.edit("rates.py", "2 * n", "3 * n")
    needs = {one["assets"][0]: one["need"] for one in project.records("plan", "--stale")}
    assert needs == {"total": "run", "large": "maybe", "report": "maybe", "orders": "skip", "alone": "skip"}
    told = project.do("assets", "why", "report")
    assert "▲ report is stale" in told and "the code of total has changed since" in told
    result = project.do("materialize", "--stale")
    assert project.called() == {"total", "large"}
    assert "≡ report" in result and "2 succeeded, 1 unchanged" in result
    assert set(project.states().values()) == {"FRESH"}
    run_id = result.split()[1]
    shown = run(project.folder, "runs", "show", run_id)
    assert "≡ report" in shown.stdout, "the history tells it as it was"


def test_other_output_goes_on_to_the_end(project: Project) -> None:
    project.edit("rates.py", "3 * n", "n / 100")
    table = project.do("plan", "--stale")
    assert "1 step, 2 more if what they need changes, 2 assets up to date" in table
    assert "code changed" in table and "only if total changes" in table and "~" in table
    project.do("materialize", "--stale")
    assert project.called() == {"total", "large", "report"}
    project.edit("pipeline.py", "return 0", "return 1")
    told = {one["step"]: one for one in project.records("plan")}
    project.edit("pipeline.py", "return 1", "return 0")
    assert told["alone"]["reason"] == "code changed"
    assert {told[name]["reason"] for name in told if name != "alone"} == {"asked for"}
    assert all(one["seconds"] is not None for one in told.values())


def test_an_earlier_version_that_is_shown_again_counts_as_what_it_is(project: Project) -> None:
    project.do("assets", "rollback", "total", "@-1", "--yes")
    [why] = project.records("assets", "why", "large")
    roots = {(root["asset"], root["category"]) for root in why["roots"]}
    assert roots == {("total", "CODE"), ("large", "DATA")}, "it was made by other code, and is other data"
    project.do("materialize", "--stale")
    assert project.called() == {"total"}, "and is again what large was made of"
    assert set(project.states().values()) == {"FRESH"}


def test_without_a_history_nobody_says_what_is_stale(tmp_path: Path) -> None:
    project = Project(tmp_path)
    done = run(tmp_path, "materialize", "--stale", "-f", "pipeline.py", ASSETFLOW_DATABASE_URL="none")
    assert done.returncode == 2 and "none is kept here" in done.stderr
    listed = run(tmp_path, "assets", "list", "-f", "pipeline.py", ASSETFLOW_DATABASE_URL="none")
    assert listed.returncode == 0 and "orders" in listed.stdout and "stale" not in listed.stdout
    assert project.called() == set()
