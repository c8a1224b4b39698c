"""Whoever records dies or stands still, the database or the server goes away; the history has each fact once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from assetflow import RunHandle, submit
from assetflow.clock import wait_until
from assetflow.fail_points import RECORDER_POINTS
from assetflow.runs.facts import Fact
from assetflow.stores.redis.connection import connect
from assetflow.stores.sql.history import SqlHistory, open_history
from tests.support.cluster import is_alive
from tests.support.fleet import Fleet, Worker, running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report

TAKEN_OVER = 5.0  # seconds
LOAD = 3.0  # seconds that a busy machine may add to a bound


def history_of(fleet: Fleet) -> SqlHistory:
    """What its workers record in."""
    opened = open_history(fleet.database or f"sqlite:///{fleet.folder / 'home' / 'history.db'}")
    assert opened is not None
    return opened


def told(handle: RunHandle) -> list[Fact]:
    """All facts of a run that the run store has."""
    found: list[Fact] = []
    while page := handle._store.facts(handle.id, found[-1].id if found else "0"):
        found += page
    return found


def kept(history: SqlHistory, run_id: str) -> list[Fact]:
    """All facts of a run that the history has."""
    found: list[Fact] = []
    while page := history.log.facts(run_id, found[-1].id if found else "0"):
        found += page
    return found


def is_complete(history: SqlHistory, run_id: str) -> bool:
    entry = history.log.run(run_id)
    return entry is not None and entry.ended is not None


def assert_recorded_once(history: SqlHistory, handle: RunHandle, steps: int) -> None:
    assert wait_until(lambda: is_complete(history, handle.id), timeout=TAKEN_OVER + LOAD)
    assert kept(history, handle.id) == told(handle)
    made = [found.entry.asset for found in history.catalog.made_in(handle.id)]
    assert len(made) == len(set(made)) == steps
    entry = history.log.run(handle.id)
    assert entry is not None
    assert entry.done == steps
    assert {state.times for state in history.catalog.states()} == {1}


def leads(fleet: Fleet, worker: Worker) -> bool:
    """Whether a worker's sidecar is the one that records."""
    holder = connect(fleet.url).get("af:lease:recorder")
    return holder is not None and holder.decode().endswith(f":{worker.sidecar}")


@pytest.mark.parametrize("point", RECORDER_POINTS)
@pytest.mark.parametrize("action", ["sigkill", pytest.param("sigstop", marks=pytest.mark.slow)])
def test_f13_whoever_records_dies_or_stands_still_at_any_point(tmp_path: Path, point: str, action: str) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        first = fleet.start(environment={"ASSETFLOW_FAIL": f"{point}:{action}"})
        assert wait_until(lambda: leads(fleet, first), timeout=10)
        fleet.start()
        ledger, struck = Ledger(tmp_path / "ledger"), first.sidecar
        handle = submit(ledger.wide(300, 0.01))

        def has_struck() -> bool:
            if not is_alive(struck):
                return True
            return Path(f"/proc/{struck}/stat").read_text().rpartition(")")[2].split()[0] == "T"

        assert wait_until(has_struck, timeout=20), "the fault was not injected"
        history = history_of(fleet)
        known = len(kept(history, handle.id))
        recovery = seconds_until(lambda: len(kept(history, handle.id)) > known, timeout=TAKEN_OVER + LOAD)
        assert_kept(fleet, handle, ledger, losses=2 if action == "sigstop" else 0)
        assert_recorded_once(history, handle, 300)
        if action == "sigstop":
            os.kill(struck, signal.SIGCONT)  # it acts on what it knew before
            again = submit(ledger.wide(20, prefix="late"))
            assert again.wait(30).success
            assert_recorded_once(history, again, 20)
        assert kept(history, handle.id) == told(handle)
        history.close()
        report("F13", point=point, action=action, bound=TAKEN_OVER, recovery=round(recovery, 2))


def test_f13_a_leader_that_stands_still_is_replaced_and_harms_nothing_when_it_goes_on(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        workers = [fleet.start(), fleet.start()]
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(400, 0.02))
        ledger.wait_for(20)
        history = history_of(fleet)
        frozen = next(worker for worker in workers if leads(fleet, worker)).sidecar
        os.kill(frozen, signal.SIGSTOP)
        known = len(kept(history, handle.id))
        recovery = seconds_until(lambda: len(kept(history, handle.id)) > known + 20, timeout=TAKEN_OVER + LOAD)
        os.kill(frozen, signal.SIGCONT)
        assert_kept(fleet, handle, ledger, losses=2)
        assert_recorded_once(history, handle, 400)
        history.close()
        assert_nothing_left(fleet)
        report("F13 standing still", bound=TAKEN_OVER, recovery=round(recovery, 2))
