"""Wake-ups are lost, doubled, late or far too many; steps are run once all the same, and nobody starves."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from assetflow import RunHandle, submit
from assetflow.clock import pause, wait_until
from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect
from tests.support.fleet import Fleet, Worker, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report
from tests.support.proxy import Direction, Proxy

QUEUE, ELSEWHERE = "af:celery:default", "af:celery:nowhere"  # names of one length, so that a frame stays a frame
REPEATED_AFTER = 2.0 + 1.0  # seconds: a wake-up is lost when it is two seconds old and a slot is idle; sweeps
LOAD = 2.0  # seconds that a busy machine may add


class BadPost:
    """Takes messages away on their way to the queue: some are lost, some come late, twice and in another order."""

    def __init__(self, folder: Path, server: Valkey, seed: int, share: float = 0.3) -> None:
        self._random = random.Random(seed)
        self._share = share
        self._client = connect(server.url)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self.proxy = Proxy(Path(server.url.removeprefix("unix://").partition("?")[0]), folder / "post.sock")
        self.lost = self.doubled = 0

    def __enter__(self) -> BadPost:
        self.proxy.__enter__()
        self.proxy.rule(Direction.REQUEST, self._divert)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join(5)
        self.proxy.__exit__(None, None, None)

    def _divert(self, piece: bytes) -> bytes:
        if b"LPUSH" in piece and self._random.random() < self._share:
            return piece.replace(QUEUE.encode(), ELSEWHERE.encode())
        return piece

    def _deliver(self) -> None:
        while not self._over.wait(0.3):
            for key in self._client.scan_iter(f"{ELSEWHERE}*"):
                while message := self._client.rpop(key):
                    if self._random.random() < 0.5:
                        self.lost += 1
                    else:
                        self.doubled += 1
                        self._client.lpush(key.decode().replace(ELSEWHERE, QUEUE), message, message)


@contextmanager
def deleting(client: redis.Redis) -> Iterator[list[int]]:
    """The queue's keys are deleted every second; how many there were each time."""
    over, found = threading.Event(), []

    def delete() -> None:
        while not over.wait(1.0):
            found.append(sum(client.delete(key) for key in list(client.scan_iter(f"{QUEUE}*"))))

    thread = threading.Thread(target=delete, daemon=True)
    thread.start()
    yield found
    over.set()
    thread.join(5)


def longest_silence(handle: RunHandle, ledger: Ledger, timeout: float) -> float:
    """Seconds without a new execution, at most, until the run is over."""
    longest, since, count = 0.0, time.monotonic(), ledger.count
    deadline = since + timeout
    while not handle.status.is_terminal:
        assert time.monotonic() < deadline, f"the run is not over after {timeout} s"
        if ledger.count != count:
            since, count = time.monotonic(), ledger.count
        longest = max(longest, time.monotonic() - since)
        pause(0.05)
    return longest


def wake_ups(workers: list[Worker]) -> int:
    return sum(worker.words.count("received") for worker in workers)


def test_f6_wake_ups_that_are_lost_doubled_late_and_out_of_order_change_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    with Valkey(tmp_path / "valkey") as server, BadPost(tmp_path, server, seed) as post:
        with Fleet(tmp_path, server.url, broker=post.proxy.url) as fleet:
            fleet.start("-c", "2")
            ledger, beside = Ledger(tmp_path / "ledger"), Ledger(tmp_path / "beside")
            handle = submit([*ledger.layers(12, 10, 0.04), *ledger.wide(60, 0.04)])
            # With two runs, slots go from one to the other and have to be woken for it.
            other = submit(beside.layers(20, 6, 0.04, prefix="other"))
            silence = longest_silence(handle, ledger, timeout=90)
            assert_kept(fleet, handle, ledger, losses=0)
            assert_kept(fleet, other, beside, losses=0)
            assert silence <= REPEATED_AFTER + LOAD, f"seed {seed}"
            assert post.lost + post.doubled >= 3, f"nothing went wrong: seed {seed}"
            sent = wake_ups(fleet.workers)
            assert sent <= 3 * (ledger.count + beside.count)
            assert_nothing_left(fleet)
            report(
                "F6", seed=seed, lost=post.lost, doubled=post.doubled, bound=REPEATED_AFTER, recovery=round(silence, 2),
                wake_ups_a_step=round(sent / ledger.count, 2),
            )  # fmt: skip


@pytest.mark.slow
def test_f6_the_queue_is_deleted_every_second_and_nothing_is_lost(tmp_path: Path) -> None:
    with Valkey(tmp_path / "valkey") as server, Fleet(tmp_path, server.url) as fleet:
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        with deleting(connect(server.url)) as found:
            handles = [submit(ledger.layers(8, 10, 0.05, prefix=f"run{number}")) for number in range(5)]
            silence = max(longest_silence(handle, ledger, timeout=90) for handle in handles)
        assert sum(found) >= 3, "the queue was never there when it was deleted"
        for handle in handles:
            assert handle.wait(10).success
        assert ledger.repeated == 0
        assert silence <= REPEATED_AFTER + LOAD
        report("F6 deleted", deleted=sum(found), bound=REPEATED_AFTER, recovery=round(silence, 2))


def flood(ledger: Ledger, runs: int, steps: int, fleet: Fleet) -> tuple[list[RunHandle], Callable[[], int]]:
    """Many runs with many steps each, all of them ready, and how many wake-ups stand in the queue."""
    client = connect(fleet.url)
    handles = [submit(ledger.wide(steps, 0.005, prefix=f"run{number}")) for number in range(runs)]
    return handles, lambda: sum(client.llen(key) for key in client.scan_iter(f"{QUEUE}*"))


@pytest.mark.slow
@pytest.mark.parametrize(("runs", "steps"), [(10, 100), (100, 100)], ids=["1,000 steps", "10,000 steps"])
def test_f34_a_small_run_starts_soon_whatever_stands_in_front_of_it(tmp_path: Path, runs: int, steps: int) -> None:
    with Valkey(tmp_path / "valkey") as server, Fleet(tmp_path, server.url) as fleet:
        fleet.start("-c", "1")
        ledger, small = Ledger(tmp_path / "ledger"), Ledger(tmp_path / "small")
        handles, standing = flood(ledger, runs, steps, fleet)
        most = standing()
        assert sum(handle.progress().done for handle in handles) < runs * steps * 0.8, "the flood has run off"
        last = submit(small.chain(1))
        waited = seconds_until(lambda: small.count, timeout=2.0 + LOAD)
        assert last.wait(20).success
        until = time.monotonic() + 3
        assert wait_until(lambda: time.monotonic() > until or standing() > 4 * (runs + 1), timeout=4)
        most = max(most, standing())
        assert most <= 4 * (runs + 1), "more wake-ups than four a run"
        for handle in handles:
            handle.cancel()
        assert_nothing_left(fleet)
        report("F34", runs=runs, ready=runs * steps, wake_ups=most, bound=2.0, recovery=round(waited, 2))
