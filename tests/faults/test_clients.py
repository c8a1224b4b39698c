"""Clients die while they submit, and submit again."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assetflow import ConflictError, RunHandle, asset, submit
from assetflow.clock import wait_until
from assetflow.fail_points import CLIENT_POINTS
from tests.support.fleet import Fleet, running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_nothing_left, assert_one_commit_each, report

MENU = """
from assetflow import asset

@asset
def bread():
    return 1

@asset
def toast(bread):
    return bread + 1
"""


@pytest.fixture
def menu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a module that this process, clients and workers can import."""
    name = f"menu_{secrets.token_hex(4)}"
    (tmp_path / f"{name}.py").write_text(MENU)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def program(menu: str) -> str:
    return f"from assetflow import submit; print(submit({menu!r}, run_key='today').id, flush=True)"


def client(fleet: Fleet, text: str, fail: str = "") -> subprocess.CompletedProcess[str]:
    """Another process that submits, with the settings of the fleet."""
    settings = fleet.connection().settings
    place = {
        "ASSETFLOW_HOME": str(settings.home),
        "ASSETFLOW_REDIS_URL": fleet.url,
        "ASSETFLOW_SIGNING_KEY": str(settings.signing_key),
        "ASSETFLOW_FAIL": fail,
        "PYTHONPATH": f"{fleet.folder}:{Path(__file__).parents[2]}",
    }
    return subprocess.run(
        [sys.executable, "-c", text], env={**os.environ, **place}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("point", CLIENT_POINTS)
def test_f23_a_client_that_is_killed_while_it_submits_leaves_one_run_or_none(
    tmp_path: Path, menu: str, point: str
) -> None:
    with running_fleet(tmp_path, modules=[menu]) as (fleet, _server):
        fleet.start(environment={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"})
        store = fleet.connection().store
        assert client(fleet, program(menu), f"{point}:sigkill").returncode == -signal.SIGKILL
        known = store.recent_runs()
        assert len(known) == (0 if point == "submit.before" else 1)
        if known:  # it goes on without its client, whose wake-ups were never sent
            seconds_until(lambda: store.view(known[0]).status.is_terminal, timeout=2 + 1 + 10)
        again = client(fleet, program(menu))
        assert again.returncode == 0, again.stderr
        assert known in ([], [again.stdout.strip()])
        assert client(fleet, program(menu)).stdout == again.stdout
        handle = submit(menu, run_key="today")
        assert handle.id == again.stdout.strip()
        result = handle.wait(30)
        assert result.success
        assert_one_commit_each(fleet, handle, result)
        assert store.recent_runs() == [handle.id]
        assert_nothing_left(fleet)


def test_f23_a_client_that_is_killed_behind_submit_is_not_missed(tmp_path: Path, menu: str) -> None:
    with running_fleet(tmp_path, modules=[menu]) as (fleet, _server):
        fleet.start(environment={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"})
        died = client(fleet, f"{program(menu)}; import os; os.kill(os.getpid(), 9)")
        assert died.returncode == -signal.SIGKILL
        connection = fleet.connection()
        handle = RunHandle(died.stdout.strip(), connection.store, connection.signer, connection.announce)
        assert handle.wait(30).success


def test_f23_another_request_under_the_same_key_is_told_what_differs(tmp_path: Path) -> None:
    def order(price: int, *names: str) -> list[object]:
        @asset(name="bread", config_schema={"price": int})
        def bread(context):
            return context.op_config["price"]

        return [bread, *Ledger(tmp_path / "ledger").wide(len(names))]

    def config(price: int) -> dict[str, object]:
        return {"ops": {"bread": {"config": {"price": price}}}}

    with running_fleet(tmp_path) as (_fleet, _server):
        first = submit(order(1), run_config=config(1), tags={"team": "red", "day": "1"}, run_key="today")
        with pytest.raises(ConflictError) as caught:
            submit(order(1, "x"), run_config=config(4711), tags={"team": "blue"}, priority=5, run_key="today")
        message = str(caught.value)
        assert caught.value.run_id == first.id
        assert f"was used for run {first.id} with another request; it differs in:" in message
        for line in (
            "priority: 0 before, 5 now",
            "tags['day']: '1' before, none now",
            "tags['team']: 'red' before, 'blue' now",
            "run_config: ops:bread:config:price",
            "steps only now: leaf_0",
        ):
            assert f"\n    {line}\n" in message
        assert re.search(r"\n    code: assets [0-9a-f]{16} before, assets [0-9a-f]{16} now\n", message)
        assert "4711" not in message
        assert "fix: use a new run_key" in message
        assert wait_until(lambda: len(_fleet.connection().store.recent_runs()) == 1, timeout=5)
        report("F23", lines=message.count("\n"))
