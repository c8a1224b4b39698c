"""A picture of the throughputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib

from benchmarks.workloads import Shape

matplotlib.use("Agg")


def draw(found: Mapping[Shape, Mapping[str, float]], path: Path) -> None:
    """Bars of steps a second for each workload and peer, on a logarithmic scale."""
    import matplotlib.pyplot as plt

    names = list(next(iter(found.values())))
    figure, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        places = [index + (number - (len(names) - 1) / 2) * width for index in range(len(found))]
        bars = axes.bar(places, [speeds[name] for speeds in found.values()], width * 0.92, label=name)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=2)
    axes.set_yscale("log")
    axes.set_xticks(range(len(found)), [f"{shape.name} {shape.what}" for shape in found])
    axes.set_ylabel("steps a second")
    axes.set_title("Steps that do nothing, two worker processes: what the framework costs")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=len(names), loc="upper center", bbox_to_anchor=(0.5, -0.1))
    figure.savefig(path, dpi=150)
    plt.close(figure)
