"""``materialize()`` in one process against the same steps in a bare loop, on the same disk, taking turns."""

from __future__ import annotations

import gc
import shutil
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from assetflow import FilesystemIOManager, materialize
from benchmarks.workloads import Shape, assets_of, execute, expected


@dataclass(frozen=True, slots=True)
class InProcess:
    """Steps a second: medians of the rounds."""

    shape: Shape
    bare: float
    assetflow: float

    @property
    def ratio(self) -> float:
        """How many times as long a step takes as in the bare loop."""
        return self.bare / self.assetflow


def compare(shape: Shape, rounds: int, folder: Path | None = None) -> InProcess:
    """Measure both, one after the other in each round, after a round to warm up.

    Args:
        folder: on whose disk values are kept; None for that of temporary files.
    """
    found: dict[str, list[float]] = {"bare": [], "assetflow": []}
    for number in range(rounds + 1):
        for name, run in (("bare", _bare), ("assetflow", _assetflow)):
            seconds = _timed(shape, run, folder)
            if number:
                found[name].append(len(shape.parents) / seconds)
    return InProcess(shape, statistics.median(found["bare"]), statistics.median(found["assetflow"]))


def _timed(shape: Shape, run: Callable[[Shape, Path], float], folder: Path | None) -> float:
    place = Path(tempfile.mkdtemp(prefix="af-bench-", dir=folder))
    gc.collect()
    try:
        return run(shape, place)
    finally:
        shutil.rmtree(place)


def _bare(shape: Shape, folder: Path) -> float:
    began = perf_counter()
    for step, parents in enumerate(shape.parents):
        execute(folder, step, parents)
    return perf_counter() - began


def _assetflow(shape: Shape, folder: Path) -> float:
    assets = assets_of(shape)
    began = perf_counter()
    result = materialize(assets, resources={"io_manager": FilesystemIOManager(folder)})
    seconds = perf_counter() - began
    if [result.asset_value(asset.key) for asset in assets] != expected(shape):
        raise AssertionError(f"wrong values in {shape.what}")
    return seconds
