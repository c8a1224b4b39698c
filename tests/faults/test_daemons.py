"""Daemons that die at any moment: each fire time has one tick, and each tick that asks for a run has one run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from assetflow.clock import pause, wait_until
from assetflow.fail_points import TICK_POINTS
from assetflow.local.valkey import Valkey
from assetflow.runs.ticks import Tick
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.run_store import RedisRunStore
from assetflow.stores.sql.history import SqlHistory, open_history
from tests.support.ledger import report
from tests.support.servers import running_valkey

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.samples.clockwork"
START = datetime(2024, 5, 6, 0, 10, tzinfo=UTC).timestamp()
HOUR = 3600.0


class Daemons:
    """Processes whose clocks run fast, and the same."""

    def __init__(self, folder: Path, valkey: Valkey, speed: float, hours: float) -> None:
        self.folder = folder
        self.end = START + hours * HOUR
        self._clock = [str(number) for number in (time.time() + 2.0, speed, START, self.end)]
        self._url = valkey.url
        self.running: list[subprocess.Popen[bytes]] = []
        self.started = 0

    def start(self, fail: str = "") -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "ASSETFLOW_HOME": str(self.folder),
            "ASSETFLOW_REDIS_URL": self._url,
            "ASSETFLOW_DATABASE_URL": "",
            "ASSETFLOW_FAIL": fail,
        }
        with (self.folder / "daemons.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fast_daemon", MODULE, *self._clock],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.running.append(process)
        self.started += 1
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self.running.remove(process)

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(20)

    @property
    def log(self) -> str:
        return (self.folder / "daemons.log").read_text()


@contextmanager
def running_daemons(folder: Path, *, speed: float, hours: float) -> Iterator[tuple[Daemons, SqlHistory, RedisRunStore]]:
    folder.mkdir()
    history = open_history(f"sqlite:///{folder / 'history.db'}")
    assert history is not None
    for name in ("every_six_hours", "latest_only"):
        history.ticks_of("default", MODULE).know(name, "schedule", START)
    with running_valkey() as valkey:
        daemons = Daemons(folder, valkey, speed, hours)
        try:
            yield daemons, history, RedisRunStore(connect(valkey.url))
        finally:
            daemons.stop()
            history.close()


def ticks_of(history: SqlHistory, name: str) -> list[Tick]:
    return list(reversed(history.ticks_of("default", MODULE).ticks(name, limit=10_000)))


def is_done(history: SqlHistory, name: str, at: float) -> bool:
    last = ticks_of(history, name)[-1:]
    return bool(last) and last[0].at >= at and last[0].ended is not None


def runs_by_tick(store: RedisRunStore) -> Counter[str]:
    abouts = [msgspec.json.decode(store.view(run_id, steps=False).about) for run_id in store.live_runs()]
    return Counter(about["tags"]["assetflow/tick"] for about in abouts)


def assert_each_once(history: SqlHistory, store: RedisRunStore, name: str, first: float, last: float) -> list[Tick]:
    """Each fire time, six hours apart, has one tick; each tick that succeeded has one run, and no other has any."""
    ticks = ticks_of(history, name)
    count = round((last - first) / (6 * HOUR)) + 1
    assert [tick.at for tick in ticks] == [first + number * 6 * HOUR for number in range(count)]
    runs = runs_by_tick(store)
    for tick in ticks:
        made = 1 if tick.status == "succeeded" else 0
        assert (len(tick.run_ids), runs[str(tick.id)]) == (made, made), tick
    return ticks


def _storm(folder: Path, *, speed: float, hours: float, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with running_daemons(folder, speed=speed, hours=hours) as (daemons, history, store):
        for _ in range(3):
            daemons.start()
        leases, killed = history.leases, 0
        last = daemons.end - daemons.end % (6 * HOUR)
        while killed < kills and not is_done(history, "every_six_hours", last):
            known = len(ticks_of(history, "every_six_hours"))
            assert wait_until(lambda: len(ticks_of(history, "every_six_hours")) > known, timeout=30), daemons.log  # noqa: B023
            pause(chance.uniform(0.0, 0.4))
            leader = (leases.holder(f"daemon:default:{MODULE}") or "::").split(":")[1]
            by_pid = {str(process.pid): process for process in daemons.running}
            daemons.kill(by_pid.get(leader) or chance.choice(daemons.running))
            killed += 1
            daemons.start()
        assert wait_until(lambda: is_done(history, "every_six_hours", last), timeout=90), daemons.log
        assert wait_until(lambda: is_done(history, "latest_only", last + HOUR / 2), timeout=30), daemons.log
        first = START - START % (6 * HOUR) + 6 * HOUR
        every = assert_each_once(history, store, "every_six_hours", first, last)
        latest = assert_each_once(history, store, "latest_only", first - 5.5 * HOUR, last + HOUR / 2)
        assert {tick.status for tick in every} == {"succeeded"}
        assert {tick.status for tick in latest} <= {"succeeded", "skipped"}
        assert sum(runs_by_tick(store).values()) == len(every) + sum(tick.status == "succeeded" for tick in latest)
        report("F25", fire_times=len(every) + len(latest), kills=killed, daemons=daemons.started)


def test_f25_three_daemons_that_are_killed_at_random_make_each_fire_time_count_once(tmp_path: Path) -> None:
    _storm(tmp_path / "home", speed=5 * 24 * HOUR / 8.0, hours=5 * 24 + 1, kills=4, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_f25_the_same_for_a_month(tmp_path: Path, seed: int) -> None:
    _storm(tmp_path / "home", speed=30 * 24 * HOUR / 60.0, hours=30 * 24 + 1, kills=40, seed=seed)


def test_f25_a_daemon_that_dies_at_any_point_of_a_tick_is_gone_on_for(tmp_path: Path) -> None:
    """Each daemon ends the tick in which the one before it died, and dies in the next, one point later."""
    with running_daemons(tmp_path / "home", speed=1e6, hours=(len(TICK_POINTS) + 1) * 6) as (daemons, history, store):
        for point in TICK_POINTS:
            victim = daemons.start(f"{point}:sigkill")
            assert wait_until(lambda: victim.poll() is not None, timeout=30), f"{point} was not reached: {daemons.log}"  # noqa: B023
            assert victim.returncode == -signal.SIGKILL
            daemons.running.remove(victim)
        daemons.start()
        last = daemons.end - daemons.end % (6 * HOUR)
        assert wait_until(lambda: is_done(history, "every_six_hours", last), timeout=30), daemons.log
        ticks = assert_each_once(history, store, "every_six_hours", START - START % (6 * HOUR) + 6 * HOUR, last)
        assert {tick.status for tick in ticks} == {"succeeded"}
