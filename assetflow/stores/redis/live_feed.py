"""What goes on in live runs, read by one reader for all who watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import redis

from assetflow.runs.facts import Fact
from assetflow.stores.redis.fact_stream import fact_of
from assetflow.stores.redis.scripts import answering

_ENDED_LOOKED_AT = 100
_FACTS_AT_ONCE = 2000


class Moment(NamedTuple):
    """A point in the server's time.

    Attributes:
        ms: milliseconds since the epoch, by its clock.
        generation: which start of the server this is.
    """

    ms: int
    generation: str


class RedisLiveFeed:
    """Reads the streams of runs.

    Args:
        client: a connected client with ``decode_responses`` off.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def now(self) -> Moment:
        """The time; whatever was told before it can be read by now."""
        with answering(), self._client.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.info("server")
            (seconds, micros), info = pipe.execute()
        return Moment(int(seconds) * 1000 + int(micros) // 1000, str(info["run_id"])[:12])

    def known(self) -> tuple[list[str], list[str]]:
        """Ids of the runs that are not over, and of those that ended lately."""
        with answering(), self._client.pipeline(transaction=False) as pipe:
            pipe.zrange("af:runs", 0, -1)
            pipe.zrange("af:recent", 0, _ENDED_LOOKED_AT - 1, desc=True)
            live, ended = pipe.execute()
        return [raw.decode() for raw in live], [raw.decode() for raw in ended]

    def turn(self, after: Mapping[str, str], block: float) -> dict[str, list[Fact]]:
        """What was told in runs since.

        Args:
            after: run id to the id of the last fact that is known.
            block: seconds to wait for something, if there is nothing.
        """
        if not after:
            return {}
        asked = {f"af:{run_id}:facts": last for run_id, last in after.items()}
        with answering():
            answer = self._client.xread(asked, count=_FACTS_AT_ONCE, block=max(1, int(block * 1000)))
        return {
            key.decode().removeprefix("af:").removesuffix(":facts"): [fact_of(*entry) for entry in entries]
            for key, entries in _streams(answer)
        }


def _streams(answer: Any) -> list[tuple[bytes, list[Any]]]:
    if isinstance(answer, dict):
        return [(key, rows[0] if rows and isinstance(rows[0], list) else rows) for key, rows in answer.items()]
    return [(key, rows) for key, rows in answer or []]
