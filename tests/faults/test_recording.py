"""Whoever records dies or stands still, the database or the server goes away; the history has each fact once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from assetflow import AssetIn, AssetKey, RunFailed, RunHandle, RunNotFoundError, RunStatus, StepState, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.code.signing import Signer
from assetflow.engine.session import Announce
from assetflow.fail_points import RECORDER_POINTS
from assetflow.runs.facts import Fact
from assetflow.runs.store import RunStore
from assetflow.stores.redis.connection import connect
from assetflow.stores.sql.history import SqlHistory, open_history
from tests.support.cluster import is_alive
from tests.support.fleet import Fleet, Worker, running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report
from tests.support.postgres import running_postgres

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


def test_f11_a_run_of_a_wiped_server_is_brought_back_without_what_was_committed(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        run_id = submit(ledger.layers(20, 20, 0.01)).id
        ledger.wait_for(150)
        history = history_of(fleet)
        assert wait_until(lambda: len(history.catalog.made_in(run_id)) > 50, timeout=10)
        client = connect(server.url)
        client.flushall()
        committed = {found.entry.asset for found in history.catalog.made_in(run_id)}
        assert 50 < len(committed) < 400
        begun = Counter(ledger.executions)
        handle = RunHandle(run_id, *handle_parts(fleet))
        with pytest.raises(RunNotFoundError, match="has lost run") as lost:
            _ = handle.status
        assert f"assetflow runs resume {run_id}" in str(lost.value)
        began = time.monotonic()
        assert handle.resume() is RunStatus.RUNNING
        result = handle.wait(60)
        recovery = time.monotonic() - began
        assert result.success
        again = ledger.executions - begun
        names = {AssetKey(json.loads(asset)).path[0] for asset in committed}
        assert not names & again.keys(), "something that was committed was done again"
        assert {ledger.executions[name] for name in names} == {1}
        assert set(result.steps.values()) == {StepState.SUCCEEDED}
        for key in result.materializations:
            assert fleet.storage.joinpath(*key.path).is_file()
        assert wait_until(lambda: is_complete(history, run_id), timeout=TAKEN_OVER + LOAD)
        made = [found.entry.asset for found in history.catalog.made_in(run_id)]
        assert len(made) == len(set(made)) == 400
        history.close()
        assert_nothing_left(fleet)
        report("F11 resume", committed=len(committed), repeated=ledger.repeated, seconds=round(recovery, 2))


def test_f11_the_handle_that_waits_goes_on_with_what_was_committed(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(200, 0.01))
        ledger.wait_for(100)
        history = history_of(fleet)
        assert wait_until(lambda: len(history.catalog.made_in(handle.id)) > 50, timeout=10)
        connect(server.url).flushall()
        committed = {found.entry.asset for found in history.catalog.made_in(handle.id)}
        assert handle.wait(60).success
        names = [AssetKey(json.loads(asset)).path[0] for asset in committed]
        assert {ledger.executions[name] for name in names} == {1}
        history.close()


def locked(path: Path) -> sqlite3.Connection:
    """A connection that lets nobody else write."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


