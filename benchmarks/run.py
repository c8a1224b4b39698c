"""Measure, and print a table. ``python -m benchmarks.run --help``."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from assetflow import local_cluster, submit
from assetflow.local.valkey import Valkey
from benchmarks.bare import Bare
from benchmarks.drawing import draw
from benchmarks.floors import show_floors
from benchmarks.in_process import compare
from benchmarks.planning import Planning, measure
from benchmarks.raw_celery import RawCelery
from benchmarks.workloads import (
    Shape,
    assets_of,
    backfill,
    chain,
    expected,
    flat,
    handed_on,
    layered,
    results,
    single,
    stored,
)

TURNS = 12
ROUND_TRIPS = 30  # that count, in each turn
AWAKENING = 5  # that do not
WARM_UP = 30  # before the first turn
PEERS = ("raw Celery", "bare, one call", "bare, 16 a call", "assetflow")

Runner = Callable[[Shape], float]


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--only", action="append", metavar="W", help="W1, W2, W3, W4, W6, W7 or P; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds after the warm-up (default 3)")
    parser.add_argument("--without", action="append", default=[], choices=PEERS, help="leave a peer out")
    parser.add_argument("--dagster", metavar="PYTHON", help="a Python with dagster-celery, to measure that too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the table of throughputs into an SVG or PNG")
    parser.add_argument("--large", action="store_true", help="W1 with 10,000 steps too")
    parser.add_argument("--hold", action="store_true", help="end with 1 if a floor does not hold")
    options = parser.parse_args()
    chosen = options.only or ["W1", "W2", "W3", "W4", "W6", "W7", "P"]
    console = Console(width=160)
    shapes = [shape for shape in (flat(), chain(), handed_on(), layered(), backfill()) if shape.name[:2] in chosen]
    if options.large:
        shapes.append(flat(10_000))
    if "P" in chosen:
        show_in_process(console, options.rounds)
    if chosen == ["P"]:
        return
    figures: dict[str, float] = {}
    with peers([name for name in PEERS if name not in options.without]) as runners:
        if "W4" in chosen:  # before there are thousands of steps to be recorded, which goes on beside what comes next
            trips = round_trips(runners)
            show_round_trips(console, trips)
            if _has_both(trips):
                figures["W4"] = ratios(trips, "raw Celery")[1]
        if shapes:
            found = {shape: throughput(runners, shape, options.rounds) for shape in shapes}
            if options.dagster:
                for shape in shapes:
                    found[shape] = {"dagster-celery": dagster_celery(shape, options.dagster), **found[shape]}
            show_throughput(console, found)
            figures |= {shape.name: times_raw_celery(speeds) for shape, speeds in found.items() if _has_both(speeds)}
            if isinstance(own := runners.get("assetflow"), Assetflow) and "W7" in own.accepted:
                figures["W7 accepted"] = statistics.median(own.accepted["W7"])
            if options.plot:
                draw(found, options.plot)
    if "W6" in chosen:
        many = show_planning(console)
        figures |= {"W6": many.seconds, "W6 memory": many.peak_mb}
    if not show_floors(console, figures) and options.hold:
        sys.exit(1)


@contextmanager
def peers(names: list[str]) -> Iterator[dict[str, Runner]]:
    """All peers on one machine, each ready to run a shape; they take turns, and idle in between."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="af-bench-")))
        data = _Folders(folder / "data")
        runners: dict[str, Runner] = {}
        # The same server, with the same durability, as the embedded cluster starts for itself.
        server = stack.enter_context(Valkey(folder / "valkey", fsync="always"))
        socket = server.url.removeprefix("unix://").partition("?")[0]
        if "raw Celery" in names:
            raw = stack.enter_context(RawCelery(socket, folder / "raw_celery.log"))
            runners["raw Celery"] = lambda shape: _raw_celery(raw, shape, data)
        for name, batch in (("bare, one call", 1), ("bare, 16 a call", 16)):
            if name in names:
                bare = stack.enter_context(Bare(socket, batch))
                runners[name] = lambda shape, bare=bare: data.checked(shape, bare.run)  # type: ignore[misc]
        if "assetflow" in names:
            stack.enter_context(local_cluster(workers=2, directory=folder / "assetflow"))
            runners["assetflow"] = Assetflow(folder / "assetflow" / "storage")
        yield runners


