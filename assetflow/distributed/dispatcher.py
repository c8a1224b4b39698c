"""Sending wake-ups."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from celery import Celery
from kombu.exceptions import OperationalError

from assetflow.distributed.conf import broker_priority, is_redis
from assetflow.log import logger
from assetflow.runs.claims import FIRST_MARK, Announcement

TASK_NAME = "assetflow.run_step"


class Dispatcher:
    """Publishes announcements as Celery messages. What cannot be sent is left to the sweeper."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._redis = is_redis(app.conf.broker_url)
        self._lock = threading.Lock()

    def __call__(self, run_id: str, announcements: Sequence[Announcement]) -> bool:
        """Send one message for each announcement; False if that was not possible."""
        with self._lock:
            try:
                for item in announcements:
                    self._app.send_task(
                        TASK_NAME,
                        args=(item.run_id or run_id, item.queue, item.hint, item.mark),
                        queue=item.queue,
                        priority=broker_priority(item.priority, first=item.mark == FIRST_MARK, redis=self._redis),
                        ignore_result=True,
                        add_to_parent=False,
                        # Monitors such as Flower show the task under this name: the step it was sent for.
                        shadow=item.step or None,
                        argsrepr=f"run {item.run_id or run_id}, queue {item.queue}",
                    )
            except (OperationalError, OSError) as error:
                logger.warning("a wake-up for run %s was not sent (%s); the sweeper will repeat it", run_id, error)
                return False
        return True