@pytest.mark.parametrize("seconds", [6.0, pytest.param(60.0, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_f14_runs_go_on_without_the_database_and_the_history_catches_up(
    tmp_path: Path, kind: str, seconds: float
) -> None:
    steps = 2000
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres()) if kind == "postgres" else None
        database = postgres.new_database() if postgres else None
        fleet, server = stack.enter_context(running_fleet(tmp_path, database=database))
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        assert submit(ledger.wide(3, prefix="first")).wait(30).success
        assert wait_until(lambda: (tmp_path / "home" / "history.db").exists() or database is not None, timeout=10)
        history = history_of(fleet)
        assert wait_until(lambda: len(history.catalog.states()) == 3, timeout=10)
        handle = submit(ledger.wide(steps))
        ledger.wait_for(203)
        away = time.monotonic()
        lock = None if postgres else locked(tmp_path / "home" / "history.db")
        if postgres is not None:
            history.close()
            postgres.stop()
        assert_kept(fleet, handle, ledger, losses=0)
        took = time.monotonic() - away
        client = connect(server.url)
        waiting = client.memory_usage(f"af:{handle.id}:facts", samples=0)
        assert waiting <= 8 * steps * 400
        assert client.zscore("af:unrecorded", handle.id) is not None
        pause(max(0.0, seconds - took))
        if lock is not None:
            lock.close()
        if postgres is not None:
            postgres.start()
        back = time.monotonic()
        assert wait_until(lambda: client.zscore("af:unrecorded", handle.id) is None, timeout=10 + LOAD)
        caught_up = time.monotonic() - back
        history = history_of(fleet)
        assert kept(history, handle.id) == told(handle)
        assert len(history.catalog.made_in(handle.id)) == steps
        history.close()
        report("F14", kind=kind, away=seconds, bytes_waiting=waiting, run=round(took, 2), caught_up=round(caught_up, 2))


@pytest.mark.parametrize("has_tables", [False, True])
def test_f14_a_database_that_is_locked_when_the_workers_start_is_waited_for(tmp_path: Path, has_tables: bool) -> None:
    file = tmp_path / "home" / "history.db"
    file.parent.mkdir()
    if has_tables:
        made = open_history(f"sqlite:///{file}")
        assert made is not None
        made.close()
    lock = locked(file)
    try:
        with running_fleet(tmp_path) as (fleet, _):
            fleet.start()
            ledger = Ledger(tmp_path / "ledger")
            handle = submit(ledger.wide(100))
            assert handle.wait(30).success
            pause(6.0)  # longer than a statement waits for a lock
            there = "runs" if has_tables else "sqlite_master"
            assert lock.execute(f"SELECT count(*) FROM {there}").fetchone() == (0,), "the lock was not in the way"
            lock.close()
            history = history_of(fleet)
            assert_recorded_once(history, handle, 100)
            history.close()
    finally:
        lock.close()


def handle_parts(fleet: Fleet) -> tuple[RunStore, Signer, Announce]:
    """What a handle is made of, as another client has it."""
    connection = fleet.connection()
    return connection.store, connection.signer, connection.announce


def test_a_run_that_redis_has_forgotten_still_answers(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")

        @asset(deps=["leaf_0"])
        def fails():
            raise ValueError("no")

        @asset(ins={"fails": AssetIn()})
        def after(fails):
            return 1

        handle = submit([*ledger.wide(3), fails, after])
        before = handle.wait(30, raise_on_error=False)
        events = list(handle.events())
        history = history_of(fleet)
        assert wait_until(lambda: is_complete(history, handle.id), timeout=10)
        history.close()
        client = connect(server.url)
        for key in client.scan_iter(f"af:{handle.id}:*"):
            client.delete(key)
        later = RunHandle(handle.id, *handle_parts(fleet))
        result = later.wait(5, raise_on_error=False)
        assert (result.status, result.steps) == (before.status, before.steps)
        assert result.materializations == before.materializations
        assert result.errors == before.errors
        assert list(later.events()) == events
        assert later.cancel() is RunStatus.FAILED
        assert later.resume() is RunStatus.FAILED
        with pytest.raises(RunFailed) as failure:
            later.wait(5)
        assert isinstance(failure.value.__cause__, ValueError)


def test_a_live_run_that_was_trimmed_is_told_from_its_beginning(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.wide(30), *ledger.chain(60, 0.1)])
        ledger.wait_for(60)
        history = history_of(fleet)
        assert wait_until(lambda: len(kept(history, handle.id)) > 20, timeout=10)
        client = connect(server.url)
        client.xtrim(f"af:{handle.id}:facts", minid=kept(history, handle.id)[-1].id)
        result = RunHandle(handle.id, *handle_parts(fleet)).wait(60)
        assert len(result.materializations) == 90
        assert wait_until(lambda: is_complete(history, handle.id), timeout=10)
        history.close()


def test_a_handle_that_waits_while_facts_are_trimmed_misses_none(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.wide(30), *ledger.chain(120, 0.05)])
        waiting = RunHandle(handle.id, *handle_parts(fleet))
        client, history = connect(server.url), history_of(fleet)
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(waiting.wait, 60)
            trimmed = 0
            while not result.done():
                if known := kept(history, handle.id):
                    trimmed += client.xtrim(f"af:{handle.id}:facts", minid=known[-1].id, approximate=False)
                pause(0.02)
            found = result.result()
        assert trimmed > 100, "nothing was trimmed while it waited"
        assert len(found.materializations) == 150
        assert set(found.steps.values()) == {StepState.SUCCEEDED}
        assert wait_until(lambda: is_complete(history, handle.id), timeout=TAKEN_OVER + LOAD)
        assert told(handle) == kept(history, handle.id), "the history and what is told differ"
        history.close()
