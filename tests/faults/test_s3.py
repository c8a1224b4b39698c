"""S3 refuses, resets, stalls and forgets; workers die while they store. No half value is ever seen."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from assetflow import asset, submit
from assetflow.clock import pause, wait_until
from assetflow.errors import StorageError
from assetflow.io.s3.s3_io_manager import S3IOManager
from assetflow.keys import Version
from assetflow.testing.contexts import build_input_context, build_output_context
from tests.support.fleet import running_fleet
from tests.support.ledger import assert_nothing_left, report
from tests.support.s3 import OWNER, READER, SECRET, SeaweedFS, running_s3
from tests.support.s3_proxy import FINE, Asked, Fault, S3Proxy, weather

EARLY, LATE = Version(10, 1), Version(20, 2)


def manager_at(s3: SeaweedFS, bucket: str, url: str | None = None, **options: Any) -> S3IOManager:
    return S3IOManager(bucket, "p", **{**s3.options, "endpoint_url": url or s3.url, **options})


def stage(manager: S3IOManager, value: Any, version: Version) -> None:
    manager.stage(build_output_context(asset_key="made", version=version, run_id="run"), value)


def store(manager: S3IOManager, value: Any, version: Version) -> None:
    stage(manager, value, version)
    manager.publish(path=("made",), version=version, run_id="run")


def load(manager: S3IOManager, version: Version | None = None) -> Any:
    return manager.load_input(build_input_context(asset_key="made", version=version))


def whole(s3: SeaweedFS, bucket: str) -> None:
    """No upload is left half-way."""
    assert not s3.client().list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [(1, 5), *(pytest.param(seed, 20, marks=[pytest.mark.slow, pytest.mark.timeout(600)]) for seed in (2, 3))],
)
def test_f15_in_bad_weather_a_value_is_stored_and_loaded_or_there_is_one_clear_error(
    s3: SeaweedFS, bucket: str, seed: int, rounds: int
) -> None:
    plain = manager_at(s3, bucket)
    known: set[int] = set()
    refused: list[StorageError] = []
    longest = 0.0
    with S3Proxy(s3.url, weather(seed, stall=20.0)) as proxy:
        through = manager_at(s3, bucket, proxy.url, multipart_from=100_000, part_size=5 * 1024 * 1024, read_timeout=0.5)
        for number in range(1, rounds + 1):
            began = time.monotonic()
            value = [number] * (5 if number % 3 else 60_000)
            try:
                stage(through, value, Version(number, 1))
                through.publish(path=("made",), version=Version(number, 1), run_id="run")
                known.add(number)
                assert load(through)[0] >= number
            except StorageError as error:
                refused.append(error)
            longest = max(longest, time.monotonic() - began)
            if known:
                shown = load(plain)
                assert shown[0] in range(max(known), number + 1) and set(shown) == {shown[0]}
        assert proxy.faults > rounds
    assert known
    assert all(error.fix and "s3://" in str(error.where) and error.__cause__ is not None for error in refused)
    assert longest < 60
    report("F15", seed=seed, faults=proxy.faults, failures=len(refused), longest=round(longest, 1), bound=60)


def test_f15_a_server_that_only_refuses_is_asked_five_times(s3: SeaweedFS, bucket: str) -> None:
    with S3Proxy(s3.url, lambda _asked: Fault(status=503)) as proxy:
        with pytest.raises(StorageError, match=r"asks for fewer requests \(PutObject 5 times: SlowDown") as caught:
            stage(manager_at(s3, bucket, proxy.url), 1, EARLY)
    assert proxy.count("PUT") == 5
    assert f"s3://{bucket}/p/.assetflow/made@{EARLY.name}" in str(caught.value)


@pytest.mark.parametrize("cut", [0, 1, 70_000])
def test_f15_a_body_that_breaks_off_is_asked_for_from_where_it_broke(s3: SeaweedFS, bucket: str, cut: int) -> None:
    store(manager_at(s3, bucket), b"x" * 200_000, EARLY)
    left = [3]

    def rule(asked: Asked) -> Fault:
        if asked.method == "GET" and left[0]:
            left[0] -= 1
            return Fault(reset_after=cut)
        return FINE

    with S3Proxy(s3.url, rule) as proxy:
        assert load(manager_at(s3, bucket, proxy.url)) == b"x" * 200_000
    ranges = [one.headers["range"] for one in proxy.asked if "range" in one.headers]
    assert bool(ranges) == (cut > 1) or cut == 1
    if cut > 1:
        return  # each time some more of it has come
    left[0] = 99
    with S3Proxy(s3.url, rule) as proxy, pytest.raises(StorageError, match="broken 5 times"):
        load(manager_at(s3, bucket, proxy.url))


def test_f15_an_upload_in_parts_that_fails_leaves_no_part(s3: SeaweedFS, bucket: str) -> None:
    rule = lambda asked: Fault(status=503) if "partNumber=2" in asked.path else FINE  # noqa: E731
    with S3Proxy(s3.url, rule) as proxy:
        small = manager_at(s3, bucket, proxy.url, multipart_from=1, part_size=5 * 1024 * 1024)
        with pytest.raises(StorageError, match="SlowDown"):
            stage(small, b"x" * 11_000_000, EARLY)
    whole(s3, bucket)
    assert s3.keys(bucket) == []


@pytest.mark.parametrize(
    "forgets", [frozenset(), frozenset({"if-match", "if-none-match"})], ids=["heeded", "forgotten"]
)
def test_f19_whoever_publishes_at_once_the_highest_token_stays(
    s3: SeaweedFS, bucket: str, forgets: frozenset[str]
) -> None:
    with S3Proxy(s3.url, forgets=forgets) as proxy:
        manager = manager_at(s3, bucket, proxy.url)
        for start in range(10, 40, 10):
            versions = [Version(start + number, number) for number in range(8)]
            for version in versions:
                stage(manager, version.token, version)
            random.shuffle(versions)
            threads = [
                threading.Thread(target=manager.publish, kwargs={"path": ("made",), "version": one, "run_id": "run"})
                for one in versions
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert load(manager) == start + 7


def test_what_s3_refuses_is_told_in_a_sentence_and_not_tried_again() -> None:
    with running_s3(guarded=True) as server:
        bucket = server.bucket("guarded")
        store(manager_at(server, bucket), 1, EARLY)
        cases = [
            ({"aws_access_key_id": "nobody"}, "the access key is not known there"),
            ({"aws_secret_access_key": "wrong"}, "the secret key does not belong to the access key"),
            ({"aws_access_key_id": READER}, "these keys have no right to do that"),
        ]
        for wrong, reason in cases:
            with S3Proxy(server.url) as proxy:
                manager = manager_at(server, bucket, proxy.url, **wrong)
                with pytest.raises(StorageError, match=reason) as caught:
                    stage(manager, 2, LATE)
                assert caught.value.fix
                assert proxy.count("PUT") == 1
                assert SECRET not in str(caught.value)
        reader = manager_at(server, bucket, aws_access_key_id=READER)
        assert load(reader) == 1, "reading needs no right to write"
        assert OWNER not in repr(manager.bucket.access)
        missing = manager_at(server, "no-such-bucket")
        for do in (lambda: stage(missing, 1, EARLY), lambda: load(missing)):
            with pytest.raises(StorageError, match="there is no bucket of this name"):
                do()
        with pytest.raises(StorageError, match="cannot be reached"):
            load(manager_at(server, bucket, "http://127.0.0.1:9", max_attempts=1))


def test_answers_that_make_no_sense_are_no_success(s3: SeaweedFS, bucket: str) -> None:
    store(manager_at(s3, bucket), 1, EARLY)
    for status, body in ((200, b"<html>maintenance</html>"), (500, b"<html>oops</html>"), (200, b"")):
        with S3Proxy(s3.url, lambda _asked, status=status, body=body: Fault(status=status, body=body)) as proxy:
            with pytest.raises(Exception) as caught:
                load(manager_at(s3, bucket, proxy.url))
            assert type(caught.value).__module__ == "assetflow.errors" or isinstance(caught.value, FileNotFoundError)


def test_encryption_and_storage_class_are_asked_for_with_everything_that_is_written(s3: SeaweedFS, bucket: str) -> None:
    with S3Proxy(s3.url, forgets=frozenset({"x-amz-server-side-encryption"})) as proxy:
        manager = manager_at(
            s3, bucket, proxy.url, server_side_encryption="AES256", storage_class="STANDARD_IA", multipart_from=1000
        )
        store(manager, 1, EARLY)
        stage(manager, "x" * 5000, LATE)
        written = [one for one in proxy.asked if one.method in ("PUT", "POST") and "made" in one.path]
        begun = [one for one in written if "partNumber" not in one.path and "uploadId" not in one.path]
        assert len(begun) >= 4
        for one in begun:
            assert one.headers["x-amz-server-side-encryption"] == "AES256", one
            assert one.headers["x-amz-storage-class"] == "STANDARD_IA", one
    assert s3.client().head_object(Bucket=bucket, Key="p/made")["StorageClass"] == "STANDARD_IA"


def test_a_worker_killed_in_an_upload_leaves_the_old_value_and_nothing_that_gc_does_not_find(
    s3: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    options = s3.options
    with S3Proxy(s3.url) as proxy:
        kept = {**options, "endpoint_url": proxy.url, "multipart_from": 1, "part_size": 5 * 1024 * 1024}

        def big(letter: bytes) -> Any:
            @asset(name="made", io_manager_def=S3IOManager(bucket, "p", **kept))
            def made():
                return letter * 30_000_000

            return made

        with running_fleet(tmp_path) as (fleet, _server):
            worker = fleet.start()
            assert submit(big(b"a")).wait(60).success
            stalled = threading.Event()

            def rule(asked: Asked) -> Fault:
                if "partNumber=3" in asked.path and not stalled.is_set():
                    stalled.set()
                    return Fault(stall=30)
                return FINE

            proxy.rule = rule
            handle = submit(big(b"b"))
            assert stalled.wait(30)
            plain = manager_at(s3, bucket)
            worker.kill_all()
            assert load(plain)[:1] == b"a"
            left = list(plain.leftovers())
            assert any("parts of an upload" in one.place for one in left)
            fleet.start()
            assert handle.wait(60).success
            assert load(plain) == b"b" * 30_000_000
            for one in plain.leftovers():
                one.remove()
            assert not list(plain.leftovers())
            whole(s3, bucket)
            assert_nothing_left(fleet)


@pytest.mark.parametrize("point", ["stage.after", pytest.param("settle.after", marks=pytest.mark.slow)])
def test_f18_a_worker_killed_around_the_commit_leaves_one_value_in_s3(
    s3: SeaweedFS, bucket: str, tmp_path: Path, point: str
) -> None:
    manager = manager_at(s3, bucket)

    @asset(io_manager_def=manager)
    def made(context):
        pause(0.01)
        return [context.run_id, os.getpid()]

    with running_fleet(tmp_path) as (fleet, _server):
        fleet.start(environment={"ASSETFLOW_FAIL": f"{point}:sigkill"})
        handle = submit(made)
        assert handle.wait(60).success
        [version] = [str(item.version) for event in handle.events() for item in event.detail.outputs or ()]
        assert wait_until(
            lambda: (found := manager.current(("made",))) is not None and found.version == version, timeout=10
        )
        assert load(manager)[0] == handle.id
        assert {one.version.name for one in manager.kept(("made",)) if one.is_committed} == {version}
        assert_nothing_left(fleet)


@pytest.mark.parametrize(
    ("status", "code", "message", "sentence", "fix"),
    [
        (400, "ExpiredToken", "The provided token has expired.", "the session token has expired", "sign in again"),
        (403, "RequestTimeTooSkewed", "Too far apart.", "the clock of this machine is too far", "set the clock"),
        (403, "AccessDenied", "User may not do kms:GenerateDataKey", "may not use the KMS key", "kms:Decrypt"),
    ],
)
def test_what_is_wrong_with_keys_and_clocks_is_told_with_what_to_do(
    s3: SeaweedFS, bucket: str, status: int, code: str, message: str, sentence: str, fix: str
) -> None:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()
    with S3Proxy(s3.url, lambda _asked: Fault(status=status, body=body)) as proxy:
        with pytest.raises(StorageError, match=sentence) as caught:
            stage(manager_at(s3, bucket, proxy.url), 1, EARLY)
    assert fix in str(caught.value) and code in str(caught.value)


def test_f15_a_server_that_is_restarted_is_waited_for_even_while_it_comes_up(s3: SeaweedFS, bucket: str) -> None:
    with S3Proxy(s3.url) as before:
        manager = manager_at(s3, bucket, before.url)
        store(manager, 1, EARLY)
        port = int(before.url.rpartition(":")[2])
    manager.bucket.client.close()  # with the server its connections have gone
    refusals = iter(range(8))  # more than an upset server is forgiven
    again: list[S3Proxy] = []

    def come_back() -> None:
        again.append(
            S3Proxy(s3.url, lambda _asked: Fault(status=500) if next(refusals, None) is not None else FINE, port=port)
        )
        again[0].__enter__()

    coming = threading.Timer(1.0, come_back)
    coming.start()
    try:
        began = time.monotonic()
        store(manager, 2, LATE)
        assert 0.9 < time.monotonic() - began < 50
        assert load(manager) == 2
        assert again[0].faults == 8
    finally:
        coming.join()
        again[0].__exit__(None, None, None)


def test_an_address_at_which_nobody_answers_is_told_at_once_to_who_asks_once(s3: SeaweedFS, bucket: str) -> None:
    with S3Proxy(s3.url) as closed:
        url = closed.url
    began = time.monotonic()
    with pytest.raises(StorageError, match="cannot be reached"):
        load(manager_at(s3, bucket, url, max_attempts=1))
    assert time.monotonic() - began < 10, "the others wait for twenty"


def test_an_address_at_which_nobody_has_answered_yet_is_given_up_sooner(s3: SeaweedFS, bucket: str) -> None:
    with S3Proxy(s3.url) as closed:
        url = closed.url
    began = time.monotonic()
    with pytest.raises(StorageError, match="cannot be reached"):
        load(manager_at(s3, bucket, url))
    assert 15 < time.monotonic() - began < 40
