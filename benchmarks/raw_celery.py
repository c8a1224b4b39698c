"""The peer: the same steps on Celery as an expert would write them, without assetflow.

Tuned: JSON messages, no results, early acknowledgement, no events, gossip, mingle or heartbeats, one priority
list, a wide prefetch, hiredis, a Unix socket. Completion is a counter in the same server and a list the client
blocks on, which is faster than Celery's result backend.

* W1 is a ``group``.
* W2 is a ``chain``; W2b is the same with each step announcing the next, as in W3.
* W3 keeps a counter for each step: whoever brings it to zero announces the step.
* W4 is one message out and one list element back.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import redis
from celery import Celery, group
from celery import chain as celery_chain

from assetflow.clock import wait_until
from benchmarks.workloads import Shape, execute

_SOCKET = os.environ.get("BENCH_SOCKET", "")
_DONE = "bench:done"

app = Celery("benchmarks.raw_celery", broker=f"redis+socket://{_SOCKET}?virtual_host=1")
app.conf.update(
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=False,
    task_serializer="json",
    accept_content=["json"],
    task_publish_retry=False,
    worker_send_task_events=False,
    task_send_sent_event=False,
    worker_prefetch_multiplier=64,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"priority_steps": [0], "queue_order_strategy": "sorted"},
)


@functools.cache
def server(socket: str) -> redis.Redis:
    """This process's connection for counters."""
    return redis.Redis(unix_socket_path=socket, db=2)


@functools.lru_cache(maxsize=4)
def shape_in(folder: str) -> tuple[list[tuple[int, ...]], list[list[int]]]:
    """Parents and children, read once by each worker process."""
    raw = json.loads(Path(folder, "shape.json").read_text())
    return [tuple(parents) for parents in raw["parents"]], raw["children"]


@app.task(name="step")
def step(folder: str, index: int, announce: bool) -> None:
    """Execute one step, count it, and announce what has become ready."""
    parents, children = shape_in(folder)
    execute(Path(folder), index, parents[index])
    below = children[index] if announce else []
    pipe = server(_SOCKET).pipeline(transaction=False)
    for child in below:
        pipe.decr(f"{folder}:{child}")
    pipe.decr(f"{folder}:left")
    *counts, left = pipe.execute()
    for child, count in zip(below, counts, strict=True):
        if count == 0:
            step.delay(folder, child, announce)
    if left == 0:
        server(_SOCKET).rpush(_DONE, folder)


class RawCelery:
    """A prefork worker with two processes on a given server. A context manager."""

    def __init__(self, socket: str, log: Path) -> None:
        self._socket = socket
        self._log = log
        self._client = server(socket)

    def __enter__(self) -> RawCelery:
        command = [
            sys.executable, "-m", "celery", "-A", "benchmarks.raw_celery", "worker", "--pool", "prefork",
            "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR",
        ]  # fmt: skip
        environment = {**os.environ, "BENCH_SOCKET": self._socket, "C_FORCE_ROOT": "1"}
        with self._log.open("ab") as output:
            self._worker = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, cwd=Path(__file__).resolve().parent.parent
            )
        app.conf.broker_url = f"redis+socket://{self._socket}?virtual_host=1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.send_signal(signal.SIGTERM)
        if not wait_until(lambda: self._worker.poll() is not None, timeout=15):
            self._worker.kill()
            self._worker.wait()
        app.close()

    def run(self, shape: Shape, folder: Path, *, canvas: bool = False) -> float:
        """Seconds from submission until all steps are published and the client knows.

        Args:
            canvas: submit a chain as a ``chain`` instead of announcing step by step.
        """
        folder.mkdir(parents=True)
        (folder / "shape.json").write_text(json.dumps({"parents": shape.parents, "children": shape.children}))
        name = str(folder)
        began = time.perf_counter()
        counters = {f"{name}:{index}": len(parents) for index, parents in enumerate(shape.parents) if parents}
        self._client.mset({**counters, f"{name}:left": len(shape.parents)})
        if canvas:
            celery_chain(*(step.si(name, index, False) for index in range(len(shape.parents)))).apply_async()
        else:
            roots = [index for index, parents in enumerate(shape.parents) if not parents]
            if len(roots) == 1:
                step.delay(name, roots[0], True)
            else:
                group(step.si(name, index, True) for index in roots).apply_async()
        found = self._client.blpop([_DONE], timeout=120)
        seconds = time.perf_counter() - began
        if found is None:
            raise TimeoutError(f"raw Celery did not finish {shape.what}; its log is {self._log}")
        return seconds
