"""The Outbox on Redis: the streams of runs, and the list of those that are not recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import redis

from assetflow.runs.entries import Place
from assetflow.runs.outbox import RunHead, StreamedFact
from assetflow.stores.redis.code_store import code_key
from assetflow.stores.redis.connection import Durability, durability
from assetflow.stores.redis.fence import fence
from assetflow.stores.redis.scripts import Script, answering

_STREAMS_AT_ONCE = 500


class RedisOutbox:
    """What waits on one server to be recorded.

    Args:
        client: a connected client with ``decode_responses`` off.
        keep_seconds: how long a run that is over and recorded stays; None for as long as it was created with.
    """

    def __init__(self, client: redis.Redis, *, keep_seconds: int | None = None) -> None:
        self._client = client
        self._keep = -1 if keep_seconds is None else keep_seconds
        self._recorded = Script(client, "recorded")
        self._claim = Script(client, "claim_history")
        self._everysec = durability(client) is Durability.EVERY_SECOND

    def owner(self) -> str | None:
        """See Outbox.owner."""
        with answering():
            raw = self._client.get("af:history")
        return None if raw is None else raw.decode()

    def claim(self, history: str, *, by_force: bool = False) -> bool:
        """See Outbox.claim."""
        return bool(self._claim([], [history, int(by_force)]).decode() == history)

    def has_work(self) -> bool:
        """See Outbox.has_work."""
        with answering():
            return bool(self._client.exists("af:runs", "af:recent"))

    def waiting(self, limit: int = 5000) -> dict[str, int]:
        """See Outbox.waiting."""
        with answering():
            rows = self._client.zrange("af:unrecorded", 0, limit - 1, withscores=True)
        return {raw.decode(): int(born) for raw, born in rows}

    def heads(self, run_ids: Collection[str]) -> dict[str, RunHead]:
        """See Outbox.heads."""
        with answering(), self._client.pipeline(transaction=False) as pipe:
            for run_id in run_ids:
                pipe.hmget(f"af:{run_id}:meta", "created", "code")
                pipe.get(f"af:{run_id}:plan")
            answers = pipe.execute()
        found: dict[str, RunHead] = {}
        for run_id, meta, plan in zip(run_ids, answers[0::2], answers[1::2], strict=True):
            if meta[0] is not None and plan is not None:
                code = (meta[1] or b"").decode().removeprefix(code_key(""))
                found[run_id] = RunHead(run_id=run_id, born=int(meta[0]), envelope=bytes(plan), code=code)
        return found

    def pages(self, after: Mapping[str, str], limit: int) -> dict[str, list[StreamedFact]]:
        """See Outbox.pages."""
        found: dict[str, list[StreamedFact]] = {}
        names = list(after)
        for at in range(0, len(names), _STREAMS_AT_ONCE):
            asked = {f"af:{run_id}:facts": after[run_id] for run_id in names[at : at + _STREAMS_AT_ONCE]}
            with answering():
                answer = self._client.xread(asked, count=limit)
            for key, entries in _streams(answer):
                run_id = key.decode().removeprefix("af:").removesuffix(":facts")
                found[run_id] = [_streamed(identity.decode(), fields) for identity, fields in entries]
        return found

    def generation(self) -> str:
        """See Outbox.generation."""
        if not self._everysec:
            return ""
        with answering():
            return str(self._client.info("server")["run_id"])

    def is_durable(self, generation: str) -> bool:
        """See Outbox.is_durable."""
        if not self._everysec:
            return True
        answer = fence(self._client)
        return answer.safe and answer.generation == generation

    def recorded(self, places: Mapping[str, Place], dispensable: Mapping[str, str]) -> None:
        """See Outbox.recorded."""
        for run_id, place in places.items():
            self._recorded([f"af:{run_id}:"], [place.after, dispensable.get(run_id, ""), self._keep])


def _streams(answer: Any) -> list[tuple[bytes, list[Any]]]:
    """The answer of XREAD, which has another form in each version of the protocol."""
    if isinstance(answer, dict):
        return [(key, rows[0] if rows and isinstance(rows[0], list) else rows) for key, rows in answer.items()]
    return [(key, rows) for key, rows in answer or []]


def _streamed(identity: str, fields: dict[bytes, bytes]) -> StreamedFact:
    return StreamedFact(identity, fields[b"k"].decode(), fields[b"s"].decode(), int(fields[b"t"]), fields[b"d"])
