"""``assetflow doctor`` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.test_command_line import PIPELINE, run
from tests.support.fleet import free_port


def test_a_folder_in_which_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    done = run(tmp_path, "doctor", "-f", "pipeline.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✔ definitions   4 assets from pipeline.py" in done.stdout
    assert done.stdout.rstrip().endswith("all is well")
    assert not (tmp_path / ".assetflow").exists(), "it changes nothing"


def test_what_is_wrong_comes_with_what_to_do_and_an_exit_code_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "assetflow.toml").write_text(f'redis_url = "redis://:hidden@127.0.0.1:{free_port()}/0"\n')
    done = run(tmp_path, "doctor", "-m", "no_such_module")
    assert done.returncode == 9
    assert "✖ definitions" in done.stdout and "✖ redis" in done.stdout and "2 problems" in done.stdout
    assert "fix: start the server, or correct redis_url in " in done.stdout
    assert "hidden" not in done.stdout + done.stderr and "Traceback" not in done.stderr


def test_json_is_one_finding_a_line(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--json")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert {tuple(sorted(one)) for one in findings} == {("area", "fix", "level", "message")}
    assert {one["level"] for one in findings} == {"ok"}


def test_an_environment_that_there_is_not_is_a_finding(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--env", "stagging")
    assert done.returncode == 9 and "there is no environment 'stagging'" in done.stdout


def test_a_variable_that_nobody_reads_and_a_job_of_nothing_are_findings(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(PIPELINE.replace('selection="+total"', 'selection="+totl"'))
    done = run(tmp_path, "doctor", "-f", "jobs.py", ASSETFLOW_REDIS_ULR="redis://x")
    assert done.returncode == 9, done.stdout + done.stderr
    assert "▲ settings      nothing reads the variable ASSETFLOW_REDIS_ULR" in done.stdout
    assert "fix: did you mean ASSETFLOW_REDIS_URL?" in done.stdout
    assert "✖ definitions" in done.stdout and "totl" in done.stdout and "did you mean total?" in done.stdout
