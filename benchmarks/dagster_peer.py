"""The other peer: the same steps as assets of Dagster, on dagster-celery.

Run by the Python of an environment of its own: ``python benchmarks/dagster_peer.py SHAPE SOCKET HOME`` starts a worker
with two processes, runs the shape once to warm up and then again, and prints the seconds of each run as a JSON list.
SHAPE is a JSON file with the parents of every step.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SHAPE, SOCKET, HOME = (
    (Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
    if __name__ == "__main__"
    else (Path(os.environ["BENCH_SHAPE"]), os.environ["BENCH_SOCKET"], Path(os.environ["BENCH_HOME"]))
)
BROKER = f"redis+socket://{SOCKET}?virtual_host=5"
ROUNDS = 3


def make_job() -> Any:
    """A job of one asset for each step, with values pickled by the file system's IO manager."""
    from dagster import AssetIn, Definitions, FilesystemIOManager, asset, define_asset_job
    from dagster_celery import celery_executor

    parents = json.loads(SHAPE.read_text())

    def step(index: int) -> Any:
        @asset(name=f"step_{index}", ins={f"p{parent}": AssetIn(f"step_{parent}") for parent in parents[index]})
        def made(**inputs: int) -> int:
            return 1 + sum(inputs.values()) % 1_000

        return made

    executor = celery_executor.configured({"broker": BROKER, "backend": BROKER})
    definitions = Definitions(
        assets=[step(index) for index in range(len(parents))],
        jobs=[define_asset_job("everything", executor_def=executor)],
        resources={"io_manager": FilesystemIOManager(base_dir=str(HOME / "values"))},
    )
    return definitions.get_job_def("everything")


def main() -> None:
    """Measure."""
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    # The file that `dagster-celery worker start` writes.
    (HOME / "dagster_celery_config.py").write_text(f"broker_url = {BROKER!r}\nresult_backend = {BROKER!r}\n")
    place = {"DAGSTER_HOME": str(HOME), "BENCH_SHAPE": str(SHAPE), "BENCH_SOCKET": SOCKET, "BENCH_HOME": str(HOME)}
    os.environ.update(place, C_FORCE_ROOT="1", PYTHONPATH=f"{Path(__file__).parent}:{HOME}")
    _make_tables()
    command = [
        sys.executable, "-m", "celery", "-A", "dagster_celery.app", "worker", "--queues", "dagster",
        "--concurrency", "2", "--loglevel", "ERROR",
    ]  # fmt: skip
    with (HOME / "worker.log").open("ab") as log:
        worker = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        print(json.dumps([_run() for _ in range(ROUNDS + 1)][1:]))
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(30)


def _make_tables() -> None:
    """Before there are several processes that would all do it."""
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        instance.get_runs(limit=1)
        instance.all_asset_keys()


def _run() -> float:
    from dagster import DagsterInstance, execute_job, reconstructable

    sys.path.insert(0, str(Path(__file__).parent))
    job = reconstructable(__import__("dagster_peer").make_job)
    with DagsterInstance.get() as instance:
        began = time.perf_counter()
        with execute_job(job, instance=instance) as result:
            seconds = time.perf_counter() - began
            if not result.success:
                raise RuntimeError("a run of Dagster failed; its worker's log is in the benchmark's folder")
    return seconds


if __name__ == "__main__":
    main()
