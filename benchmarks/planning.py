"""W6: load a file of many assets, resolve and plan them; seconds and peak memory, each in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

from assetflow.code.modules import load_file
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.planner import make_plan

_FILE = """
from benchmarks.workloads import assets_of, layered

assets = assets_of(layered(layers={layers}, width=50))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What planning so many assets took.

    Attributes:
        define, resolve, plan: seconds; to define is to load the file.
        peak_mb: of the whole process, the interpreter included.
        allocated_mb: the most that Python objects took at once, measured in a second, slower run.
    """

    count: int
    define: float
    resolve: float
    plan: float
    peak_mb: float
    allocated_mb: float

    @property
    def seconds(self) -> float:
        """All three."""
        return self.define + self.resolve + self.plan


def measure(count: int) -> Planning:
    """Plan `count` assets in layers of 50."""
    timed, traced = _in_a_process(count, "time"), _in_a_process(count, "memory")
    return Planning(count=count, **{**timed, "allocated_mb": traced["allocated_mb"]})


def _in_a_process(count: int, what: str) -> dict[str, float]:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "benchmarks.planning", str(count), what]
    answer = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(answer)
    return found


def _main(count: int, what: str) -> None:
    if what == "memory":
        tracemalloc.start()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.py"
        file.write_text(_FILE.format(layers=count // 50))
        began = time.perf_counter()
        definitions, _ = load_file(file)
        defined = time.perf_counter()
    graph: AssetGraph = definitions.graph()
    resolved = time.perf_counter()
    plan = make_plan(graph, graph.materializable_keys)
    planned = time.perf_counter()
    assert len(plan.steps) == count
    print(
        json.dumps(
            {
                "define": defined - began,
                "resolve": resolved - defined,
                "plan": planned - resolved,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "allocated_mb": tracemalloc.get_traced_memory()[1] / 1e6 if what == "memory" else 0.0,
            }
        )
    )


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2])
