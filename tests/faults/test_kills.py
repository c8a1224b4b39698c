"""Processes are killed in the middle of runs; the runs end right all the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import AssetIn, StepState, asset, submit
from assetflow.client import active_connection
from assetflow.clock import pause, wait_until
from assetflow.local.cluster import LocalCluster
from assetflow.runs.facts import FactKind
from assetflow.stores.redis.connection import connect
from tests.support.cluster import (
    children_of,
    descendants_of,
    is_alive,
    kill,
    lines_in,
    running_cluster,
    sidecars_of,
    slots_of,
    wait_for_lines,
)
from tests.support.key_leaks import leaked_keys


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    with running_cluster(tmp_path, processes=1, workers=2) as running:
        token = active_connection.set(running.connection)
        yield running
        active_connection.reset(token)


def long_chain(log: Path, length: int = 30, seconds: float = 0.05) -> list[object]:
    """A line of steps, each of which leaves a line when it is done."""

    def link(number: int) -> object:
        ins = {"before": AssetIn(f"link_{number - 1}")} if number else {}

        @asset(name=f"link_{number}", ins=ins)
        def made(**before):
            pause(seconds)
            with log.open("a") as file:
                file.write(f"{number} {os.getpid()}\n")
            return sum(before.values()) + 1

        return made

    return [link(number) for number in range(length)]


def wide(log: Path, count: int = 40, seconds: float = 0.1) -> list[object]:
    """Steps that need nothing of each other."""

    def leaf(number: int) -> object:
        @asset(name=f"leaf_{number}")
        def made():
            pause(seconds)
            with log.open("a") as file:
                file.write(f"{number} {os.getpid()}\n")
            return number

        return made

    return [leaf(number) for number in range(count)]


def assert_clean(cluster: LocalCluster) -> None:
    """No key that nobody owns is left, once the last wake-ups have been answered."""
    registry, client = cluster.connection.registry, connect(cluster.redis_url)

    def leaked() -> set[str]:
        return set(leaked_keys(client)) - {f"af:w:{view.info.worker}" for view in registry.workers()}

    assert wait_until(lambda: not leaked(), timeout=15), leaked()


def test_a_run_survives_the_death_of_a_child(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = submit([*wide(log)])
    wait_for_lines(log, 4)
    for worker in cluster.worker_pids:
        for slot in slots_of(worker):
            kill(slot)
    result = handle.wait(60)
    assert set(result.steps.values()) == {StepState.SUCCEEDED}
    assert len(result.materializations) == 40
    assert len(lines_in(log)) <= 40 + 2, "only the steps that were running are run again"
    lost = [event for event in handle.events() if event.kind is FactKind.STEP_LOST]
    assert lost
    assert_clean(cluster)


def test_a_run_survives_the_death_of_a_whole_worker(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = submit([*long_chain(log), *wide(log)])
    wait_for_lines(log, 6)
    kill(cluster.worker_pids[0])
    result = handle.wait(60)
    assert result.success
    assert len(result.materializations) == 70
    assert_clean(cluster)


def test_a_run_survives_a_worker_whose_every_process_dies_at_once(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = submit(wide(log))
    wait_for_lines(log, 4)
    victim = cluster.worker_pids[0]
    for pid in [*descendants_of(victim), victim]:
        kill(pid)
    assert handle.wait(60).success
    assert_clean(cluster)
    buried = wait_until(lambda: all(is_alive(pid) for pid in children_of(cluster.keeper_pid)), timeout=10)
    assert buried, "whoever adopts the dead buries them"


def test_a_run_survives_the_death_of_every_worker(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = submit(long_chain(log))
    wait_for_lines(log, 4)
    pause(5.0 - 0.2 * 4)  # the keeper does not start a worker again that lived for less than five seconds
    for victim in cluster.worker_pids:
        for pid in [*descendants_of(victim), victim]:
            kill(pid)
    assert handle.wait(90).success
    assert_clean(cluster)


def test_a_sidecar_that_dies_is_started_again(cluster: LocalCluster, tmp_path: Path) -> None:
    worker = cluster.worker_pids[0]
    [first] = sidecars_of(worker)
    kill(first)
    assert wait_until(lambda: any(pid != first for pid in sidecars_of(worker)), timeout=10)
    log = tmp_path / "log"
    handle = submit(wide(log, 10))
    wait_for_lines(log, 2)
    for pid in cluster.worker_pids:
        for slot in slots_of(pid):
            kill(slot)
    assert handle.wait(60).success


def test_a_step_that_kills_its_process_is_given_up_and_its_neighbours_are_not(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    log = tmp_path / "log"

    @asset
    def poison():
        with log.open("a") as file:
            file.write("x\n")
        os.kill(os.getpid(), signal.SIGSEGV)

    @asset
    def after_it(poison):
        return 1

    result = submit([poison, after_it, *wide(tmp_path / "others", 10, 0.01)]).wait(60, raise_on_error=False)
    assert result.steps.pop("poison") is StepState.FAILED
    assert result.steps.pop("after_it") is StepState.UPSTREAM_FAILED
    assert set(result.steps.values()) == {StepState.SUCCEEDED}
    assert "StepLostError" in result.errors["poison"].type
    assert len(lines_in(log)) == 3


def test_a_run_survives_the_death_of_the_server(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = submit(long_chain(log, 40))
    wait_for_lines(log, 4)
    kill(cluster.valkey_pid)
    assert wait_until(lambda: len({line.split()[0] for line in lines_in(log)}) == 40, timeout=60)
    assert handle.wait(60).success


def test_what_a_killed_owner_leaves_behind_ends_by_itself(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        everything = [cluster.keeper_pid, *descendants_of(cluster.keeper_pid)]
        assert len(everything) >= 1 + 1 + 2 + 2
        kill(cluster.keeper_pid)
        assert wait_until(lambda: not any(is_alive(pid) for pid in everything), timeout=15)
