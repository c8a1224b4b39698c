"""An attempt sleeps until others have its step, and wakes up: nothing it does counts or shows."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from assetflow import RunHandle, submit
from assetflow.clock import wait_until
from assetflow.fail_points import SLOT_POINTS
from assetflow.runs.registry import DEAD_AFTER
from assetflow.runs.store import Proof
from tests.support.fleet import Fleet, Worker, running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report


def is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def sleeping_slot(fleet: Fleet, worker: Worker) -> int:
    """The slot of the worker, once it has stopped at its fail-point."""
    assert wait_until(lambda: any(map(is_stopped, worker.slots)), timeout=20), worker.words
    return next(pid for pid in worker.slots if is_stopped(pid))


def versions_of(fleet: Fleet, name: str) -> list[str]:
    return sorted(path.name for path in (fleet.storage / ".versions").glob(f"{name}@*"))


def shown(fleet: Fleet, name: str) -> str:
    path = fleet.storage / name
    return next(version for version in versions_of(fleet, name) if path.samefile(path.parent / ".versions" / version))


def committed(handle: RunHandle, name: str) -> str:
    outputs = [item for event in handle.events() for item in event.detail.outputs or ()]
    return next(f"{name}@{item.version}" for item in outputs if item.key[-1] == name)


def assert_it_changes_nothing(
    fleet: Fleet, sleeper: Worker, asleep: list[int], point: str, ledger: Ledger, first: RunHandle, then: RunHandle
) -> None:
    """The slot wakes up after its run, and another one of the same assets, have ended elsewhere.

    Args:
        asleep: all of its worker's processes that were stopped. They wake at once: a sidecar that is awake long before
            its slot stops the step, and kills the process in the end, which then removes nothing.
    """
    before = {name: shown(fleet, name) for name in ("link_0", "link_1")}
    assert before == {name: committed(then, name) for name in before}
    executions = ledger.count
    for pid in asleep:
        os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: "succeeded in" in sleeper.words, timeout=20), sleeper.words  # the task, not the step
    # It is of use again, and what it does is all that is new: nothing else it held was kept.
    for other in fleet.workers:
        if other is not sleeper:
            other.stop()
    assert before == {name: shown(fleet, name) for name in before}
    late = 0 if point in ("stage.before", "stage.after") else 1  # it held a step that it begins only now
    again = submit(ledger.chain(2))
    assert again.wait(30).success
    assert ledger.count - executions - 2 in (0, late)
    expected = sorted(committed(handle, "link_0") for handle in (first, then, again))
    assert wait_until(lambda: versions_of(fleet, "link_0") == expected, timeout=5), versions_of(fleet, "link_0")
    assert shown(fleet, "link_0") == committed(again, "link_0")
    assert not list(fleet.storage.rglob(".*.tmp"))


@pytest.mark.parametrize("point", [pytest.param("stage.after", marks=pytest.mark.slow), "settle.after"])
def test_f18_an_attempt_that_wakes_up_after_it_was_superseded_changes_nothing(tmp_path: Path, point: str) -> None:
    """Its claim is taken back at once here; the slow variant waits until the worker counts as dead, at every point."""
    with running_fleet(tmp_path) as (fleet, _server):
        sleeper = fleet.start(environment={"ASSETFLOW_FAIL": f"{point}:sigstop"})
        [dead] = [view.info.worker for view in fleet.known_workers()]
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.chain(2))
        slot = sleeping_slot(fleet, sleeper)
        fleet.start()
        connection = fleet.connection()
        connection.announce(handle.id, connection.store.reclaim(handle.id, dead, Proof.WORKER_DIED))
        assert_kept(fleet, handle, ledger, losses=0 if point == "claim.after" else 1)
        then = submit(ledger.chain(2))
        assert then.wait(30).success
        assert_it_changes_nothing(fleet, sleeper, [slot], point, ledger, handle, then)
        assert_nothing_left(fleet)
        report("F18", point=point, repeated=ledger.repeated)


@pytest.mark.slow
@pytest.mark.parametrize("point", SLOT_POINTS)
def test_f18_a_worker_that_was_frozen_for_half_a_minute_changes_nothing(tmp_path: Path, point: str) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        sleeper = fleet.start(environment={"ASSETFLOW_FAIL": f"{point}:sigstop"})
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.chain(2))
        slot = sleeping_slot(fleet, sleeper)
        fleet.start()
        sleeper.freeze()
        recovery = seconds_until(lambda: handle.status.is_terminal, timeout=DEAD_AFTER + 1 + 10)
        assert_kept(fleet, handle, ledger, losses=0 if point == "claim.after" else 1)
        then = submit(ledger.chain(2))
        assert then.wait(30).success
        asleep = [slot, sleeper.pid, sleeper.sidecar]
        assert_it_changes_nothing(fleet, sleeper, asleep, point, ledger, handle, then)
        assert_nothing_left(fleet)
        report("F18 frozen", point=point, bound=DEAD_AFTER + 1 + 1, recovery=round(recovery, 2))
