"""The limit: two processes, one Lua script, no Celery, no leases, no events, no retries.

A process tells the server what it finished and takes what is ready, in one call. Nothing that carries runs through
this server can cost less; what assetflow costs above it is the price of everything it promises.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType

import redis

from benchmarks.workloads import Shape, execute

PROCESSES = 2

# KEYS: steps that are ready, counters of what each step waits for, children of each step, the client's list.
# ARGV: how many steps are wanted, how many processes there are, then the finished steps.
_TAKE = """
local finished = #ARGV - 2
for i = 3, #ARGV do
  local children = redis.call('HGET', KEYS[3], ARGV[i])
  if children then
    for _, child in ipairs(cjson.decode(children)) do
      if redis.call('HINCRBY', KEYS[2], child, -1) == 0 then redis.call('RPUSH', KEYS[1], child) end
    end
  end
end
if finished > 0 and redis.call('HINCRBY', KEYS[2], 'left', -finished) == 0 then
  redis.call('RPUSH', KEYS[4], 'done')
end
local share = math.ceil(redis.call('LLEN', KEYS[1]) / tonumber(ARGV[2]))
return redis.call('LPOP', KEYS[1], math.max(1, math.min(tonumber(ARGV[1]), share)))
"""
_READY, _COUNTS, _CHILDREN, _DONE = "bare:ready", "bare:counts", "bare:children", "bare:done"
_KEYS = [_READY, _COUNTS, _CHILDREN, _DONE]


class Bare:
    """Two processes on a given server, each taking up to `batch` steps a call. A context manager."""

    def __init__(self, socket: str, batch: int) -> None:
        self._socket = socket
        self._batch = batch
        self._client = redis.Redis(unix_socket_path=socket, db=3)
        self._processes: list[BaseProcess] = []

    def __enter__(self) -> Bare:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def run(self, shape: Shape, folder: Path) -> float:
        """Seconds from submission until all steps are published and the client knows."""
        folder.mkdir(parents=True)
        self._client.flushdb()
        spawn = multiprocessing.get_context("fork")
        ready = spawn.Semaphore(0)
        arguments = (self._socket, self._batch, shape, folder, ready)
        processes = [spawn.Process(target=_work, args=arguments, daemon=True) for _ in range(PROCESSES)]
        for process in processes:
            process.start()
        for _ in processes:
            ready.acquire()
        began = time.perf_counter()
        pipe = self._client.pipeline()
        counts = {str(step): len(parents) for step, parents in enumerate(shape.parents) if parents}
        pipe.hset(_COUNTS, mapping={**counts, "left": len(shape.parents)})
        children = {str(step): json.dumps(below) for step, below in enumerate(shape.children) if below}
        if children:
            pipe.hset(_CHILDREN, mapping=children)
        pipe.rpush(_READY, *(step for step, parents in enumerate(shape.parents) if not parents))
        pipe.execute()
        found = self._client.blpop([_DONE], timeout=120)
        seconds = time.perf_counter() - began
        self._client.rpush(_READY, *([-1] * PROCESSES))
        for process in processes:
            process.join(10)
        if found is None:
            raise TimeoutError(f"bare processes did not finish {shape.what}")
        return seconds


def _work(socket: str, batch: int, shape: Shape, folder: Path, ready: multiprocessing.synchronize.Semaphore) -> None:
    client = redis.Redis(unix_socket_path=socket, db=3)
    take = client.register_script(_TAKE)
    client.ping()
    client.script_load(_TAKE)
    ready.release()
    finished: list[int] = []
    while True:
        found = take(keys=_KEYS, args=[batch, PROCESSES, *finished])
        if not found:
            found = [client.blpop([_READY], timeout=0)[1]]
        finished = [int(step) for step in found]
        if finished[0] < 0:
            if len(finished) > 1:
                client.rpush(_READY, *finished[1:])
            return
        for step in finished:
            execute(folder, step, shape.parents[step])
