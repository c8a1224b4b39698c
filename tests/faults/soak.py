"""Many steps over many runs, while children, workers and the server are killed at random.

``python -m tests.faults.soak [STEPS]``, 200,000 by default. Prints the seed, a row of figures now and then, and at the
end what was killed, how often steps were run again, and how memory and keys have moved. Exits with 1 if a run did not
end well, a step ran more often than the kills explain, or something grew.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assetflow import RunHandle, submit
from assetflow.clock import pause
from assetflow.errors import WaitTimeout
from assetflow.local.valkey import Valkey
from assetflow.runs.registry import DEATHS_ALLOWED, QUARANTINE_SECONDS
from assetflow.runs.result import RunResult
from assetflow.stores.redis.connection import connect
from tests.support.cluster import kill
from tests.support.fleet import Fleet, Worker, resident_bytes, running_fleet
from tests.support.ledger import Ledger

STEPS_A_RUN = 2_000
RUNS_AT_ONCE = 3
MEGABYTE = 1 << 20


class Trouble:
    """Kills something every second or so; workers no faster than a host may lose them without being left alone."""

    def __init__(self, fleet: Fleet, server: Valkey, chance: random.Random) -> None:
        self.killed = {"child": 0, "worker": 0, "everything of a worker": 0, "server": 0}
        self.left = 0  # workers that ended by themselves, because they did not find the server when they began
        self._fleet, self._server, self._chance = fleet, server, chance
        self._stop = threading.Event()
        self._deaths: deque[float] = deque(maxlen=DEATHS_ALLOWED - 1)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        thread = threading.Thread(target=self._make, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(30)

    def _make(self) -> None:
        while not self._stop.wait(self._chance.uniform(0.3, 2.0)):
            what = self._chance.choices(list(self.killed), weights=(16, 2, 1, 1))[0]
            if "worker" in what and self._host_is_near_its_limit:
                what = "child"
            with suppress(ProcessLookupError, IndexError, AssertionError):
                self._do(what)
                self.killed[what] += 1
            self._start_again()

    @property
    def _host_is_near_its_limit(self) -> bool:
        full = len(self._deaths) == self._deaths.maxlen
        return full and time.monotonic() - self._deaths[0] < QUARANTINE_SECONDS + 5

    def _start_again(self) -> None:
        """What whoever starts workers has to do with those that end."""
        for worker in [worker for worker in self._fleet.workers if not worker.is_running]:
            self.left += 1
            self._deaths.append(time.monotonic())
            say(f"worker {worker.pid} has ended with {worker.process.returncode}: {worker.words[-300:]!r}")
            self._fleet.workers.remove(worker)
            self._fleet.start("-c", "2", ready=False)

    def _do(self, what: str) -> None:
        if what == "server":
            self._server.kill()
            pause(0.3)
            self._server.revive()
            return
        worker = self._chance.choice([worker for worker in self._fleet.workers if worker.is_running])
        if what == "child":
            kill(self._chance.choice(worker.slots))
            return
        if what == "worker":
            kill(worker.pid)
            worker.process.wait(10)
        else:
            worker.kill_all()
        self._deaths.append(time.monotonic())
        self._fleet.workers.remove(worker)
        self._fleet.start("-c", "2", ready=False)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("steps", nargs="?", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    say(f"seed {options.seed}")
    os.environ["ASSETFLOW_KEEP_HOURS"] = "0.005"  # else what is kept of ended runs is all that grows
    memory = Path("/dev/shm")  # many small files: a disk would be all that is measured
    with tempfile.TemporaryDirectory(prefix="af-soak-", dir=memory if memory.is_dir() else None) as name:
        with running_fleet(Path(name)) as (fleet, server):
            for _ in range(2):
                fleet.start("-c", "2")
            sys.exit(0 if soak(fleet, server, options.steps, random.Random(options.seed)) else 1)


def soak(fleet: Fleet, server: Valkey, steps: int, chance: random.Random) -> bool:
    """Whether all went well."""
    began = time.monotonic()
    trouble = Trouble(fleet, server, chance)
    ledger = Ledger(fleet.folder / "ledger")
    runs = max(1, steps // STEPS_A_RUN)
    live: list[RunHandle] = []
    failed: list[str] = []
    rows: list[dict[str, float]] = []
    assets = [*ledger.wide(STEPS_A_RUN // 2), *ledger.layers(20, STEPS_A_RUN // 40)]
    with trouble.going_on():
        for number in range(runs):
            live.append(submit_patiently(assets))
            while len(live) >= (RUNS_AT_ONCE if number < runs - 1 else 1):
                handle = live.pop(0)
                result = waited_for(handle, fleet)
                if not result.success:
                    failed.append(
                        f"{handle.id} {result.status.value}: {result.error or list(result.errors.items())[:3]}"
                    )
            if number % max(1, runs // 10) == 0 or number == runs - 1:
                rows.append(figures(fleet, server))
                say(
                    f"{(number + 1) * STEPS_A_RUN:>8,} steps  "
                    + "  ".join(f"{k} {v:,.0f}" for k, v in rows[-1].items())
                )
    seconds = time.monotonic() - began
    done = runs * STEPS_A_RUN
    repeated = ledger.count - done
    kills = sum(trouble.killed.values())
    say(
        f"{done:,} steps in {runs} runs, {seconds:,.0f} s, {done / seconds:,.0f} a second; killed: {trouble.killed}, "
        f"ended by themselves: {trouble.left}"
    )
    say(f"run again: {repeated:,}, {repeated / max(kills, 1):.2f} for each kill")
    for problem in failed:
        say(f"FAILED {problem}")
    # A kill of a whole worker costs each of its two slots what it held: a slice of a batch.
    bound = kills * 2 * 32
    grown = [
        name
        for name in ("server MB", "worker MB", "sidecar MB", "client MB")
        # By half of it the server forgets runs as fast as others end, however fast the machine is.
        if len(rows) > 4 and rows[-1][name] > 1.5 * max(rows[len(rows) // 2][name], 20)
    ]
    if grown:
        say(f"GREW: {grown}")
    return not failed and not grown and 0 <= repeated <= bound


def waited_for(handle: RunHandle, fleet: Fleet) -> RunResult:
    """How a run has ended; if it does not, what its workers have said last."""
    try:
        return handle.wait(600, raise_on_error=False)
    except WaitTimeout:
        for worker in fleet.workers:
            say(f"worker {worker.pid} ({'runs' if worker.is_running else 'has ended'}): {worker.words[-3000:]}")
        raise


def submit_patiently(assets: list[object]) -> RunHandle:
    """A server that is being started again refuses for a moment."""
    while True:
        try:
            return submit(assets)  # type: ignore[arg-type]
        except Exception as error:
            say(f"submitting again: {error!r:.100}")
            pause(0.5)


def figures(fleet: Fleet, server: Valkey) -> dict[str, float]:
    """Memory in MB, the largest of each kind of process, and keys."""
    with suppress(Exception):
        client = connect(server.url)
        info = client.info("memory")
        keys = client.dbsize()
        client.close()
        return {
            "server MB": info["used_memory"] / MEGABYTE,
            "keys": keys,
            "worker MB": largest([worker.pid for worker in fleet.workers if worker.is_running]),
            "slot MB": largest([pid for worker in fleet.workers for pid in slots(worker)]),
            "sidecar MB": largest([pid for worker in fleet.workers for pid in sidecars(worker)]),
            "client MB": largest([os.getpid()]),
        }
    return dict.fromkeys(("server MB", "keys", "worker MB", "slot MB", "sidecar MB", "client MB"), 0.0)


def slots(worker: Worker) -> list[int]:
    """Its children that run steps, if it lives."""
    with suppress(OSError):
        return worker.slots
    return []


def sidecars(worker: Worker) -> list[int]:
    """Its sidecar, if there is one just now."""
    with suppress(OSError, AssertionError):
        return [worker.sidecar]
    return []


def largest(pids: list[int]) -> float:
    """The largest of them, in MB."""
    sizes = [0]
    for pid in pids:
        with suppress(OSError):
            sizes.append(resident_bytes(pid))
    return max(sizes) / MEGABYTE


def say(text: str) -> None:
    """To whoever watches."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
