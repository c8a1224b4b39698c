"""A process that holds users' code: what it is asked is answered, whatever the code does."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow.clock import wait_until
from assetflow.daemon.code_jobs import EvaluateJob
from assetflow.daemon.code_process import CodeProcess

PATIENCE = 40.0

CHANGING = """
from assetflow import Definitions, RunRequest, asset, define_asset_job, sensor

@asset
def wheat():
    return 1

@sensor(job=define_asset_job("harvest", "wheat"))
def watching():
    return RunRequest(run_key={key!r})

defs = Definitions([wheat], sensors=[watching])
"""


def test_code_that_was_changed_is_known_to_be_and_a_new_process_has_it(tmp_path: Path) -> None:
    file = tmp_path / "changing_farm.py"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "ASSETFLOW_HOME": str(tmp_path / "home")}
    job = EvaluateJob(tick=1, name="watching", kind="sensor", at=1.0)
    for key in ("first", "second"):
        file.write_text(CHANGING.format(key=key))
        code = CodeProcess("changing_farm", environment)
        assert wait_until(lambda: code.hello is not None, timeout=PATIENCE)  # noqa: B023
        assert [one.run_key for one in code.ask(job, 20.0).asked] == [f"key:{key}"]
        assert not code.is_outdated
        os.utime(file, (1, 1))
        assert code.is_outdated
        code.close()
        assert wait_until(lambda: not code.is_alive, timeout=PATIENCE)  # noqa: B023
        assert code.ask(job, 1.0).passes
    file.write_text("this is no Python")
    broken = CodeProcess("changing_farm", environment)
    assert wait_until(lambda: broken.hello is not None, timeout=PATIENCE)
    assert broken.hello is not None
    assert "changing_farm does not load: SyntaxError" in broken.hello.error
    broken.end()


LEAVING = """
import os, signal, threading
from assetflow import Definitions, SkipReason, asset, define_asset_job, sensor

def leave_one_behind():
    if os.fork() == 0:
        os.setsid()  # as a server does that goes into the background
        threading.Event().wait(60)
        os._exit(0)

@asset
def wheat():
    return 1

harvest = define_asset_job("harvest", "wheat")

@sensor(job=harvest)
def returns():
    leave_one_behind()
    return SkipReason("it is in the background")

@sensor(job=harvest)
def dies():
    leave_one_behind()
    os.kill(os.getpid(), signal.SIGKILL)

@sensor(job=harvest)
def hangs():
    leave_one_behind()
    threading.Event().wait(60)

defs = Definitions([wheat], sensors=[returns, dies, hangs])
"""


@pytest.fixture
def leaving(tmp_path: Path) -> Iterator[CodeProcess]:
    """Sensors that start something that outlives them, and holds their pipes."""
    (tmp_path / "leaving_farm.py").write_text(LEAVING)
    code = CodeProcess("leaving_farm", {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert wait_until(lambda: code.hello is not None, timeout=PATIENCE)
    assert code.hello is not None and not code.hello.error
    yield code
    code.end()


def test_what_code_leaves_behind_keeps_no_answer_back(leaving: CodeProcess) -> None:
    def asked(name: str) -> EvaluateJob:
        return EvaluateJob(tick=1, name=name, kind="sensor", at=1.0)

    began = time.monotonic()
    assert leaving.ask(asked("returns"), 20.0).reason == "it is in the background"
    assert time.monotonic() - began < 10
    assert leaving.ask(asked("dies"), 1.0).error == "its process was ended by SIGKILL"
    assert leaving.ask(asked("hangs"), 1.0).error == "it took longer than 1 s, and was stopped"
    assert leaving.is_alive


def test_a_process_that_does_not_answer_tells_where_it_is_and_is_ended(capfd: pytest.CaptureFixture[str]) -> None:
    code = CodeProcess("any", os.environ, entry="tests.support.deaf_host", grace=0.2)
    assert wait_until(lambda: code.hello is not None, timeout=PATIENCE)
    answer = code.ask(EvaluateJob(tick=1, name="any", kind="sensor", at=1.0), 0.1)
    assert answer.error == "it took longer than 0.1 s, and its process did not answer"
    assert not code.is_alive
    assert "in hear_nothing" in capfd.readouterr().err
