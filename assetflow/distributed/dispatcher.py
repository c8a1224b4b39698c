"""Sending wake-ups."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from celery import Celery
from kombu import serialization
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


class Dispatcher:
    """Publishes announcements as Celery messages. What cannot be sent is left to the sweeper.

    To Redis it writes the messages itself, in Celery's form, and sends all of them in one trip: that takes a quarter
    of what Celery's own way takes, which is gone where a connection has to be made, and to other brokers.

    Args:
        beside_store: the broker is the Redis that carries the runs.
    """

    def __init__(self, app: Celery, *, beside_store: bool = False) -> None:
        self._app = app
        self._redis = is_redis(app.conf.broker_url)
        self._beside_store = beside_store and self._redis
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
            except (OperationalError, OSError) as error:
                logger.warning("a wake-up for run %s was not sent (%s); the sweeper will repeat it", run_id, error)
                return False
        return True

    def letter(self, run_id: str, item: Announcement) -> Letter | None:
        """The message for an announcement, for the store to send; None if it cannot, or if nothing was ever sent."""
        with self._lock:
            if not self._beside_store or self._channel is None:
                return None
            place, text = self._written(self._channel, run_id, item)
        return Letter(queue=item.queue, hint=item.hint, place=KEY_PREFIX + place, text=text)

    def _push(self, run_id: str, announcements: Sequence[Announcement]) -> bool:
        """Whether all is sent; what is sent twice does no harm."""
        if not self._redis:
            return False
        channel = self._open_channel()
        try:
            channel.push([self._written(channel, run_id, item) for item in announcements])
        except channel.connection_errors:
            self._channel = None
            return False
        return True

    def _open_channel(self) -> RedisChannel:
        if self._channel is None:
            with self._app.producer_pool.acquire(block=True) as producer:
                self._channel = producer.channel
        return self._channel

    def _written(self, channel: RedisChannel, run_id: str, item: Announcement) -> tuple[str, str]:
        task = self._app.amqp.create_task_message(
            uuid(), TASK_NAME, reply_to=self._app.thread_oid, **_described(run_id, item)
        )
        kind, encoding, body = serialization.dumps(task.body, "json")
        properties = {**task.properties, "delivery_mode": PERSISTENT_DELIVERY_MODE}
        message = channel.prepare_message(body, self._priority(item), kind, encoding, task.headers, properties)
        return channel.written(message, item.queue)

    def _send(self, run_id: str, item: Announcement) -> None:
        self._app.send_task(
            TASK_NAME,
            queue=item.queue,
            priority=self._priority(item),
            add_to_parent=False,
            **_described(run_id, item),
        )

    def _priority(self, item: Announcement) -> int:
        return broker_priority(item.priority, first=item.mark == FIRST_MARK, redis=self._redis)


def _described(run_id: str, item: Announcement) -> dict[str, Any]:
    """What Celery is told of a message, and people who look at it."""
    return {
        "args": message_of(run_id, item),
        "argsrepr": f"run {item.run_id or run_id}, queue {item.queue}",
        # Monitors such as Flower show the task under this name: the step it was sent for.
        "shadow": item.step or None,
        "ignore_result": True,
    }


def message_of(run_id: str, item: Announcement) -> tuple[str | int, ...]:
    """What the task is called with: plain JSON, and a plan only where one travels along."""
    plan = (base64.b64encode(item.plan).decode(),) if item.plan else ()
    return (item.run_id or run_id, item.queue, item.hint, item.mark, *plan)


def plan_in(text: str) -> bytes:
    """The plan that travels with a message; empty if there is none, or what there is is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return b""
