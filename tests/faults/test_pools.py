"""Each of Celery's pools that steps can be run in: nothing is lost or repeated, and a killed worker is got over."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetflow import submit
from assetflow.clock import wait_until
from tests.support.fleet import running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report

BOUND = 3.0  # seconds until another worker on the same machine has taken over
LOAD = 5.0  # seconds that a busy machine may add, with the start of that worker's children
POOLS = {
    "threads": ("--pool", "threads", "-c", "3"),
    "solo": ("--pool", "solo"),
    "one task for each child": ("-c", "2", "--max-tasks-per-child", "1"),
    "autoscale": ("--autoscale", "3,1"),
}
SLOTS = 3  # at most


@pytest.mark.slow
@pytest.mark.parametrize("pool", POOLS)
def test_every_pool_carries_a_run_to_its_end_and_survives_a_kill(tmp_path: Path, pool: str) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        worker = fleet.start(*POOLS[pool])
        ledger = Ledger(tmp_path / "whole")
        assert_kept(fleet, submit(ledger.layers(8, 8, 0.03)), ledger, losses=0)
        ledger = Ledger(tmp_path / "killed")
        handle = submit(ledger.layers(10, 8, 0.1))
        ledger.wait_for(8)
        worker.kill_all()
        fleet.start(*POOLS[pool])
        before = ledger.count
        recovery = seconds_until(lambda: ledger.count > before, timeout=BOUND + LOAD)
        # Each slot loses the step it ran, and at most the one it had just ended and not told of.
        assert_kept(fleet, handle, ledger, losses=2 * SLOTS)
        assert wait_until(lambda: len(fleet.known_workers()) == 1, timeout=15)
        assert_nothing_left(fleet)
        report("pools", pool=pool, bound=BOUND, recovery=round(recovery, 2), repeated=ledger.repeated)
