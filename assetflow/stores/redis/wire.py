"""The short way to the server, for what is asked at every turn of a run."""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import redis
from redis.exceptions import ConnectionError, MaxConnectionsError, ResponseError, TimeoutError


class Wire:
    """Sends commands over connections that it keeps, and gives answers as they come.

    The client looks at a connection before each command, and measures it; that takes about as long as to send one. Here
    a connection that breaks is noticed when it is used, and the command is left to the client, which asks again for as
    long as it is told to. So a command may be run twice, as it may where the client loses an answer.

    Args:
        client: whose connections are made alike. Shared by threads.
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
        try:
            connection = self._taken()
        except MaxConnectionsError:  # the address allows so many, and the client has one for this
            return self._client.execute_command(*command)
        try:
            connection.send_command(*command)
            answer = connection.read_response()
        except ResponseError:
            self._idle.append(connection)
            raise
        except (ConnectionError, TimeoutError):
            connection.disconnect()
            return self._client.execute_command(*command)
        except BaseException:
            connection.disconnect()  # whoever got it next would read this answer
            raise
        self._idle.append(connection)
        return answer

    def _taken(self) -> Any:
        if self._pid != os.getpid():  # forked: these connections are the parent's
            self._idle, self._pid = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._client.connection_pool.make_connection()
