"""Limits in Redis: pools of steps, and run limits."""

from __future__ import annotations

import msgspec
import redis

from assetflow.runs.claims import Announcement
from assetflow.runs.limits import LimitUse
from assetflow.stores.redis.scripts import Script, answering

_announcements_decoder = msgspec.msgpack.Decoder(list[Announcement])


class RedisLimits:
    """The limits that the scripts heed."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._set_limit = Script(client, "set_limit")

    def set_pool_limit(self, pool: str, limit: int | None) -> list[Announcement]:
        """See Limits.set_pool_limit."""
        return self._limited("pool", pool, limit)

    def set_run_limit(self, name: str, limit: int | None) -> list[Announcement]:
        """See Limits.set_run_limit."""
        return self._limited("run", name, limit)

    def pools(self) -> list[LimitUse]:
        """See Limits.pools."""
        with answering():
            limits = {name.decode(): int(value) for name, value in self._client.hgetall("af:pools").items()}
            prefix = "af:pool:"
            used = {key.decode().removeprefix(prefix) for key in self._client.scan_iter(prefix + "*", count=1000)}
            names = sorted(limits.keys() | {name.removesuffix(":wait") for name in used})
            with self._client.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.hkeys(prefix + name)
                    pipe.zcard(f"{prefix}{name}:wait")
                answers = pipe.execute()
            return [
                LimitUse(
                    name=name,
                    limit=limits.get(name),
                    holders=tuple(sorted(raw.decode() for raw in holders)),
                    waiting=int(waiting),
                )
                for name, holders, waiting in zip(names, answers[0::2], answers[1::2], strict=True)
            ]

    def run_limits(self) -> list[LimitUse]:
        """See Limits.run_limits."""
        with answering():
            found = []
            queued = [raw.decode() for raw in self._client.zrange("af:queued", 0, -1)]
            names = [
                msgspec.msgpack.decode(self._client.hget(f"af:{run_id}:meta", "limits") or b"\x90") for run_id in queued
            ]
            for raw, limit in sorted(self._client.hgetall("af:limits").items()):
                name = raw.decode()
                holders = tuple(sorted(item.decode() for item in self._client.smembers(f"af:limit:{name}")))
                waiting = sum(name in counted for counted in names)
                found.append(LimitUse(name=name, limit=int(limit), holders=holders, waiting=waiting))
            return found

    def _limited(self, kind: str, name: str, limit: int | None) -> list[Announcement]:
        value = "" if limit is None else limit
        return _announcements_decoder.decode(self._set_limit(["af::"], [kind, name, value]))
