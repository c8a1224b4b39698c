"""W5: large arrays from step to step. ``python -m benchmarks.payload``, a minute or two.

Twenty layers of four steps; each reads the arrays of two steps of the layer before, and makes one of 10 MB. Counted is
what is read, in MB a second. ``--far`` adds an S3 that answers after 30 ms and moves 90 MB a second over a connection,
as one does in another building; that takes two minutes a round.
"""

from __future__ import annotations

import argparse
import logging
import pickle
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy
from rich.console import Console
from rich.table import Table

from assetflow import AssetIn, AssetsDefinition, Definitions, FilesystemIOManager, asset, local_cluster, submit
from assetflow.io.byte_cache import ByteCache
from assetflow.io.s3.s3_io_manager import S3IOManager

LAYERS, WIDTH, NUMBERS = 20, 4, 10 * 2**20 // 8
MEGABYTES = (LAYERS - 1) * WIDTH * 2 * NUMBERS * 8 / 1e6


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.payload", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds after the warm-up (default 3)")
    parser.add_argument("--without-s3", action="store_true", help="leave S3 out")
    parser.add_argument("--far", action="store_true", help="S3 behind a slow line, too")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    table = Table(title="W5, MB a second of edges, two processes", title_justify="left", box=None, padding=(0, 3, 0, 0))
    for name in ("what", "MB/s", "x bare files"):
        table.add_column(name, justify="left" if name == "what" else "right")
    with tempfile.TemporaryDirectory(prefix="af-payload-") as name:
        found = measure(Path(name), options.rounds, with_s3=not options.without_s3, far=options.far)
    for what, speed in found.items():
        table.add_row(what, f"{speed:,.0f}", f"{speed / found['bare files']:.2f}")
    Console(width=100).print(table)


def measure(folder: Path, rounds: int, *, with_s3: bool, far: bool = False) -> dict[str, float]:
    """MB a second of each, the median of the rounds; they take turns."""
    with local_cluster(workers=2, directory=folder / "home"), _buckets(folder, with_s3, far) as buckets:
        runners: dict[str, Callable[[int], None]] = {
            "bare files": lambda turn: bare(folder / f"bare-{turn}"),
            "assetflow, disk": lambda turn: run(FilesystemIOManager(folder / f"disk-{turn}")),
        }
        cache = ByteCache(folder / "cache", 4 * 2**30)
        for where, s3 in buckets.items():
            runners[where] = lambda turn, s3=s3: run(S3IOManager(prefix=f"plain-{turn}", **s3))  # type: ignore[misc]
            runners[f"{where}, with cache"] = lambda turn, s3=s3: run(  # type: ignore[misc]
                S3IOManager(prefix=f"kept-{turn}", cache=cache, **s3)
            )
        seconds: dict[str, list[float]] = {what: [] for what in runners}
        for turn in range(rounds + 1):
            for what, work in runners.items():
                began = perf_counter()
                work(turn)
                if turn:
                    seconds[what].append(perf_counter() - began)
    return {what: MEGABYTES / statistics.median(found) for what, found in seconds.items()}


@contextmanager
def _buckets(folder: Path, wanted: bool, far: bool) -> Iterator[dict[str, dict[str, Any]]]:
    """Name of each S3, and what an IO manager is told of it."""
    if not wanted:
        yield {}
        return
    proxy = import_module("tests.support.s3_proxy")

    def slow(asked: Any) -> Any:
        size = NUMBERS * 8 if asked.method == "GET" else asked.size
        return proxy.Fault(stall=0.03 + size / 90e6)

    with import_module("tests.support.s3").SeaweedFS(folder / "s3") as server, ExitStack() as stack:
        found = {"assetflow, S3": {**server.options, "bucket": server.bucket("near")}}
        if far:
            line = stack.enter_context(proxy.S3Proxy(server.options["endpoint_url"], slow))
            found["assetflow, far S3"] = {**server.options, "bucket": server.bucket("far"), "endpoint_url": line.url}
        yield found


def run(manager: Any) -> None:
    """All of it with assetflow."""
    submit(Definitions(assets=assets(), resources={"io_manager": manager})).wait(timeout=600)


def assets() -> list[AssetsDefinition]:
    """The steps."""
    return [_step(layer, column) for layer in range(LAYERS) for column in range(WIDTH)]


def _step(layer: int, column: int) -> AssetsDefinition:
    needs = (column, (column + 1) % WIDTH) if layer else ()
    ins = {f"in_{place}": AssetIn(f"array_{layer - 1}_{other}") for place, other in enumerate(needs)}
    return asset(name=f"array_{layer}_{column}", ins=ins)(compute)


def compute(**inputs: Any) -> Any:
    """The work itself."""
    return numpy.full(NUMBERS, 1.0 + sum(float(value[0]) for value in inputs.values()))


def bare(folder: Path) -> None:
    """The same with files, two processes, and nothing else."""
    folder.mkdir()
    with ProcessPoolExecutor(2) as pool:
        for layer in range(LAYERS):
            list(pool.map(_bare_step, [(folder, layer, column) for column in range(WIDTH)]))


def _bare_step(place: tuple[Path, int, int]) -> None:
    folder, layer, column = place
    needs = (column, (column + 1) % WIDTH) if layer else ()
    inputs = [pickle.loads((folder / f"{layer - 1}-{other}").read_bytes()) for other in needs]
    value = compute(**{f"in_{number}": found for number, found in enumerate(inputs)})
    hidden = folder / f".{layer}-{column}"
    with hidden.open("wb") as file:
        pickle.dump(value, file, protocol=5)
    hidden.rename(folder / f"{layer}-{column}")


if __name__ == "__main__":
    main()
