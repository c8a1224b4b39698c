"""Processes of workers are killed at random; each death costs one repetition at most, and the runs end right."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from assetflow import StepState, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.distributed.sweeper import STRANGE_SECONDS
from assetflow.runs.claims import Advance
from assetflow.stores.redis.connection import connect
from tests.support.cluster import is_alive, kill
from tests.support.fleet import Fleet, running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report

LOAD = 3.0  # seconds that a busy machine may add to a bound


def last_begun(ledger: Ledger, pid: int) -> str | None:
    """The step that a process has begun last."""
    return next((name for name, by in map(str.split, reversed(ledger.lines)) if int(by) == pid), None)


def kill_random_children(
    fleet: Fleet, ledger: Ledger, *, seconds: float, seed: int, is_over: Callable[[], bool]
) -> int:
    """Every 300 ms one that has begun a step; a step's third death would end it, so none is killed thrice."""
    dice = random.Random(seed)
    killed: dict[str, int] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end and not is_over():
        pause(0.3)
        found = [(pid, last_begun(ledger, pid)) for worker in fleet.workers for pid in worker.slots]
        victims = [(pid, step) for pid, step in found if step is not None and killed.get(step, 0) < 2]
        if victims:
            pid, step = dice.choice(victims)
            with suppress(ProcessLookupError):
                kill(pid)
                killed[step] = killed.get(step, 0) + 1
    return sum(killed.values())


@pytest.mark.parametrize(("steps", "seconds"), [(40, 4.0), pytest.param(200, 20.0, marks=pytest.mark.slow)])
def test_f1_killed_children_cost_one_repetition_each(tmp_path: Path, steps: int, seconds: float) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start("-c", "2")
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(steps, 0.25))
        ledger.wait_for(4)
        losses = kill_random_children(fleet, ledger, seconds=seconds, seed=1, is_over=lambda: handle.status.is_terminal)
        assert losses >= 3, losses
        assert_kept(fleet, handle, ledger, losses=losses, timeout=90)
        assert_nothing_left(fleet)
        report("F1 storm", seed=1, killed=losses, repeated=ledger.repeated)


def test_f1_the_step_of_a_killed_child_is_begun_again_within_a_second(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start()
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.step("only", 3.0))
        ledger.wait_for(1)
        kill(int(ledger.lines[0].split()[1]))
        recovery = seconds_until(lambda: ledger.count == 2, timeout=1 + LOAD)
        assert_kept(fleet, handle, ledger, losses=1)
        report("F1", bound=1, recovery=round(recovery, 2))


def die_by_segfault() -> None:
    ctypes.string_at(0)


def die_by_exit() -> None:
    os._exit(3)


def die_by_abort() -> None:
    os.abort()


