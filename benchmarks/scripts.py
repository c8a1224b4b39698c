"""What one call of each script costs the server, and what a step costs its memory.

``python -m benchmarks.scripts``: microseconds a call as the server counts them, for runs of 100 and of 50,000 steps.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from rich.console import Console
from rich.table import Table

from assetflow.local.valkey import Valkey
from assetflow.runs.claims import Advance, Claim, Outcome, Resync
from assetflow.runs.store import NewRun, Proof, StepRow
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.run_store import RedisRunStore

SIZES = (100, 50_000)
CALLS = 30
BATCH = 16


class Meter:
    """Counts what calls cost the server."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.found: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Microseconds a call of all scripts inside the block."""
        self._client.config_resetstat()
        yield
        stats = self._client.info("commandstats")
        rows = [stats[key] for key in ("cmdstat_evalsha", "cmdstat_eval") if key in stats]
        self.found[name] = sum(row["usec"] for row in rows) / max(1, sum(row["calls"] for row in rows))


def measure(client: redis.Redis, size: int) -> tuple[dict[str, float], float]:
    """Microseconds a call by verb, and bytes a step once half of the run is done."""
    client.flushdb()
    client.hset("af:q", "default", 2)
    store, meter = RedisRunStore(client), Meter(client)
    half = size // 2
    rows = tuple(StepRow(1, 0, 0 if index < half else 1) for index in range(size))
    run = NewRun(
        run_id="RUN", envelope=b"x" * 60 * size, fingerprint="f", queues=("default",), steps=rows, outputs=size
    )
    with meter.of("create"):
        store.create(run)
    batch, held = 1, store.advance("RUN", Advance("w:1", 1, want=BATCH, nonce=1)).claims
    with meter.of(f"advance: settle and claim {BATCH}"):
        for _ in range(min(CALLS, half // BATCH - 2)):
            batch += 1
            outcomes = tuple(_done(claim, half) for claim in held)
            held = store.advance("RUN", Advance("w:1", batch, outcomes, want=BATCH, nonce=batch * 100)).claims
    with meter.of("advance: nothing to do"):
        for _ in range(CALLS):
            batch += 1
            store.advance("RUN", Advance("w:1", batch))
    with meter.of("holds"):
        _times(lambda: store.holds("RUN", "w:1", held[0].step, held[0].nonce))
    with meter.of("tick"):
        _times(lambda: store.tick("RUN", ["default"]))
    with meter.of("resync"):
        for _ in range(CALLS):
            batch += 1
            store.resync("RUN", Resync("w:1", batch))
    memory = sum(client.memory_usage(key, samples=0) or 0 for key in client.scan_iter("af:RUN:*"))
    with meter.of("reclaim"):
        _times(lambda: store.reclaim("RUN", "w:1", Proof.WORKER_DIED))
    with meter.of("pause"):
        store.pause("RUN")
    with meter.of("resume"):
        store.resume("RUN")
    with meter.of("cancel"):
        store.cancel("RUN")
    return meter.found, memory / size


def _done(claim: Claim, half: int) -> Outcome:
    unlocks = (claim.step + half,) if claim.step < half else ()
    return Outcome(claim.step, claim.nonce, "S", emitted=(claim.step,), unlocks=unlocks, detail='{"seconds":0.001}')


def _times(call: Callable[[], object]) -> None:
    for _ in range(CALLS):
        call()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="af-bench-") as name, Valkey(Path(name), fsync="no") as server:
        client = connect(server.url)
        measure(client, SIZES[0])  # to load the scripts
        found = {size: measure(client, size) for size in SIZES}
    table = Table(title="microseconds a call, on the server", title_justify="left", box=None, padding=(0, 3, 0, 0))
    table.add_column("script")
    for size in SIZES:
        table.add_column(f"{size:,} steps", justify="right")
    for name in found[SIZES[0]][0]:
        table.add_row(name, *(f"{found[size][0][name]:,.0f}" for size in SIZES))
    table.add_row("bytes a step", *(f"{found[size][1]:,.0f}" for size in SIZES))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
