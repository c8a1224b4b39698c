"""How long questions to a large history take, and how many bytes it has: ``python -m benchmarks.history [URL]``.

Without an address it measures a SQLite file; with that of an empty PostgreSQL database it measures that.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assetflow.keys import AssetKey
from assetflow.runs.entries import AttemptEntry, Entries, FactEntry, MaterializationEntry, Move, Place, RunEntry
from assetflow.stores.sql.history import SqlHistory, open_history

RUNS, STEPS = 10_000, 10  # each step makes one asset
_METADATA = '{"path":{"type":"path","value":"/data/storage/group/asset"},"rows":{"type":"int","value":336776}}'
_DETAIL = (
    '{"slot":"42f316456666f04d:97588166ea22e0d9","started":1795646223.194258,"seconds":0.001052003000950208,'
    f'"outputs":[{{"output":0,"key":["group","asset"],"version":"0006612177468fe9-769f11b6","metadata":{_METADATA}}}]}}'
)


def name_of(step: int, run: int) -> AssetKey:
    """Ten times as many assets as a run makes."""
    return AssetKey(["group", f"asset_{step}_{run % 10}"])


def entries_of(run: int) -> Entries:
    """What one run leaves."""
    run_id, born = f"R{run:025d}", 1_795_646_223_000 + run
    found = Entries(moves=[Move(run_id, None, Place(born, f"{born}-{STEPS}"))])
    found.runs.append(
        RunEntry(
            run_id,
            "SUCCEEDED",
            born / 1000,
            born / 1000,
            born / 1000 + 1,
            "default",
            "__ASSET_JOB",
            "*",
            "project",
            "",
            STEPS,
            STEPS,
            0,
            "{}",
            None,
            b"p" * 600,
        )
    )
    for step in range(STEPS):
        token = born * 1000 + step
        key = name_of(step, run)
        found.facts.append(
            FactEntry(run_id, born, born, step, born / 1000, "step_succeeded", str(step), token, _DETAIL)
        )
        found.attempts.append(
            AttemptEntry(
                run_id,
                step,
                token,
                key.to_python_identifier(),
                "succeeded",
                0,
                "worker:slot",
                born / 1000,
                born / 1000,
                0.1,
                None,
            )
        )
        found.materializations.append(
            MaterializationEntry(
                key.to_string(),
                "default",
                "",
                run_id,
                step,
                key.to_python_identifier(),
                token,
                step,
                0,
                born / 1000,
                0.1,
                1000,
                "/data/storage/group/asset",
                "0006612177468fe9-769f11b6",
                None,
                None,
                None,
                _METADATA,
                "{}",
                "[]",
            )
        )
    return found


def filled(history: SqlHistory) -> float:
    """Record all runs, 400 at a time; seconds."""
    began = time.perf_counter()
    for first in range(0, RUNS, 400):
        together = Entries()
        for run in range(first, min(first + 400, RUNS)):
            one = entries_of(run)
            for name in ("moves", "runs", "facts", "attempts", "materializations"):
                getattr(together, name).extend(getattr(one, name))
        assert history.log.record(together)
    return time.perf_counter() - began


def milliseconds(ask: Callable[[], Any]) -> tuple[float, float]:
    """The median and the slowest of twenty."""
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return round(sorted(taken)[10], 2), round(max(taken), 2)


def main() -> None:
    """Fill a history, and ask it what an asset's page asks."""
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path(folder) / 'history.db'}"
        history = open_history(url)
        assert history is not None
        seconds = filled(history)
        keys = sorted({name_of(step, run) for step in range(STEPS) for run in range(10)})
        some_run = f"R{RUNS // 2:025d}"
        questions: dict[str, Callable[[], Any]] = {
            "how all assets stand": lambda: history.catalog.states(keys),
            "the latest of each asset": lambda: history.catalog.latest(keys),
            "the last 50 of one asset": lambda: history.catalog.materializations(keys[7], limit=50),
            "the steps of a run": lambda: history.log.attempts(some_run),
            "what a run made": lambda: history.catalog.made_in(some_run),
            "the last 50 runs": lambda: history.log.runs(50),
            "all facts of a run": lambda: history.log.facts(some_run),
        }
        figures = history.log.figures()
        about = {"database": history.database.title.partition(":")[0], "materializations": figures["materializations"]}
        recorded = {
            "recorded_steps_a_second": round(RUNS * STEPS / seconds),
            "bytes_a_step": round((figures["bytes"] or 0) / (RUNS * STEPS)),
        }
        print(json.dumps({**about, "runs": RUNS, "megabytes": round((figures["bytes"] or 0) / 1e6, 1), **recorded}))
        for name, ask in questions.items():
            median, slowest = milliseconds(ask)
            print(json.dumps({"question": name, "median_ms": median, "slowest_ms": slowest}))
        history.close()


if __name__ == "__main__":
    main()