def die_for_want_of_memory() -> None:
    """As a C++ library does when malloc finds nothing under the limit."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    while library.malloc(ctypes.c_size_t(1 << 26)):
        pass
    os.abort()


@pytest.mark.parametrize(
    "die",
    [
        die_by_segfault,
        *(pytest.param(die, marks=pytest.mark.slow) for die in (die_by_exit, die_by_abort, die_for_want_of_memory)),
    ],
)
def test_f4_a_step_that_kills_its_process_is_given_up_after_three_deaths_and_harms_nobody(
    tmp_path: Path, die: Callable[[], None]
) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")

        @asset
        def poison():
            ledger.enter("poison")
            die()

        @asset
        def after_it(poison):
            ledger.enter("after_it")

        handle = submit([*ledger.wide(50, prefix="before"), poison, after_it, *ledger.wide(50, prefix="behind")])
        result = handle.wait(60, raise_on_error=False)
        assert result.steps.pop("poison") is StepState.FAILED
        assert result.steps.pop("after_it") is StepState.UPSTREAM_FAILED
        assert set(result.steps.values()) == {StepState.SUCCEEDED}
        assert result.errors["poison"].type.endswith("StepLostError")
        executions = ledger.executions
        assert executions.pop("poison") == 3
        assert "after_it" not in executions
        assert max(executions.values()) <= 2, "only what was not settled when a process died is run again"
        assert_nothing_left(fleet)
        report("F4", death=die.__name__, neighbours_repeated=sum(executions.values()) - 100)


@pytest.mark.parametrize("with_sidecar", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_f2_the_step_of_a_killed_parent_is_begun_again_soon_and_its_child_is_gone(
    tmp_path: Path, with_sidecar: bool
) -> None:
    """When the sidecar is killed too, nobody is left to say so; neighbours find it out."""
    bound = 12 if with_sidecar else 2
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start()
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.step("only", 6.0))
        ledger.wait_for(1)
        child = int(ledger.lines[0].split()[1])
        busy = next(worker for worker in fleet.workers if child in worker.slots)
        if with_sidecar:
            kill(busy.sidecar)
        kill(busy.pid)
        recovery = seconds_until(lambda: ledger.count == 2, timeout=bound + LOAD)
        assert wait_until(lambda: not is_alive(child), timeout=bound + LOAD), "the orphan still runs"
        busy.process.wait(5)
        assert_kept(fleet, handle, ledger, losses=1)
        assert_nothing_left(fleet)
        report("F2", sidecar_killed=with_sidecar, bound=bound, recovery=round(recovery, 2))


def forget_deaths(url: str) -> None:
    """Whoever comes next is on a host of its own: this one would be left alone for a while."""
    client = connect(url)
    for pattern in ("af:deaths:*", "af:quarantine:*"):
        for key in client.scan_iter(pattern):
            client.delete(key)
    client.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rounds", "steps"), [(3, 80), pytest.param(30, 500, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_f3_a_run_survives_that_everything_but_the_server_is_killed_again_and_again(
    tmp_path: Path, rounds: int, steps: int
) -> None:
    dice = random.Random(3)
    with running_fleet(tmp_path) as (fleet, server):
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(steps, 0.2))
        losses, worst = 0, 0.0
        for number in range(rounds):
            forget_deaths(server.url)
            workers = [fleet.start(ready=False) for _ in range(dice.randint(1, 3))]
            if number % 2 == 0:  # in the middle of work; else at any instant, that of a start too
                ledger.wait_for(min(steps, ledger.count + 3))
            pause(dice.uniform(0.2, 2.0 if number % 2 == 0 else 5.0))
            for worker in workers:
                worker.kill_all()
            losses += 2 * len(workers)  # a slot runs one step, and may have one done that is not settled yet
        forget_deaths(server.url)
        fleet.start("-c", "2")
        if not handle.status.is_terminal:
            before = ledger.count
            worst = seconds_until(lambda: ledger.count > before or handle.status.is_terminal, timeout=3 + LOAD)
        assert_kept(fleet, handle, ledger, losses=losses, timeout=300)
        assert_nothing_left(fleet)
        report("F3", rounds=rounds, bound=3, recovery=round(worst, 2), repeated=ledger.repeated)


def test_f3_a_worker_takes_nothing_before_others_could_notice_its_death(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start().freeze()  # for whom wake-ups are sent
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(4, 0.1))
        worker = fleet.start(ready=False)
        os.kill(worker.sidecar, signal.SIGSTOP)  # it has said nothing yet
        assert wait_until(lambda: "received" in worker.words, timeout=30), worker.words
        assert not wait_until(lambda: bool(ledger.count), timeout=2)
        os.kill(worker.sidecar, signal.SIGCONT)
        assert_kept(fleet, handle, ledger, losses=0, timeout=60)


@pytest.mark.slow
def test_f3_what_a_worker_holds_that_nobody_knows_is_taken_back(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(4, 0.1))
        lost = Advance("0123456789abcdef:1", 1, (), (), "default", 1, -1, "", 7)
        assert fleet.connection().store.advance(handle.id, lost).claims, (
            "as after a server was put back, and its worker died"
        )
        fleet.start("-c", "2")
        began = time.monotonic()
        assert_kept(fleet, handle, ledger, losses=0, timeout=60)
        report("F3 stranger", bound=STRANGE_SECONDS + 3, recovery=round(time.monotonic() - began, 2))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_f35_a_worker_that_dies_again_and_again_has_its_host_put_in_quarantine(tmp_path: Path) -> None:
    """The flapping one lives on a machine of another name, so that the one that works is not meant."""
    elsewhere = ("unshare", "--uts", "sh", "-c", 'hostname flapping && exec "$0" "$@"')
    with running_fleet(tmp_path) as (fleet, server):
        from assetflow.stores.redis.connection import connect

        good = fleet.start()
        client = connect(server.url)
        ledger = Ledger(tmp_path / "ledger")
        deaths = 0
        while not client.exists("af:quarantine:flapping"):
            assert deaths < 8, "no quarantine after eight deaths"
            flapping = fleet.start(prefix=elsewhere)
            kill(flapping.pid)
            flapping.process.wait(5)
            deaths += 1
            wait_until(lambda deaths=deaths: int(client.get("af:deaths:flapping") or 0) >= deaths, timeout=15)
        again = fleet.start(prefix=elsewhere)
        began = time.monotonic()
        handle = submit(ledger.wide(30, 0.05))
        assert_kept(fleet, handle, ledger, losses=0)
        assert {int(line.split()[1]) for line in ledger.lines} <= set(good.slots)
        assert again.is_running
        report("F35", deaths=deaths, bound=6, run_seconds=round(time.monotonic() - began, 2))