class _Folders:
    """A new folder for each run of a peer, removed once its values are checked."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._count = 0

    def checked(self, shape: Shape, run: Callable[[Shape, Path], float]) -> float:
        self._count += 1
        folder = self._root / str(self._count)
        seconds = run(shape, folder)
        _check_and_remove(folder, shape, results(folder, shape))
        return seconds


class Assetflow:
    """Runs shapes on the cluster around.

    Args:
        storage: where it stores values.

    Attributes:
        accepted: seconds until each run was accepted, by workload.
    """

    def __init__(self, storage: Path) -> None:
        self._storage = storage
        self.accepted: dict[str, list[float]] = {}

    def __call__(self, shape: Shape) -> float:
        """Seconds until the client knows that all of it is published."""
        assets = assets_of(shape)
        began = perf_counter()
        handle = submit(assets, partitions="all" if shape.length else None)
        accepted = perf_counter() - began
        handle.wait(timeout=300)
        seconds = perf_counter() - began
        self.accepted.setdefault(shape.name, []).append(accepted)
        # As those of the peers, so that all of them write where nothing is yet.
        _check_and_remove(self._storage, shape, stored(self._storage, shape))
        return seconds


def _check_and_remove(folder: Path, shape: Shape, values: Iterable[Any]) -> None:
    if list(values) != expected(shape):
        raise AssertionError(f"a peer has come to wrong values in {shape.what}")
    shutil.rmtree(folder)


def _raw_celery(raw: RawCelery, shape: Shape, data: _Folders) -> float:
    return data.checked(shape, lambda shape, folder: raw.run(shape, folder, canvas=shape.name == "W2"))


def throughput(runners: dict[str, Runner], shape: Shape, rounds: int) -> dict[str, float]:
    """Steps a second for each peer: the median of the rounds after a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for number in range(rounds + 1):
        for name, run in runners.items():
            took = run(shape)
            if number:
                seconds[name].append(took)
    return {name: len(shape.parents) / statistics.median(found) for name, found in seconds.items()}


