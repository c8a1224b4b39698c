"""The clock of a worker, or of the server, is an hour off or jumps; no result depends on it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from assetflow import RetryPolicy, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.distributed.guardian import SidecarJob
from assetflow.distributed.identity import identify
from assetflow.local.valkey import Valkey
from assetflow.runs.facts import FactKind
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.workers import RedisWorkerRegistry
from tests.support.faketime import environment
from tests.support.fleet import running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report


@pytest.mark.slow
@pytest.mark.parametrize("shift", ["+3600", "-3600"])
def test_f20_a_worker_whose_clock_is_an_hour_off_works_as_the_others_do(tmp_path: Path, shift: str) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        off = fleet.start(environment=environment(shift))
        right = fleet.start()
        ledger = Ledger(tmp_path / "ledger")

        @asset(retry_policy=RetryPolicy(max_retries=3, delay=0.2))
        def flaky():
            ledger.enter("flaky")
            if ledger.executions["flaky"] < 3:
                raise ValueError("not yet")

        handle = submit([*ledger.layers(6, 6, 0.05), *ledger.wide(40, 0.1), flaky])
        assert_kept(fleet, handle, ledger, losses=2, timeout=30)
        assert ledger.executions["flaky"] == 3
        assert ledger.repeated == 2, "only the retries"
        by = {int(line.split()[1]) for line in ledger.lines}
        assert by & set(off.slots), "the one whose clock is wrong did nothing"
        assert by & set(right.slots)
        assert not [event for event in handle.events() if event.kind is FactKind.STEP_LOST]
        assert_nothing_left(fleet)
        report("F20", shift=shift, repeated=ledger.repeated - 2)


@pytest.mark.slow
@pytest.mark.parametrize("shift", ["+3600", "-3600"])
def test_f21_a_jump_of_the_servers_clock_declares_nobody_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: str
) -> None:
    control = tmp_path / "clock"
    control.write_text("+0")
    with monkeypatch.context() as patch:
        for name, value in environment(control=control).items():
            patch.setenv(name, value)
        opened = running_fleet(tmp_path)
        fleet, server = opened.__enter__()
    try:
        client = connect(server.url)
        fleet.start("-c", "2")
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.wide(1, 6.0, prefix="long"), *ledger.wide(100, 0.1), *ledger.chain(20, 0.1)])
        ledger.wait_for(10)
        before = client.time()[0]
        control.write_text(shift)
        assert wait_until(lambda: abs(client.time()[0] - before) > 3500, timeout=5), "the fault was not injected"
        count = ledger.count
        recovery = seconds_until(lambda: ledger.count > count + 3, timeout=10)
        pause(3)
        control.write_text("+0")
        assert_kept(fleet, handle, ledger, losses=0)
        assert not [event for event in handle.events() if event.kind is FactKind.STEP_LOST]
        report("F21", shift=shift, bound=10, recovery=round(recovery, 2), repeated=ledger.repeated)
    finally:
        opened.__exit__(None, None, None)


def test_f9_nobody_is_overdue_before_the_first_beat_after_a_pause(tmp_path: Path) -> None:
    """A sweeper that asks between the end of a pause and the first beat must not find everyone dead."""
    with Valkey(tmp_path / "valkey") as server:
        registry = RedisWorkerRegistry(connect(server.url), dead_after=1.0)
        job = SidecarJob(worker="a", parent=os.getpid(), folder="", queues=("default",), slots=1, can_kill=True)
        other = identify(msgspec.structs.replace(job, worker="b"))
        registry.beat(other, 0)
        for _ in range(15):
            registry.beat(identify(job), 0)
            pause(0.1)
        assert registry.overdue() == ["b"], "others beat all the time: it is dead"
        pause(1.5)
        assert registry.overdue() == [], "nobody has beaten for a while: nobody can be told dead"
