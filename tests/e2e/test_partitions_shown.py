"""What the command line shows of a run of many partitions: a line for each function, failures at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from assetflow.clock import wait_until
from assetflow.local.discovery import running_cluster

COMMAND = [str(Path(sys.executable).parent / "assetflow")]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
PIPELINE = """
from assetflow import AssetCheckResult, DailyPartitionsDefinition, Output, asset, asset_check
from assetflow.clock import pause

days = DailyPartitionsDefinition("2026-11-01", end_date="2026-11-11")


@asset(partitions_def=days)
def rain(context):
    day = int(context.partition_key[-2:])
    if day in (4, 5, 6):
        raise ValueError(f"the gauge was full on day {day}")
    return day


@asset(partitions_def=days)
def river(rain):
    return rain * 2


@asset(partitions_def=days, output_required=False)
def flood(rain):
    if rain > 8:
        yield Output(rain)


@asset(partitions_def=days)
def warning(flood):
    return f"flood: {flood}"


@asset_check(asset=river)
def shallow(river):
    return AssetCheckResult(passed=river != 18, metadata={"depth": river})


@asset
def climate(rain):
    return len(rain)


@asset(partitions_def=days)
def slow():
    pause(0.6)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a pipeline, in which a cluster runs."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "pipeline.py").write_text(PIPELINE)
    with subprocess.Popen([*COMMAND, "dev"], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL) as dev:
        try:
            assert wait_until(lambda: running_cluster(folder / ".assetflow") is not None, timeout=30)
            yield folder
        finally:
            dev.terminate()


def assetflow(project: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run([*COMMAND, *words], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def told(project: Path) -> str:
    """All that a backfill says in which three days of ten fail."""
    days = ("--partitions", "2026-11-01..2026-11-10")
    return assetflow(project, "backfill", "rain", "river", "flood", "warning", "climate", *days, "-f", "pipeline.py",
                     code=1)  # fmt: skip


def squeezed(text: str) -> list[str]:
    """Its lines, without the times and what aligns them."""
    return [re.sub(r" +", " ", re.sub(r"\d+(\.\d)? m?s\b", "", line)).strip() for line in text.splitlines()]


def test_each_function_has_one_line_with_what_came_of_its_partitions(told: str) -> None:
    lines = squeezed(told)
    assert "✖ rain 7 of 10 partitions 3 failed" in lines
    assert "⊘ river 7 of 10 partitions 3 not run: an input failed" in lines
    assert "⊘ flood 2 of 10 partitions 5 made no flood 3 not run: an input failed" in lines
    assert "⊘ warning 2 of 10 partitions 3 not run: an input failed 5 skipped: an input was not made" in lines
    assert not any(line.startswith(("✔ rain[", "✔ river[", "⊘ warning[")) for line in lines)


def test_failures_and_checks_that_do_not_pass_are_told_of_their_partition(told: str) -> None:
    lines = squeezed(told)
    failed = [line for line in lines if line.startswith("✖ rain[")]
    assert sorted(failed) == [
        f"✖ rain[2026-11-0{day}] ValueError: the gauge was full on day {day}" for day in (4, 5, 6)
    ]
    assert lines.index(failed[-1]) < lines.index("✖ rain 7 of 10 partitions 3 failed")
    assert [line for line in lines if "check shallow" in line] == [
        "! river_shallow[2026-11-09]: check shallow: failed depth 18"
    ]


def test_errors_of_one_kind_have_one_traceback_and_the_others_are_named(told: str) -> None:
    assert told.count("Traceback (most recent call last)") == 1
    assert "2 others failed with ValueError too:" in told
    named = re.findall(r"^  rain\[2026-11-0(\d)\]  the gauge was full on day (\d)$", told, re.MULTILINE)
    assert len(named) == 2 and all(one == other for one, other in named)
    assert "⊘ climate" in told and "not run: an input failed" in told


def test_a_run_is_shown_again_as_it_was_told_or_partition_by_partition(project: Path, told: str) -> None:
    run_id = re.findall(r"\b[0-9A-Z]{26}\b", told)[0]
    again = squeezed(assetflow(project, "runs", "show", run_id))
    assert "✖ rain 7 of 10 partitions 3 failed" in again
    every = assetflow(project, "runs", "show", run_id, "--verbose")
    assert "✔ rain[2026-11-01]" in every and "⊘ warning[2026-11-04]" in every and "7 of 10" not in every


def test_in_a_terminal_partitions_under_way_are_a_row_with_a_bar(project: Path) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [*COMMAND, "backfill", "slow", "-f", "pipeline.py", "--partitions", "all"],
        cwd=project, env={**ENVIRONMENT, "TERM": "xterm", "COLUMNS": "100"}, stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the terminal is gone
            while piece := os.read(ours, 4096):
                shown += piece
        assert process.wait(30) == 0
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    seen = re.findall(r"◐ slow +(█*)(░*) +(\d+)/10 partitions · ([12]) running", plain)
    assert seen and all(len(full) == 16 * int(done) // 10 for full, _, done, _ in seen)
    assert "✔ slow" in plain and "10 partitions" in plain and "slow[" not in plain


def test_a_run_that_goes_on_is_shown_function_by_function(project: Path) -> None:
    words = ("backfill", "slow", "-f", "pipeline.py", "--partitions", "all", "--no-wait")
    run_id = assetflow(project, *words).strip()
    shown = assetflow(project, "runs", "show", run_id)
    assert re.search(r"[◐◌] slow +█*░+  \d/10 partitions", shown), shown
    assert "steps left" in shown
    assetflow(project, "runs", "show", run_id, "--follow")
