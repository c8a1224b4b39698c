"""What keeping a history costs a run, and how long after its end it is known there: ``python -m benchmarks.recording``.

Two clusters stand side by side, one with a history and one without, and take turns run by run; the next run waits until
the one before is recorded. So both have the same neighbours and the same weather.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from assetflow import local_cluster, submit
from assetflow.client import active_connection
from assetflow.clock import wait_until
from assetflow.runs.event_log import EventLog
from assetflow.stores.sql.history import open_history
from assetflow.wiring import Connection
from benchmarks.workloads import Shape, assets_of, flat, layered

_WARM_UP = 4


@dataclass(slots=True)
class Found:
    """Seconds of each run.

    Attributes:
        kept, plain: with a history, and without one.
        lags: from the end of a run until the history has its end too.
    """

    kept: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """How much longer a run takes with a history than the one beside it without: 0.1 is a tenth; the median."""
        return statistics.median(kept / plain for kept, plain in zip(self.kept, self.plain, strict=True)) - 1


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="pairs of runs of each shape (default 40)")
    options = parser.parse_args()
    table = Table(title="what a history costs", title_justify="left", box=None, padding=(0, 3, 0, 0))
    for name in ("workload", "ms without", "ms with", "quickest", "cost", "lag p50 ms", "lag max ms"):
        table.add_column(name, justify="left" if name == "workload" else "right")
    with clusters() as (kept, plain):
        for shape in (flat(), layered()):
            found = measure(shape, kept, plain, options.rounds)
            table.add_row(
                f"{shape.name} {shape.what}",
                f"{statistics.median(found.plain) * 1000:,.0f}",
                f"{statistics.median(found.kept) * 1000:,.0f}",
                f"{min(found.plain) * 1000:,.0f} / {min(found.kept) * 1000:,.0f}",
                f"{found.cost:+.1%}",
                f"{statistics.median(found.lags) * 1000:,.0f}",
                f"{max(found.lags) * 1000:,.0f}",
            )
    Console(width=140).print(table)


@contextmanager
def clusters() -> Iterator[tuple[Connection, Connection]]:
    """One with a history and one without."""
    with tempfile.TemporaryDirectory(prefix="af-recording-") as name:
        with local_cluster(directory=Path(name) / "kept") as kept:
            os.environ["ASSETFLOW_DATABASE_URL"] = "none"
            try:
                with local_cluster(directory=Path(name) / "plain") as plain:
                    yield kept.connection, plain.connection
            finally:
                del os.environ["ASSETFLOW_DATABASE_URL"]


def measure(shape: Shape, kept: Connection, plain: Connection, rounds: int) -> Found:
    """Run a shape on both in turn; who comes first changes from round to round."""
    found, log = Found(), log_of(kept)
    for number in range(rounds + _WARM_UP):
        pair: dict[bool, float] = {}
        for is_kept in (True, False) if number % 2 else (False, True):
            pair[is_kept], run_id = run(shape, kept if is_kept else plain)
            if is_kept:
                lag = recorded(log, run_id)
        if number >= _WARM_UP:
            found.kept.append(pair[True])
            found.plain.append(pair[False])
            found.lags.append(lag)
    return found


def run(shape: Shape, connection: Connection) -> tuple[float, str]:
    """Seconds of a run, and its id."""
    assets = assets_of(shape)
    token = active_connection.set(connection)
    try:
        began = perf_counter()
        handle = submit(assets)
        handle.wait(timeout=300)
        return perf_counter() - began, handle.id
    finally:
        active_connection.reset(token)


def log_of(connection: Connection) -> EventLog:
    """Where the runs of a cluster are recorded."""
    url = connection.settings.history_url
    history = None if url is None else open_history(url)
    assert history is not None, "this cluster keeps one"
    return history.log


def recorded(log: EventLog, run_id: str) -> float:
    """Seconds until the history has the end of a run."""
    began = perf_counter()

    def has_end() -> bool:
        entry = log.run(run_id)
        return entry is not None and entry.ended is not None

    if not wait_until(has_end, timeout=60, every=0.01):
        raise TimeoutError(f"run {run_id} was not recorded within a minute")
    return perf_counter() - began


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main()