def dagster_celery(shape: Shape, python: str) -> float:
    """Steps a second of a smaller shape of the same kind: a step takes it a fraction of a second."""
    small = {"W1": flat(40), "W2": chain(8), "W3": layered(4, 10), "W7": backfill(4, 5)}[shape.name[:2]]
    with tempfile.TemporaryDirectory(prefix="af-bench-") as name, Valkey(Path(name) / "valkey") as server:
        folder = Path(name)
        socket = server.url.removeprefix("unix://").partition("?")[0]
        (folder / "shape.json").write_text(json.dumps(small.parents))
        script = Path(__file__).with_name("dagster_peer.py")
        command = [python, str(script), str(folder / "shape.json"), socket, str(folder / "home")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return len(small.parents) / statistics.median(seconds)


def round_trips(runners: dict[str, Runner], turns: int = TURNS) -> dict[str, list[list[float]]]:
    """Milliseconds of round trips of one step, in turns: a machine is not as fast in one half second as in the next.

    Before a peer is measured it has some that do not count, so that its processes are awake, as the others' are.
    """
    shape = single()
    taking_part = {name: run for name, run in runners.items() if name != "bare, 16 a call"}  # one step is no batch
    for run in taking_part.values():
        for _ in range(WARM_UP):
            run(shape)
    found: dict[str, list[list[float]]] = {name: [] for name in taking_part}
    for _ in range(turns):
        for name, run in taking_part.items():
            trips = [run(shape) * 1000 for _ in range(AWAKENING + ROUND_TRIPS)]
            found[name].append(trips[AWAKENING:])
    return found


def show_throughput(console: Console, found: dict[Shape, dict[str, float]]) -> None:
    """Steps a second, and how many times the others assetflow does."""
    table = Table(title="steps a second, two worker processes", title_justify="left", box=None, padding=(0, 3, 0, 0))
    names = list(next(iter(found.values())))
    table.add_column("workload")
    for name in names:
        table.add_column(name, justify="right")
    others = [name for name in names if name != "assetflow"] if "assetflow" in names else []
    for name in others:
        table.add_column(f"x {name}", justify="right", style="bold")
    for shape, speeds in found.items():
        ratios = [f"{speeds['assetflow'] / speeds[name]:.2f}" for name in others]
        table.add_row(f"{shape.name} {shape.what}", *(f"{speeds[name]:,.0f}" for name in names), *ratios)
    console.print(table)
    console.print()


def show_in_process(console: Console, rounds: int) -> None:
    """``materialize()`` against a bare loop, on the disk and in memory."""
    table = Table(title="steps a second in one process", title_justify="left", box=None, padding=(0, 3, 0, 0))
    for name in ("workload", "files on", "bare loop", "materialize()", "bare / materialize()"):
        table.add_column(name, justify="left" if name in ("workload", "files on") else "right")
    memory = Path("/dev/shm")
    for shape in (flat(), chain(), layered()):
        for label, folder in (("disk", None), ("memory", memory)):
            if folder is None or folder.is_dir():
                found = compare(shape, rounds, folder)
                cells = (f"{found.bare:,.0f}", f"{found.assetflow:,.0f}", f"{found.ratio:.1f}")
                table.add_row(f"{shape.name} {shape.what}", label, *cells)
    console.print(table)
    console.print()


def show_round_trips(console: Console, found: dict[str, list[list[float]]]) -> None:
    """Median and 95th percentile of all, and the median of the turns' ratios, with the quarters it lies between."""
    table = Table(
        title="W4, milliseconds from submission to known", title_justify="left", box=None, padding=(0, 3, 0, 0)
    )
    for name in ("peer", "p50", "p95", "assetflow x", "in half of the turns"):
        table.add_column(name, justify="left" if name == "peer" else "right")
    for name, turns in found.items():
        times = sorted(time for turn in turns for time in turn)
        ratio = between = ""
        if "assetflow" in found and name != "assetflow":
            low, middle, high = ratios(found, name)
            ratio, between = f"{middle:.2f}", f"{low:.2f} to {high:.2f}"
        table.add_row(name, f"{statistics.median(times):.2f}", f"{times[int(len(times) * 0.95)]:.2f}", ratio, between)
    console.print(table)
    console.print()


def ratios(found: dict[str, list[list[float]]], peer: str) -> tuple[float, float, float]:
    """How many times as long as a peer assetflow takes, turn by turn: the quarters, the median among them."""
    pairs = zip(found["assetflow"], found[peer], strict=True)
    each = (statistics.median(own) / statistics.median(other) for own, other in pairs)
    low, middle, high = statistics.quantiles(each, n=4, method="inclusive")
    return low, middle, high


def times_raw_celery(speeds: dict[str, float]) -> float:
    """How many times raw Celery's steps a second assetflow does."""
    return speeds["assetflow"] / speeds["raw Celery"]


def _has_both(found: dict[str, Any]) -> bool:
    return {"assetflow", "raw Celery"} <= found.keys()


def show_planning(console: Console) -> Planning:
    """Seconds and memory for 10,000 and 50,000 assets; those of the latter are given back."""
    table = Table(title="W6, define + resolve + plan", title_justify="left", box=None, padding=(0, 3, 0, 0))
    for name in ("assets", "define s", "resolve s", "plan s", "together s", "process MB", "objects MB"):
        table.add_column(name, justify="right")
    for count in (10_000, 50_000):
        found = measure(count)
        numbers = (found.define, found.resolve, found.plan, found.seconds)
        sizes = (found.peak_mb, found.allocated_mb)
        table.add_row(f"{count:,}", *(f"{value:.2f}" for value in numbers), *(f"{value:.0f}" for value in sizes))
    console.print(table)
    console.print()
    return found


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main()
