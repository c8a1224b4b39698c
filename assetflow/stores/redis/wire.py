"""The short way to the server, for what is asked at every turn of a run."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any

import redis
from redis.exceptions import ResponseError


class Wire:
    """Sends commands over connections that it keeps, and gives answers as they come.

    The client looks at a connection before each command, and measures it; that takes about as long as to send one. Here
    a connection that is broken is noticed when it is used. Then it is asked again as the client would ask, and for as
    long; so a command may be run twice, as it may where the client loses an answer.

    There are as many connections as threads that have asked at once. They do not count among those that the client
    allows itself.

    Args:
        client: whose connections these are like. Shared by threads.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._idle: deque[Any] = deque()
        self._pid = os.getpid()

    def ask(self, *command: Any) -> Any:
        """What the server answers.

        Raises:
            ResponseError: it refuses.
            ConnectionError, TimeoutError: it does not answer.
        """
        connection = self._taken()

        def exchange() -> Any:
            connection.send_command(*command)
            return connection.read_response()

        try:
            connection.connect()  # which is not tried again and again with each try of what follows
            answer = connection.retry.call_with_retry(exchange, lambda _: connection.disconnect())
        except ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:
            connection.disconnect()  # whoever got it next would read this answer
            self._idle.append(connection)  # it connects again by itself
            raise
        self._idle.append(connection)
        return answer

    def _taken(self) -> Any:
        if self._pid != os.getpid():  # forked: these connections are the parent's
            self._idle, self._pid = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            pool = self._client.connection_pool
            made = pool.connection_class(**pool.connection_kwargs)
            # It would look, with tries of its own, whether it is well before it says hello for the first time.
            made.next_health_check = time.monotonic() + made.health_check_interval
            return made
