"""The Gauges on Redis: live numbers from the runs themselves, and a hash of what has been counted."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import redis
from redis.exceptions import OutOfMemoryError, RedisError

from assetflow.errors import ServiceUnreachableError
from assetflow.runs.gauges import Counts, QueueGauge
from assetflow.runs.states import RunStatus
from assetflow.stores.redis.scripts import Script, answering

COUNTERS = "af:counters"
_SEPARATOR = "\x1f"  # between the parts of a name; it stands in no name of an asset
_LOOKED_AT = 2000  # live runs
_MOVING = (RunStatus.RUNNING.value, RunStatus.CANCELLING.value, RunStatus.FINISHING.value)


class RedisGauges:
    """Numbers about what goes on, from one server."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._gauge = Script(client, "gauge")

    def queues(self) -> list[QueueGauge]:
        """See Gauges.queues."""
        found: dict[str, QueueGauge] = {}
        for status, rows in self._rows():
            for queue, ready, running, waited in rows:
                if status not in _MOVING:
                    ready, waited = 0, 0  # it is paused, or has not begun
                if not (ready or running):
                    continue
                one = found.get(queue) or QueueGauge(queue=queue)
                found[queue] = QueueGauge(
                    queue=queue,
                    ready=one.ready + ready,
                    running=one.running + running,
                    waited=max(one.waited, waited / 1000),
                    runs=one.runs + 1,
                )
        return [found[queue] for queue in sorted(found)]

    def statuses(self) -> dict[str, int]:
        """See Gauges.statuses."""
        found: dict[str, int] = {}
        with answering(), self._client.pipeline(transaction=False) as pipe:
            for run_id in self._live():
                pipe.hget(f"af:{run_id}:meta", "status")
            for raw in pipe.execute():
                if raw is not None:
                    found[raw.decode()] = found.get(raw.decode(), 0) + 1
        return found

    def unrecorded(self, now: float) -> tuple[int, float]:
        """See Gauges.unrecorded."""
        with answering():
            count = int(self._client.zcard("af:unrecorded"))
            ended = [raw.decode() for raw in self._client.zrange("af:unrecorded", 0, _LOOKED_AT - 1)]
            with self._client.pipeline(transaction=False) as pipe:
                for run_id in ended:
                    pipe.hget(f"af:{run_id}:meta", "ended")
                times = [int(raw) / 1000 for raw in pipe.execute() if raw is not None]
        # What goes on is always a moment behind; what has ended should be recorded at once.
        return count, max(0.0, now - min(times)) if times else 0.0

    def count(self, counts: Counts) -> None:
        """See Gauges.count."""
        with suppress(ServiceUnreachableError, OutOfMemoryError, RedisError), answering():
            with self._client.pipeline(transaction=False) as pipe:
                for name, amount in counts.items():
                    pipe.hincrbyfloat(COUNTERS, _SEPARATOR.join(name), amount)
                pipe.execute()

    def counted(self) -> dict[tuple[str, ...], float]:
        """See Gauges.counted."""
        with answering():
            raw = self._client.hgetall(COUNTERS)
        return {tuple(name.decode().split(_SEPARATOR)): float(value) for name, value in raw.items()}

    def _live(self) -> list[str]:
        with answering():
            return [raw.decode() for raw in self._client.zrange("af:runs", 0, _LOOKED_AT - 1)]

    def _rows(self) -> list[tuple[str, list[tuple[str, int, int, float]]]]:
        found = []
        for run_id in self._live():
            answer = msgspec.msgpack.decode(self._gauge([f"af:{run_id}:"], []))
            if answer:
                found.append((str(answer[0]), list(answer[1])))
        return found
