"""What steps write can be followed while they run, and read for as long as the history knows the run."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assetflow import Definitions, EnvVar, InvalidInvocationError, LogLine, LogStream, RetryPolicy, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.io.log_files import StoredLogFiles
from assetflow.local.cluster import LocalCluster
from assetflow.stores.redis.connection import connect
from tests.support.fleet import running_fleet
from tests.support.s3 import SeaweedFS


def told(lines: list[LogLine]) -> set[tuple[str, str, str]]:
    return {(line.stream.value, line.level, line.text) for line in lines}


def write_in_every_way(context) -> None:
    print("printed")
    print("complained", file=sys.stderr)
    context.log.debug("of %s", "debug")
    logging.getLogger("some.library").warning("a warning")
    os.write(1, b"past Python\n")
    subprocess.run(["sh", "-c", "echo by a child; echo to its error >&2"], check=True)
    ctypes.CDLL(None).puts(b"by native code")
    sys.stdout.buffer.write(b"bytes\n")
    print("without an end", end="")


WRITTEN = {
    ("stdout", "", "printed"),
    ("stderr", "", "complained"),
    ("log", "DEBUG", "of debug"),
    ("log", "WARNING", "a warning"),
    ("stdout", "", "past Python"),
    ("stdout", "", "by a child"),
    ("stderr", "", "to its error"),
    ("stdout", "", "by native code"),
    ("stdout", "", "bytes"),
    ("stdout", "", "without an end"),
}


def test_everything_that_a_step_writes_is_kept(cluster: LocalCluster) -> None:
    @asset
    def loud(context) -> None:
        write_in_every_way(context)

    @asset
    def quiet() -> int:
        return 1

    handle = submit([loud, quiet])
    result = handle.wait(30)
    assert told(list(result.logs("loud"))) == WRITTEN
    assert list(result.logs("quiet")) == []
    assert {line.step for line in handle.logs()} == {"loud"}
    facts = cluster.connection.store.facts(handle.id)
    kept = [fact.told().log for fact in facts if fact.told().log is not None]
    assert len(kept) == 1
    assert Path(kept[0].uri).is_relative_to(cluster.connection.settings.storage.resolve())
    with pytest.raises(InvalidInvocationError, match=r"no step 'lood'(.|\n)*did you mean loud"):
        handle.logs("lood")


def test_every_attempt_has_a_log_and_the_last_ends_in_what_the_step_raised(cluster: LocalCluster) -> None:
    @asset(retry_policy=RetryPolicy(max_retries=2))
    def unlucky(context) -> None:
        print(f"try {context.retry_number}")
        raise ValueError("no luck")

    lines = list(submit([unlucky]).wait(30, raise_on_error=False).logs())
    assert [(line.attempt, line.text) for line in lines if line.stream is LogStream.STDOUT] == [
        (0, "try 0"),
        (1, "try 1"),
        (2, "try 2"),
    ]
    assert [(line.attempt, line.level) for line in lines if "ValueError: no luck" in line.text] == [
        (0, "WARNING"),
        (1, "WARNING"),
        (2, "ERROR"),
    ]


def test_a_line_can_be_seen_half_a_second_after_it_was_written(cluster: LocalCluster) -> None:
    @asset
    def slow() -> None:
        for _ in range(4):
            print(time.time())
            pause(0.7)

    handle = submit([slow])
    delays = [time.time() - float(line.text) for line in handle.logs(follow=True)]
    assert len(delays) == 4
    assert min(delays) < 0.5 and sorted(delays)[2] < 0.5 + 1.0, delays  # a busy machine may add to some
    assert handle.status.is_terminal
    assert told(list(handle.logs())) == told(list(handle.logs(follow=True)))


def test_who_follows_hears_steps_that_end_at_once_and_steps_that_follow_them(cluster: LocalCluster) -> None:
    @asset
    def first() -> None:
        print("first")

    @asset
    def second(first) -> None:
        pause(0.5)
        print("second")

    handle = submit([first, second])
    assert [(line.step, line.text) for line in handle.logs(follow=True)] == [("first", "first"), ("second", "second")]


def test_prints_of_threads_and_of_what_they_start_belong_to_the_step(cluster: LocalCluster) -> None:
    @asset
    def threaded() -> None:
        threads = [threading.Thread(target=lambda n=n: [print(f"{n} {i}") for i in range(50)]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    lines = [line.text for line in submit([threaded]).wait(30).logs()]
    assert sorted(lines) == sorted(f"{n} {i}" for n in range(4) for i in range(50))


def test_a_step_that_replaces_its_streams_does_not_replace_those_of_the_next(cluster: LocalCluster) -> None:
    @asset
    def rude() -> None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    @asset
    def next_one(rude) -> None:
        print("here")

    result = submit([rude, next_one]).wait(30)
    assert [line.text for line in result.logs()] == ["here"]


def test_secrets_that_configs_name_are_not_readable(tmp_path: Path) -> None:
    @asset
    def leaky() -> None:
        print("the password is", os.environ["DB_LOGIN"], flush=True)
        os.write(2, os.environ["DB_LOGIN"].encode())
        assert EnvVar("DB_LOGIN").get_value()

    with running_fleet(tmp_path) as (fleet, server):
        fleet.start(environment={"DB_LOGIN": "correct horse"})
        handle = submit([leaky])
        lines = [line.text for line in handle.wait(30).logs()]
        assert sorted(lines) == ["*************", "the password is *************"]
        everything = connect(server.url).xrange(f"af:{handle.id}:log")
        assert b"horse" not in repr(everything).encode()


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_other_pools_keep_logs_too(tmp_path: Path, pool: str) -> None:
    """Threads share their descriptors: what is written past Python there stays in the worker's log."""

    @asset
    def loud(context) -> None:
        write_in_every_way(context)
        pause(0.3)

    @asset
    def other(context) -> None:
        for number in range(20):
            print(f"other {number}")
            pause(0.01)

    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start("--pool", pool, "-c", "2")
        result = submit([loud, other]).wait(30)
        mine = told(list(result.logs("loud")))
        assert [line.text for line in result.logs("other")] == [f"other {number}" for number in range(20)]
        if pool == "solo":
            assert mine == WRITTEN
        else:
            assert mine == {
                one for one in WRITTEN if one[2] in ("printed", "complained", "without an end") or one[0] == "log"
            }
            assert "past Python" in worker.words and "by a child" in worker.words


