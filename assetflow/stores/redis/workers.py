"""The WorkerRegistry on Redis."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import redis
from redis.exceptions import OutOfMemoryError

from assetflow.errors import ServiceUnreachableError
from assetflow.runs.registry import (
    DEAD_AFTER,
    DEATHS_ALLOWED,
    DRAIN_ASKED_SECONDS,
    QUARANTINE_SECONDS,
    WorkerInfo,
    WorkerView,
)
from assetflow.stores.redis.scripts import Script, answering

_LOADED_SECONDS = 30 * 86_400


class RedisWorkerRegistry:
    """Beats as scores in a sorted set, by the server's clock.

    Args:
        dead_after: seconds of calm without a beat.
    """

    def __init__(self, client: redis.Redis, *, dead_after: float = DEAD_AFTER) -> None:
        self._client = client
        self._dead_after = dead_after
        self._beat = Script(client, "beat")
        self._leave = Script(client, "leave")

    def beat(self, info: WorkerInfo, busy: int) -> bool:
        """See WorkerRegistry.beat."""
        queues = msgspec.msgpack.encode(info.queues)
        gap = int(self._dead_after * 1000 / 2)
        return bool(self._beat([], [info.worker, msgspec.json.encode(info), busy, info.slots, queues, gap, info.host]))

    def loaded(self, worker: str, module: str, fingerprint: str) -> None:
        """See WorkerRegistry.loaded."""
        key = f"af:loaded:{worker}"
        with suppress(ServiceUnreachableError), answering(), self._client.pipeline(transaction=False) as pipe:
            pipe.hset(key, module, fingerprint)
            pipe.expire(key, _LOADED_SECONDS)
            pipe.execute()

    def leave(self, worker: str, *, died: bool) -> None:
        """See WorkerRegistry.leave."""
        self._leave([], [worker, int(died), DEATHS_ALLOWED, QUARANTINE_SECONDS])

    def quarantined(self) -> list[str]:
        """See WorkerRegistry.quarantined."""
        with answering():
            keys = self._client.scan_iter("af:quarantine:*", count=1000)
            return sorted(key.decode().removeprefix("af:quarantine:") for key in keys)

    def workers(self) -> list[WorkerView]:
        """See WorkerRegistry.workers."""
        with answering():
            now = self._now()
            beats = self._client.zrange("af:workers", 0, -1, withscores=True)
            with self._client.pipeline(transaction=False) as pipe:
                for raw, _ in beats:
                    pipe.hmget(f"af:w:{raw.decode()}", "info", "busy")
                    pipe.hgetall(f"af:loaded:{raw.decode()}")
                answers = pipe.execute()
            rows = zip(beats, answers[0::2], answers[1::2], strict=True)
            return [_view(now, beat, row, code) for (_, beat), row, code in rows if row[0] is not None]

    def overdue(self) -> list[str]:
        """See WorkerRegistry.overdue."""
        with answering():
            now = self._now()
            since, last = self._client.hmget("af:calm", "since", "last")
            if since is None or now - int(since) / 1000 < self._dead_after:
                return []
            if now - int(last) / 1000 > self._dead_after / 2:
                return []  # the server, or its clock, has moved on and nobody has had the time to beat yet
            limit = int((now - self._dead_after) * 1000)
            return [raw.decode() for raw in self._client.zrangebyscore("af:workers", "-inf", limit)]

    def drain(self, worker: str) -> None:
        """See WorkerRegistry.drain."""
        with answering():
            self._client.set(f"af:drain:{worker}", b"1", ex=DRAIN_ASKED_SECONDS)

    def is_to_drain(self, worker: str) -> bool:
        """See WorkerRegistry.is_to_drain."""
        with answering():
            return bool(self._client.exists(f"af:drain:{worker}"))

    def hold_lease(self, name: str, worker: str, seconds: float) -> bool:
        """See WorkerRegistry.hold_lease."""
        key, life = f"af:lease:{name}", int(seconds * 1000)
        with answering():
            try:
                taken = self._client.set(key, worker, nx=True, px=life)
            except OutOfMemoryError:
                return True  # several at once do no harm, and none would
            if taken:
                return True
            holder = self._client.get(key)
            if holder is not None and holder.decode() == worker:
                return bool(self._client.pexpire(key, life))
            return False

    def drop_lease(self, name: str, worker: str) -> None:
        """See WorkerRegistry.drop_lease."""
        key = f"af:lease:{name}"
        with answering():
            holder = self._client.get(key)
            if holder is not None and holder.decode() == worker:
                self._client.delete(key)

    def _now(self) -> float:
        seconds, micros = self._client.time()
        return float(seconds) + float(micros) / 1e6


def _view(now: float, beat: float, row: list[bytes], code: dict[bytes, bytes]) -> WorkerView:
    info = msgspec.json.decode(row[0], type=WorkerInfo)
    return WorkerView(
        info=info,
        last_beat=max(0.0, now - beat / 1000),
        busy=int(row[1]),
        ahead=info.clock - beat / 1000 if info.clock else None,
        code={module.decode(): fingerprint.decode() for module, fingerprint in code.items()},
    )
