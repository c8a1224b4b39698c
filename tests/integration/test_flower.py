"""What monitors of Celery, such as Flower, are told."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from assetflow.client import submit
from assetflow.clock import wait_until
from assetflow.definitions.asset import asset
from assetflow.distributed.app import make_app
from tests.support.fleet import running_fleet


def test_events_of_celery_call_a_task_by_the_step_it_was_sent_for(tmp_path: Path) -> None:
    @asset
    def first():
        return 1

    @asset(op_tags={"assetflow/queue": "other"})
    def second(first):
        return first + 1

    heard: list[dict[str, Any]] = []
    with running_fleet(tmp_path) as (fleet, server), make_app(server.url).connection() as connection:
        receiver = make_app(server.url).events.Receiver(connection, handlers={"task-received": heard.append})
        stopping = threading.Event()
        listening = threading.Thread(target=_listen, args=(receiver, stopping), daemon=True)
        listening.start()
        fleet.start("-c", "1", "--queues", "default,other", "-E")
        run = submit([first, second])
        run.wait(timeout=30)
        assert wait_until(lambda: {"first", "second"} <= {event["name"] for event in heard}, timeout=10), heard
        assert any(run.id in event["args"] for event in heard)
        stopping.set()
        listening.join(5)


def test_a_worker_takes_no_commands_of_celery(tmp_path: Path) -> None:
    """Whoever reaches the broker could end workers and change their pools otherwise."""
    with running_fleet(tmp_path) as (fleet, server):
        worker = fleet.start("-c", "1")
        app = make_app(server.url)
        assert app.control.ping(timeout=1.0) == []
        app.control.shutdown()
        run = submit([told_nothing])
        run.wait(timeout=30)
        assert worker.is_running


@asset
def told_nothing():
    return 1


def _listen(receiver: Any, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            receiver.capture(limit=None, timeout=0.5, wakeup=False)
        except (TimeoutError, OSError):
            continue