def test_the_worker_log_has_what_it_had_before_and_no_output_of_steps(tmp_path: Path) -> None:
    @asset
    def loud(context) -> None:
        write_in_every_way(context)
        context.log.info("an info")

    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start("--loglevel", "WARNING")
        submit([loud]).wait(30)
        submit([loud]).wait(30)
        assert worker.words.count("a warning") == 2
        assert "printed" not in worker.words and "past Python" not in worker.words
        assert "an info" not in worker.words and "of debug" not in worker.words


def test_a_log_outlives_the_server_that_carried_the_run(tmp_path: Path) -> None:
    @asset
    def loud() -> None:
        print("for good")

    with running_fleet(tmp_path) as (fleet, server):
        fleet.start()
        handle = submit([loud])
        handle.wait(30)
        history = fleet.connection().history()

        def recorded() -> bool:
            found = fleet.connection().history()
            run = found.log.run(handle.id) if found is not None else None
            return run is not None and run.ended is not None

        assert wait_until(recorded, timeout=20)
        history = fleet.connection().history()
        assert history is not None
        assert [(entry.key, entry.lines, entry.size > 0) for entry in history.log.logs(handle.id)] == [
            ("loud", 1, True)
        ]
        client = connect(server.url)
        assert all(client.ttl(key) > 0 for key in client.scan_iter(f"af:{handle.id}:*"))
        client.flushall()
        assert [line.text for line in handle.logs()] == ["for good"]
        assert [line.text for line in handle.logs(follow=True)] == ["for good"]
        Path(history.log.logs(handle.id)[0].uri).unlink()
        assert "cannot be read" in next(iter(handle.logs())).text


def test_a_log_is_kept_in_the_bucket_that_the_settings_name(tmp_path: Path, s3: SeaweedFS, bucket: str) -> None:
    @asset
    def loud() -> None:
        print("far away")

    with running_fleet(tmp_path) as (fleet, _):
        fleet.start(environment={**s3.environment, "ASSETFLOW_LOG_STORAGE": f"s3://{bucket}/logs"})
        with pytest.MonkeyPatch.context() as patch:
            for name, value in s3.environment.items():
                patch.setenv(name, value)
            handle = submit([loud])
            lines = list(handle.wait(30).logs())
            assert [line.text for line in lines] == ["far away"]
            log = next(detail.log for fact in fleet.connection().store.facts(handle.id) if (detail := fact.told()).log)
            assert log is not None and log.uri.startswith(f"s3://{bucket}/logs/.assetflow/logs/{handle.id}/")
            StoredLogFiles().remove([log.uri], handle.id)
            with pytest.raises(FileNotFoundError):
                StoredLogFiles().read(log.uri, handle.id)


def test_nothing_is_kept_where_the_settings_say_so(tmp_path: Path) -> None:
    @asset
    def loud() -> None:
        print("into the worker's log", flush=True)

    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start(environment={"ASSETFLOW_LOG_MB": "0"})
        assert list(submit(Definitions([loud])).wait(30).logs()) == []
        assert wait_until(lambda: "into the worker's log" in worker.words, timeout=10)
