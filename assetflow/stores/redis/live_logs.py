"""What running steps write, in one bounded stream for each run.

af:{run}:log  stream  i step, k token, n retry, s stdout or stderr, a bytes before it, d bytes. It always has a TTL.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import redis
from redis.exceptions import RedisError

from assetflow.runs.log_lines import LogStream
from assetflow.runs.step_logs import LogPiece
from assetflow.stores.redis.scripts import answering

KEPT_SECONDS = 3600
_MOST_PIECES = 400


class RedisLiveLogs:
    """The streams on one server.

    Args:
        client: a connected client with ``decode_responses`` off.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def add(self, run_id: str, pieces: Sequence[LogPiece]) -> None:
        """See LiveLogs.add."""
        key = _key(run_id)
        with suppress(RedisError), self._client.pipeline(transaction=False) as pipe:
            for piece in pieces:
                fields: dict[str, Any] = {
                    "i": piece.step,
                    "k": piece.token,
                    "n": piece.retry,
                    "s": piece.stream.value,
                    "a": piece.at,
                    "d": piece.data,
                }
                pipe.xadd(key, fields, maxlen=_MOST_PIECES, approximate=False)
            pipe.expire(key, KEPT_SECONDS)
            pipe.execute()

    def read(self, run_id: str, after: str = "0", block: float | None = None) -> tuple[list[LogPiece], str]:
        """See LiveLogs.read."""
        wait = None if block is None else max(1, int(block * 1000))
        with answering():
            answer = self._client.xread({_key(run_id): after}, block=wait)
        if isinstance(answer, dict):
            rows: list[Any] = next(iter(answer.values()), [])
            rows = rows[0] if rows and isinstance(rows[0], list) else rows
        else:
            rows = answer[0][1] if answer else []
        pieces = [_piece(fields) for _, fields in rows]
        return pieces, rows[-1][0].decode() if rows else after


def _key(run_id: str) -> str:
    return f"af:{run_id}:log"


def _piece(fields: dict[bytes, bytes]) -> LogPiece:
    return LogPiece(
        step=int(fields[b"i"]),
        token=int(fields[b"k"]),
        retry=int(fields[b"n"]),
        stream=LogStream(fields[b"s"].decode()),
        at=int(fields[b"a"]),
        data=fields[b"d"],
    )
