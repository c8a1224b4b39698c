"""One worker is cut off from the server; the others finish, and what it says afterwards is too late."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetflow import asset, submit
from assetflow.clock import pause, wait_until
from tests.support.fleet import running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report
from tests.support.proxy import Proxy

LOAD = 5.0  # seconds that a busy machine may add to a bound
DEAD_AFTER, SWEEP, RESTART = 10.0, 1.0, 2.0


@pytest.mark.slow
def test_f10_a_worker_that_is_cut_off_settles_too_late_and_publishes_nothing(tmp_path: Path) -> None:
    """A proxy swallows all its traffic with the server: connections stay open, nobody answers."""
    with running_fleet(tmp_path) as (fleet, server):
        with Proxy(Path(server.url.removeprefix("unix://").partition("?")[0]), tmp_path / "cut.sock") as proxy:
            isolated = fleet.start(url=proxy.url)
            ledger = Ledger(tmp_path / "ledger")
            mark = tmp_path / "late_is_computed"

            @asset
            def late():
                ledger.enter("late")
                if ledger.count == 1:
                    pause(20)
                    mark.touch()
                    return "from the isolated worker"
                return "from another"

            handle = submit([late, ledger.step("after", needs=["late"])])
            ledger.wait_for(1)
            fleet.start()
            [slot] = isolated.slots
            proxy.close_gate()
            recovery = seconds_until(
                lambda: ledger.executions["late"] == 2, timeout=DEAD_AFTER + SWEEP + RESTART + LOAD
            )
            assert_kept(fleet, handle, ledger, losses=1)
            published = (fleet.storage / "late").resolve()
            assert wait_until(mark.exists, timeout=30)
            versions = len(list(fleet.storage.glob(".versions/**/late@*")) or list(fleet.storage.rglob("late@*")))
            proxy.open_gate()
            later = submit(ledger.wide(20, 0.1))
            assert_kept(fleet, later, ledger, losses=1)
            assert wait_until(lambda: len(fleet.known_workers()) == 2, timeout=30), "it came back"
            assert_kept(fleet, handle, ledger, losses=1)
            assert (fleet.storage / "late").resolve() == published, "its bytes were published after all"
            assert isolated.slots == [slot] or isolated.is_running
            assert_nothing_left(fleet)
            report("F10", bound=DEAD_AFTER + SWEEP, recovery=round(recovery, 2), versions=versions)
