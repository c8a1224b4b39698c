"""The broker is slow, deaf, gone, or another one; wake-ups have no authority, so runs end right all the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import RetryPolicy, StepState, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.local.valkey import Valkey
from tests.support.fleet import running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitMQ

LOAD = 3.0  # seconds that a busy machine may add to a bound


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """Gives up on consumers that have not acknowledged within five seconds."""
    with RabbitMQ(tmp_path_factory.mktemp("rabbit"), consumer_timeout=5000) as running:
        yield running


@pytest.mark.slow
def test_f5_a_step_longer_than_the_visibility_timeout_is_run_once(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        for _ in range(2):
            fleet.start(app="tests.support.hasty_worker")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([ledger.step("long", 12.0), ledger.step("after", needs=["long"])])
        assert_kept(fleet, handle, ledger, losses=0)
        assert_nothing_left(fleet)
        report("F5 Redis", visibility_timeout=2, step_seconds=12, repeated=ledger.repeated)


@pytest.mark.slow
def test_f5_a_step_longer_than_the_consumer_timeout_is_run_once(tmp_path: Path, rabbit: RabbitMQ) -> None:
    with running_fleet(tmp_path, broker=rabbit.url) as (fleet, _):
        for _ in range(2):
            fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([ledger.step("long", 75.0), ledger.step("after", needs=["long"])])  # it looks once a minute
        assert_kept(fleet, handle, ledger, losses=0, timeout=100)
        report("F5 RabbitMQ", consumer_timeout=5, step_seconds=75, repeated=ledger.repeated)


@pytest.mark.slow
def test_rabbitmq_carries_diamonds_branches_that_are_pruned_and_retries(tmp_path: Path, rabbit: RabbitMQ) -> None:
    with running_fleet(tmp_path, broker=rabbit.url) as (fleet, _):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")

        @asset(retry_policy=RetryPolicy(max_retries=2))
        def flaky():
            ledger.enter("flaky")
            if ledger.executions["flaky"] < 3:
                raise ValueError("not yet")
            return 1

        @asset(output_required=False)
        def nothing():
            ledger.enter("nothing")
            return
            yield

        @asset
        def pruned(nothing):
            ledger.enter("pruned")

        top = ledger.step("top")
        left, right = ledger.step("left", needs=["top"]), ledger.step("right", needs=["top"])
        handle = submit([top, left, right, ledger.step("bottom", needs=["left", "right"]), flaky, nothing, pruned])
        result = handle.wait(60)
        assert result.steps["pruned"] is StepState.SKIPPED
        assert set(result.steps.values()) == {StepState.SUCCEEDED, StepState.SKIPPED}
        assert ledger.executions == {
            **dict.fromkeys(["top", "left", "right", "bottom", "nothing"], 1), "flaky": 3,
        }  # fmt: skip


@pytest.fixture(params=["Redis", pytest.param("RabbitMQ", marks=pytest.mark.slow)])
def broker(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("rabbit").url if request.param == "RabbitMQ" else None


def test_an_urgent_run_overtakes_what_waits_on_both_brokers(tmp_path: Path, broker: str | None) -> None:
    with running_fleet(tmp_path, broker=broker) as (fleet, _):
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        plug = submit(ledger.step("plug", 3.0))
        ledger.wait_for(1)
        ordinary = [submit(ledger.step(f"ordinary_{number}", 0.3)) for number in range(4)]
        urgent = submit(ledger.step("urgent", 0.3), priority=500)
        for handle in (plug, *ordinary, urgent):
            handle.wait(60)
        order = [line.split()[0] for line in ledger.lines]
        assert order.index("urgent") <= 2, order  # one message may be in the worker's hands already


@pytest.mark.slow
def test_f33_a_broker_that_dies_while_the_store_lives_stops_no_step(tmp_path: Path) -> None:
    with RabbitMQ(tmp_path / "rabbit") as rabbit, running_fleet(tmp_path, broker=rabbit.url) as (fleet, _):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.wide(2, 6.0, prefix="long"), *ledger.wide(100, 0.1)])
        ledger.wait_for(2)
        rabbit.kill()
        pause(30)  # longer than a worker is deaf before it ends itself
        assert fleet.workers[0].is_running, "it ended itself, though no other in its place could hear more"
        rabbit.start()
        before = ledger.count
        recovery = seconds_until(lambda: handle.status.is_terminal or ledger.count > before, timeout=10 + LOAD)
        assert_kept(fleet, handle, ledger, losses=0, timeout=90)
        report("F33", away=30, bound=10, recovery=round(recovery, 2), repeated=ledger.repeated)


@pytest.mark.slow
def test_a_worker_that_lost_its_broker_works_again_by_itself(tmp_path: Path) -> None:
    with Valkey(tmp_path / "broker") as broker, running_fleet(tmp_path, broker=broker.url) as (fleet, _):
        worker = fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        worst = 0.0
        for number in range(3):
            before = ledger.count
            long = submit(ledger.step(f"long_{number}", 6.0))
            ledger.wait_for(before + 1)
            broker.kill()
            pause(1)
            broker.revive()
            short = submit(ledger.step(f"short_{number}"))
            worst = max(worst, seconds_until(lambda before=before: ledger.count == before + 2, timeout=10 + LOAD))
            assert_kept(fleet, short, ledger, losses=0)
            assert_kept(fleet, long, ledger, losses=0)
        assert worker.is_running
        report("broker bounced", bound=10, recovery=round(worst, 2))


@pytest.mark.slow
def test_a_worker_that_is_deaf_ends_itself_and_another_does_its_work(tmp_path: Path) -> None:
    with Valkey(tmp_path / "broker") as broker, running_fleet(tmp_path, broker=broker.url) as (fleet, _):
        socket = Path(broker.url.removeprefix("unix://").partition("?")[0])
        with Proxy(socket, tmp_path / "deaf.sock") as proxy:
            worker = fleet.start(environment={"ASSETFLOW_BROKER_URL": proxy.url})
            ledger = Ledger(tmp_path / "ledger")
            assert_kept(fleet, submit(ledger.step("before")), ledger, losses=0)
            proxy.close_gate()
            handle = submit(ledger.wide(5))
            recovery = seconds_until(lambda: not worker.is_running, timeout=5 + 15 + 10 + 10)
            fleet.start()
            assert_kept(fleet, handle, ledger, losses=0)
            assert "has heard no wake-up" in worker.words
            report("deaf", bound=40, ended_after=round(recovery, 2))


@pytest.mark.slow
def test_f28_a_worker_whose_parent_stays_frozen_is_ended(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start()
        os.kill(worker.pid, signal.SIGSTOP)
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(5))
        ended = seconds_until(lambda: not worker.is_running, timeout=60)
        fleet.start()
        assert_kept(fleet, handle, ledger, losses=0)
        assert wait_until(lambda: len(fleet.known_workers()) == 1, timeout=15)
        report("F28 for ever", bound=60, ended_after=round(ended, 2))
