"""Waiting until what was written, or read, is on the server's disk."""

from __future__ import annotations

from typing import NamedTuple

import redis
from redis.exceptions import ResponseError

from assetflow.stores.redis.scripts import answering

PATIENCE = 5.0  # seconds
_WRITE = "#!lua flags=allow-oom\nredis.call('SET', KEYS[1], '1', 'EX', 60)"


class Fenced(NamedTuple):
    """What the server said.

    Attributes:
        safe: all before is on its disk; also where nobody can tell, because the server is older than 7.2.
        generation: its name; a server that was started again has another one.
    """

    safe: bool
    generation: str


def fence(client: redis.Redis) -> Fenced:
    """Write something and wait until it is on the disk.

    The write in front of WAITAOF makes this connection's offset later than all that came before, whichever
    connection it came from. The server's name is asked for behind it, on the same connection.
    """
    with answering(), client.pipeline(transaction=False) as pipe:
        pipe.eval(_WRITE, 1, "af:fence")
        pipe.execute_command("WAITAOF", 1, 0, int(PATIENCE * 1000))
        pipe.info("server")
        answers = pipe.execute(raise_on_error=False)
        for answer in (answers[0], answers[2]):
            if isinstance(answer, Exception):
                raise answer
    safe = isinstance(answers[1], ResponseError) or bool(answers[1] and answers[1][0] >= 1)
    return Fenced(safe, str(answers[2]["run_id"]))
