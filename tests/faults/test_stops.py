"""Workers and steps are told to stop, hang, or stand still; nothing is lost, repeated or hit that was not meant."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from assetflow import (
    AssetsDefinition,
    Backoff,
    RetryPolicy,
    RunHandle,
    RunStatus,
    StepState,
    WaitTimeout,
    asset,
    submit,
)
from assetflow.clock import pause, wait_until
from assetflow.runs.facts import FactKind
from tests.support.cluster import is_alive
from tests.support.fleet import running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report

LOAD = 3.0  # seconds that a busy machine may add to a bound


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_f22_a_rolling_restart_under_load_loses_and_repeats_nothing(tmp_path: Path, rounds: int) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        workers = [fleet.start() for _ in range(3)]
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.layers(10, 6 * rounds, 0.1), *ledger.wide(60 * rounds, 0.1)])
        ledger.wait_for(3)
        worst = 0.0
        for _ in range(rounds):
            for place, worker in enumerate(workers):
                began = time.monotonic()
                assert worker.stop() == 0, worker.words
                worst = max(worst, time.monotonic() - began)
                workers[place] = fleet.start()
        assert_kept(fleet, handle, ledger, losses=0, timeout=120)
        assert not [event for event in handle.events() if event.kind is FactKind.STEP_LOST]
        assert_nothing_left(fleet)
        report("F22", restarts=3 * rounds, repeated=ledger.repeated, slowest_stop=round(worst, 2))


def test_f22_a_step_longer_than_the_drain_is_given_back_before_it_is_killed(tmp_path: Path) -> None:
    drain = 2.0
    ledger, stopped = Ledger(tmp_path / "ledger"), tmp_path / "stopped"

    @asset
    def long():
        ledger.enter("long")
        if ledger.count == 1:
            try:
                pause(60)
            except BaseException:
                stopped.write_text(str(time.time()))
                raise
        return ledger.count

    with running_fleet(tmp_path) as (fleet, _):
        ending = fleet.start(environment={"ASSETFLOW_DRAIN_SECONDS": str(drain), "ASSETFLOW_GRACE_SECONDS": "2"})
        handle = submit(long)
        ledger.wait_for(1)
        fleet.start()
        began = time.monotonic()
        ending.signal(signal.SIGTERM)
        recovery = seconds_until(lambda: ledger.count == 2, timeout=drain + 1 + LOAD) - drain
        assert recovery > -0.2, "it was given back before the time that it has was over"
        assert ending.process.wait(30) == 0, ending.words
        ended = time.monotonic() - began
        assert_kept(fleet, handle, ledger, losses=1)
        given_back = [event for event in handle.events() if event.kind is FactKind.STEP_LOST]
        assert not given_back, "a step that was given back is not lost"
        assert stopped.exists(), "the step was told before it was killed"
        report("F22 drain", bound=1, recovery=round(recovery, 2), worker_ended=round(ended, 2))


def so_far(handle: RunHandle) -> list[FactKind]:
    """What has happened by now; a run that goes on is not waited for."""
    found = []
    with suppress(WaitTimeout):
        for event in handle.events(timeout=0.01):
            found.append(event.kind)
    return found


def flaky_or_not(ledger: Ledger, name: str, *, fails: bool) -> AssetsDefinition:
    """A short step that, if asked, fails the first time and is tried again soon."""

    @asset(name=name, retry_policy=RetryPolicy(max_retries=2, delay=0.02, backoff=Backoff.LINEAR))
    def made():
        ledger.enter(name)
        pause(0.02)
        if fails and ledger.executions[name] == 1:
            raise ValueError("the first time")
        return name

    return made


@pytest.mark.slow
@pytest.mark.parametrize("races", [40, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_f26_a_cancel_that_races_with_completion_and_retry_has_one_end_and_hits_nobody_else(
    tmp_path: Path, races: int
) -> None:
    dice = random.Random(26)
    bystanders, signalled = Ledger(tmp_path / "bystanders"), tmp_path / "signalled"

    def bystander(number: int) -> AssetsDefinition:
        @asset(name=f"bystander_{number}")
        def made():
            bystanders.enter(f"bystander_{number}")
            try:
                pause(0.05)
            except BaseException as error:
                signalled.write_text(repr(error))
                raise

        return made

    with running_fleet(tmp_path) as (fleet, _):
        fleet.start("-c", "2")
        ends: dict[RunStatus, int] = {}
        others = submit([bystander(number) for number in range(races * 2)])
        raced = Ledger(tmp_path / "raced")
        for number in range(races):
            before = raced.count
            handle = submit(flaky_or_not(raced, f"raced_{number}", fails=number % 3 == 0))
            if number % 2:
                raced.wait_for(before + 1)
            pause(dice.uniform(0, 0.08))
            handle.cancel()
            committed = so_far(handle).count(FactKind.STEP_SUCCEEDED)
            result = handle.wait(10, raise_on_error=False)
            pause(0.05)
            assert handle.status is result.status, "an end is an end"
            succeeded = sum(event.kind is FactKind.STEP_SUCCEEDED for event in handle.events())
            assert succeeded == committed, "something was committed after the cancel had returned"
            ends[result.status] = ends.get(result.status, 0) + 1
            assert result.status in (RunStatus.SUCCEEDED, RunStatus.CANCELLED)
            assert (fleet.storage / f"raced_{number}").exists() == bool(committed), "what is read is what is committed"
        assert_kept(fleet, others, bystanders, losses=0)
        assert not signalled.exists(), signalled.read_text()
        assert_nothing_left(fleet)
        report("F26", races=races, **{status.value: count for status, count in ends.items()})


def test_f26_a_long_step_is_gone_soon_after_its_run_was_cancelled(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start(environment={"ASSETFLOW_GRACE_SECONDS": "1"})
        ledger = Ledger(tmp_path / "ledger")

        @asset
        def stubborn():
            ledger.enter("stubborn")
            while True:
                try:
                    pause(60)
                except BaseException:
                    ledger.enter("told")

        handle = submit(stubborn)
        ledger.wait_for(1)
        [slot] = worker.slots
        handle.cancel()
        recovery = seconds_until(lambda: not is_alive(slot), timeout=1 + 1 + LOAD)
        assert wait_until(lambda: handle.status is RunStatus.CANCELLED, timeout=1 + LOAD)
        assert ledger.executions == {"stubborn": 1, "told": 1}
        report("F26 stubborn", bound=2, recovery=round(recovery, 2))


def test_f27_a_step_that_hangs_with_the_interpreter_in_its_hands_ends_at_its_timeout(tmp_path: Path) -> None:
    timeout, grace = 1.0, 1.0
    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start(environment={"ASSETFLOW_GRACE_SECONDS": str(grace)})
        ledger = Ledger(tmp_path / "ledger")

        @asset(op_tags={"assetflow/timeout": timeout})
        def hangs():
            ledger.enter("hangs")
            sum(itertools.repeat(0))  # never comes back from C, and lets no signal handler run

        handle = submit([hangs, *ledger.wide(10)])
        assert wait_until(lambda: "hangs" in ledger.executions, timeout=20)
        slot = int(next(line.split()[1] for line in ledger.lines if line.startswith("hangs")))
        began = time.monotonic()
        assert wait_until(lambda: not is_alive(slot), timeout=timeout + grace + 1 + LOAD)
        taken = time.monotonic() - began
        result = handle.wait(20, raise_on_error=False)
        assert result.steps.pop("hangs") is StepState.FAILED
        assert set(result.steps.values()) == {StepState.SUCCEEDED}
        assert result.errors["hangs"].type.endswith("StepTimedOut"), "it is counted as a timeout, not as a death"
        assert ledger.executions["hangs"] == 1
        assert worker.is_running
        report("F27", bound=timeout + grace + 1, killed_after=round(taken, 2))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [14.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_f28_a_frozen_parent_costs_no_repetition(tmp_path: Path, seconds: float) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        frozen = fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.wide(2, seconds, prefix="long"), *ledger.wide(20, 0.1)])
        assert wait_until(lambda: len([name for name in ledger.executions if name.startswith("long")]) == 2, timeout=30)
        fleet.start()
        os.kill(frozen.pid, signal.SIGSTOP)
        pause(seconds)
        if frozen.is_running:
            os.kill(frozen.pid, signal.SIGCONT)
        assert_kept(fleet, handle, ledger, losses=0)
        report("F28", frozen=seconds, repeated=ledger.repeated)
