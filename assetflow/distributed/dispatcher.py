"""Sending wake-ups."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from celery import Celery
from kombu.entity import PERSISTENT_DELIVERY_MODE
from kombu.exceptions import OperationalError
from kombu.utils.uuid import uuid

from assetflow.distributed.conf import KEY_PREFIX, broker_priority, is_redis
from assetflow.log import logger
from assetflow.runs.claims import FIRST_MARK, Announcement
from assetflow.runs.store import Letter

if TYPE_CHECKING:
    from assetflow.distributed.redis_transport import RedisChannel

TASK_NAME = "assetflow.run_step"
_JSON = ("application/json", "utf-8")  # what kombu calls the form of a body


class Dispatcher:
    """Publishes announcements as Celery messages. What cannot be sent is left to the sweeper.

    The first goes in Celery's own way. Where that has led to a Redis, later ones are written here, in Celery's form,
    and all that come together are sent in one trip, which takes a quarter of the time. If anything is in the way, it is
    Celery's again.

    Args:
        store: what the connections of the client are made with that reaches the Redis with the runs; None if there is
            no such client.
    """

    def __init__(self, app: Celery, store: Mapping[str, Any] | None = None) -> None:
        self._app = app
        self._store = store
        self._redis = is_redis(app.conf.broker_url)
        self._lock = threading.Lock()
        self._channel: RedisChannel | None = None

    def __call__(self, run_id: str, announcements: Sequence[Announcement]) -> bool:
        """Send one message for each announcement; False if that was not possible."""
        if not announcements:
            return True
        with self._lock:
            try:
                if not self._push(run_id, announcements):
                    for item in announcements:
                        self._send(run_id, item)
                    self._keep_channel()
            except (OperationalError, OSError) as error:
                logger.warning("a wake-up for run %s was not sent (%s); the sweeper will repeat it", run_id, error)
                return False
        return True

    def letter(self, run_id: str, item: Announcement) -> Letter | None:
        """The message for an announcement, for the store to send; None if it cannot, or if nothing was ever sent."""
        with self._lock:
            channel = self._kept_channel()
            if channel is None or not self._leads_to_store(channel):
                return None
            place, text = self._written(channel, run_id, item)
        return Letter(queue=item.queue, hint=item.hint, place=KEY_PREFIX + place, text=text)

    def _push(self, run_id: str, announcements: Sequence[Announcement]) -> bool:
        """Whether all is sent; what is sent twice does no harm."""
        channel = self._kept_channel()
        if channel is None:
            return False
        try:
            channel.push([self._written(channel, run_id, item) for item in announcements])
        except (*channel.connection_errors, channel.ResponseError):
            self._channel = None
            return False
        return True

    def _keep_channel(self) -> None:
        """Something was sent just now: keep the channel, if it is one to a plain Redis."""
        if not self._redis:
            return
        with self._app.producer_pool.acquire(block=True) as producer:
            channel = producer.channel
        from assetflow.distributed.redis_transport import RedisChannel

        if isinstance(channel, RedisChannel):
            self._channel = channel

    def _kept_channel(self) -> RedisChannel | None:
        """The channel that was kept, unless it was closed, as it is in a process that was forked since."""
        if self._channel is not None and self._channel.closed:
            self._channel = None
        return self._channel

    def _leads_to_store(self, channel: RedisChannel | None) -> bool:
        """Whether messages go to the server that carries the runs.

        By what both are connected to: Celery reads addresses, and its own variables, in its own way.
        """
        if channel is None or self._store is None:
            return False
        from assetflow.distributed.redis_transport import server_of

        return channel.server == server_of(self._store)

    def _written(self, channel: RedisChannel, run_id: str, item: Announcement) -> tuple[str, str]:
        # Elsewhere a message could outlive the run it was sent for, and meet another one of the same id.
        about = self._described(run_id, item, with_plan=self._leads_to_store(channel))
        task = self._app.amqp.create_task_message(uuid(), TASK_NAME, reply_to=self._app.thread_oid, **about)
        body = msgspec.json.encode(task.body).decode()
        properties = {**task.properties, "delivery_mode": PERSISTENT_DELIVERY_MODE}
        message = channel.prepare_message(body, self._priority(item), *_JSON, task.headers, properties)
        return channel.written(message, item.queue)

    def _send(self, run_id: str, item: Announcement) -> None:
        self._app.send_task(
            TASK_NAME,
            queue=item.queue,
            priority=self._priority(item),
            add_to_parent=False,
            **self._described(run_id, item, with_plan=self._leads_to_store(self._kept_channel())),
        )

    def _described(self, run_id: str, item: Announcement, *, with_plan: bool) -> dict[str, Any]:
        """What Celery is told of a message, and people who look at it."""
        run = item.run_id or run_id
        plan = (base64.b64encode(item.plan).decode(),) if item.plan and with_plan else ()
        return {
            "args": (run, item.queue, item.hint, item.mark, *plan),
            "argsrepr": f"run {run}, queue {item.queue}",
            # Monitors such as Flower show the task under this name: the step it was sent for.
            "shadow": item.step or None,
            "ignore_result": True,
        }

    def _priority(self, item: Announcement) -> int:
        return broker_priority(item.priority, first=item.mark == FIRST_MARK, redis=self._redis)


def plan_in(text: str) -> bytes:
    """The plan that travels with a message; empty if there is none, or what there is is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return b""
