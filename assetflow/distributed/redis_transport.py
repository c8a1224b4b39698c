"""kombu's transport for Redis, with fewer trips to the server, and a way to send what is written already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from kombu.transport.redis import Channel, QoS, Transport


def server_of(options: Mapping[str, Any]) -> tuple[Any, ...]:
    """The server that connections with these options lead to, and which of its databases."""
    path = options.get("path")
    address = (path,) if path else (options.get("host"), options.get("port"))
    return (*address, int(options.get("db") or 0))


class RedisQoS(QoS):
    """Takes nothing back that was never noted: kombu asks the server to, also for queues that need no answer."""

    def ack(self, delivery_tag: str) -> None:
        """See kombu."""
        if delivery_tag in self._delivered:
            super().ack(delivery_tag)


class RedisChannel(Channel):
    """Keeps the client that it sends with, of which kombu makes one for each message."""

    QoS = RedisQoS
    _sender: Any = None

    @property
    def server(self) -> tuple[Any, ...]:
        """Where its messages go; see `server_of`."""
        return server_of(self.pool.connection_kwargs)

    def written(self, message: dict[str, Any], queue: str) -> tuple[str, str]:
        """The list that a prepared message for a queue belongs into, and what it is there. Nothing is sent."""
        self._inplace_augment_message(message, "", queue)
        place = self._q_for_pri(queue, self._get_message_priority(message, reverse=False))
        return place, msgspec.json.encode(message).decode()

    def push(self, written: Sequence[tuple[str, str]]) -> None:
        """Send what was written, in one trip.

        Raises:
            connection_errors, ResponseError: some of it may have been sent.
        """
        client = self._create_client()
        if len(written) == 1:
            client.lpush(*written[0])
            return
        with client.pipeline(transaction=False) as pipe:
            for place, text in written:
                pipe.lpush(place, text)
            pipe.execute()

    def _create_client(self, asynchronous: bool = False) -> Any:
        make: Callable[..., Any] = super()._create_client
        if asynchronous:  # this one holds a connection of its own while it waits
            return make(asynchronous)
        if self._sender is None or self._sender.connection_pool is not self.pool:
            self._sender = make()
        return self._sender


class RedisTransport(Transport):
    """See kombu."""

    Channel = RedisChannel
