"""What bounds steps and runs on real workers: pools, timeouts, run limits, priorities, pauses, clean processes."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import AssetIn, InvalidInvocationError, RetryPolicy, RunStatus, StepState, asset, submit
from assetflow.client import active_connection
from assetflow.clock import pause, wait_until
from assetflow.local.cluster import LocalCluster
from tests.support.cluster import is_alive, lines_in, running_cluster, wait_for_lines


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSETFLOW_GRACE_SECONDS", "1")
        with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
            token = active_connection.set(running.connection)
            yield running
            active_connection.reset(token)


def write(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text + "\n")


def test_a_step_that_runs_too_long_is_told_and_can_clean_up(tmp_path: Path) -> None:
    log = tmp_path / "log"

    @asset(op_tags={"assetflow/timeout": 1})
    def slow():
        try:
            pause(30)
        finally:
            write(log, "cleaned up")

    result = submit(slow).wait(20, raise_on_error=False)
    assert result.errors["slow"].type.endswith("StepTimedOut")
    assert "longer than its timeout of 1 s" in result.errors["slow"].message
    assert lines_in(log) == ["cleaned up"]
    assert result.seconds < 1 + 1 + 1


def test_a_step_that_does_not_listen_is_killed_and_tried_as_its_policy_says(tmp_path: Path) -> None:
    log = tmp_path / "log"

    @asset(op_tags={"assetflow/timeout": 0.5}, retry_policy=RetryPolicy(max_retries=1))
    def stubborn():
        write(log, "begun")
        while True:
            try:
                pause(30)
            except BaseException:
                write(log, "ignored")

    @asset
    def after_it(stubborn):
        return stubborn

    result = submit([stubborn, after_it]).wait(30, raise_on_error=False)
    assert lines_in(log) == ["begun", "ignored"] * 2
    assert "was killed" in result.errors["stubborn"].message
    assert result.steps["after_it"] is StepState.UPSTREAM_FAILED


def test_a_timeout_in_time_changes_nothing() -> None:
    @asset(op_tags={"assetflow/timeout": 30})
    def quick():
        return 1

    assert submit(quick).wait(20).success


def test_no_more_steps_of_a_pool_run_at_once_than_it_has_tokens(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"

    def visitor(number: int) -> object:
        @asset(name=f"visitor_{number}", op_tags={"assetflow/pool": "door"})
        def visits():
            write(log, "in")
            pause(0.02)
            write(log, "out")

        return visits

    cluster.connection.limits.set_pool_limit("door", 1)
    handles = [submit([visitor(number) for number in range(10)]) for _ in range(2)]
    for handle in handles:
        assert handle.wait(30).success
    assert lines_in(log) == ["in", "out"] * 20


def test_runs_above_their_limit_wait_for_each_other(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"

    @asset
    def exclusive():
        write(log, "in")
        pause(0.2)
        write(log, "out")

    cluster.connection.limits.set_run_limit("kind=exclusive", 1)
    handles = [submit(exclusive, tags={"kind": "exclusive"}) for _ in range(3)]
    assert RunStatus.QUEUED in [handle.status for handle in handles]
    for handle in handles:
        assert handle.wait(30).success
    assert lines_in(log) == ["in", "out"] * 3


def test_the_run_with_the_higher_priority_goes_first(cluster: LocalCluster, tmp_path: Path) -> None:
    log, gate = tmp_path / "log", tmp_path / "gate"

    def named(name: str) -> object:
        @asset(name=name, pool="single")
        def step():
            write(log, name)
            wait_until(gate.exists, timeout=30)

        return step

    cluster.connection.limits.set_pool_limit("single", 1)
    first = submit([named("first")])
    wait_for_lines(log, 1)
    others = [submit([named(name)], priority=level) for name, level in (("low", -5), ("middle", 0), ("high", 500))]
    for handle in others:
        assert wait_until(lambda handle=handle: StepState.POOLED in handle.progress().states, timeout=20)
    gate.touch()
    for handle in (first, *others):
        assert handle.wait(30).success
    assert lines_in(log) == ["first", "high", "middle", "low"]


@pytest.mark.parametrize("priority", [1001, -1001, 1.5, True, "high"])
def test_a_priority_out_of_range_is_refused(priority: object) -> None:
    @asset
    def one():
        return 1

    with pytest.raises(InvalidInvocationError, match="from -1000 to 1000"):
        submit(one, priority=priority)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", "  ", "x" * 1001])
def test_a_run_key_that_names_nothing_is_refused(key: str) -> None:
    @asset
    def one():
        return 1

    with pytest.raises(InvalidInvocationError, match="run key"):
        submit(one, run_key=key)


def test_a_paused_run_finishes_what_it_has_begun_and_goes_on_later(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def link(number: int) -> object:
        @asset(name=f"link_{number}", ins={"before": AssetIn(f"link_{number - 1}")} if number else {})
        def made(**before):
            write(log, str(number))
            pause(0.3)

        return made

    handle = submit([link(number) for number in range(4)])
    wait_for_lines(log, 1)
    assert handle.pause() is RunStatus.PAUSED
    assert not wait_until(lambda: len(lines_in(log)) > 2, timeout=1.5)
    assert handle.status is RunStatus.PAUSED
    handle.resume()
    assert handle.wait(30).success
    assert lines_in(log) == ["0", "1", "2", "3"]


def test_a_step_finds_its_process_as_if_none_had_been_before_it(cluster: LocalCluster, tmp_path: Path) -> None:
    @asset
    def untidy():
        os.chdir("/")
        os.umask(0o777)
        os.environ["LEFT_BEHIND"] = "1"
        del os.environ["PATH"]
        socket.setdefaulttimeout(0.001)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Thread(target=pause, args=(60,), name="straggler").start()
        return os.getpid(), subprocess.Popen(["/bin/sleep", "60"]).pid

    @asset
    def tidy(untidy):
        umask = os.umask(0)
        os.umask(umask)
        return (
            os.getcwd() == "/",
            umask == 0o777,
            "LEFT_BEHIND" in os.environ,
            "PATH" in os.environ,
            socket.getdefaulttimeout(),
            signal.getsignal(signal.SIGTERM) is signal.SIG_IGN,
        )

    assert submit([untidy, tidy]).wait(30).success
    storage = cluster.connection.settings.storage
    assert pickle.loads((storage / "tidy").read_bytes()) == (False, False, False, True, None, False)
    process, child = pickle.loads((storage / "untidy").read_bytes())
    assert wait_until(lambda: not is_alive(child), timeout=5), "a process that a step leaves behind is ended"
    assert wait_until(lambda: not is_alive(process), timeout=5), "a process with a stray thread is replaced"
    assert submit([tidy, untidy], "tidy").wait(30).success


def test_code_that_kills_whoever_opens_it_fails_the_run_instead_of_the_fleet(cluster: LocalCluster) -> None:
    class Deadly:
        def __reduce__(self) -> tuple[object, ...]:
            return (os._exit, (7,))

    deadly = Deadly()

    @asset
    def harmless():
        return deadly

    result = submit(harmless).wait(60, raise_on_error=False)
    assert result.status is RunStatus.FAILED

    @asset
    def next_one():
        return 1

    assert submit(next_one).wait(30).success
