"""Celery settings that are part of the protocol. Change one, and a promise falls."""

from __future__ import annotations

from typing import Any

from assetflow.errors import SettingsError

KEY_PREFIX = "af:celery:"
PRIORITY_STEPS = [0, 1, 2, 3, 4, 5, 6, 7]
MAX_PRIORITY = 7
DEFAULT_QUEUE = "default"

# A message is a wake-up without authority: it is acknowledged at once, may be lost or doubled, carries
# JSON only, and nobody waits for a result of it.
PROTOCOL: dict[str, Any] = {
    "task_acks_late": False,
    "task_reject_on_worker_lost": False,
    "task_ignore_result": True,
    "result_backend": None,
    "task_serializer": "json",
    "accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_send_task_events": False,
    "task_send_sent_event": False,
    "worker_enable_remote_control": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.05, "interval_max": 0.2},
    "task_default_queue": DEFAULT_QUEUE,
    "task_create_missing_queues": True,
    "task_queue_max_priority": MAX_PRIORITY,
    # The slot of a child that died is free again after this long; what it held is taken back at once.
    "worker_lost_wait": 0.25,
    # A child that takes long to start is on a machine that is busy, and killing it makes that no better.
    "worker_proc_alive_timeout": 30.0,
    "worker_max_tasks_per_child": None,
    "worker_soft_shutdown_timeout": 15.0,
    "worker_hijack_root_logger": False,
    # What steps write is theirs, and not the worker's: see `distributed.capture`.
    "worker_redirect_stdouts": False,
    "enable_utc": True,
}


def broker_settings(url: str, patience: int) -> dict[str, Any]:
    """What the broker's transport is told.

    Args:
        patience: seconds to wait for it.
    """
    options: dict[str, Any] = {}
    # Celery spells a Redis behind a Unix socket in its own way.
    address = f"redis+socket://{url.removeprefix('unix://').replace('?db=', '?virtual_host=')}"
    broker = address if url.startswith("unix://") else url
    if is_redis(url):
        options = {
            "socket_timeout": patience,
            "socket_connect_timeout": min(patience, 5),
            "health_check_interval": 15,
            "global_keyprefix": KEY_PREFIX,
            "priority_steps": PRIORITY_STEPS,
            "queue_order_strategy": "priority",
        }
        if not url.startswith("unix://"):
            options["socket_keepalive"] = True
    return {"broker_url": broker, "broker_transport_options": options}


def is_redis(url: str) -> bool:
    """Whether the broker is a Redis or Valkey."""
    return url.startswith(("redis://", "rediss://", "unix://", "redis+socket://"))


def broker_priority(priority: int, *, first: bool, redis: bool) -> int:
    """A run's priority, -1000 to 1000, in the broker's own terms: four levels, and a step within each.

    On Redis 0 is the most urgent of `PRIORITY_STEPS`; on RabbitMQ the largest number is, up to `MAX_PRIORITY`.

    Args:
        first: it is the first wake-up of its run, which goes before those of runs that have had their turn: a small
            run does not wait for many large ones.
    """
    level = 0 if priority >= 100 else 1 if priority > 0 else 2 if priority == 0 else 3
    urgency = 2 * level + (not first)
    return PRIORITY_STEPS[urgency] if redis else MAX_PRIORITY - urgency


def check_protocol(conf: Any) -> None:
    """Refuse to start a worker whose settings break the protocol.

    Raises:
        SettingsError: naming the first setting that differs.
    """
    for name in ("task_acks_late", "task_ignore_result", "task_reject_on_worker_lost", "accept_content"):
        if conf[name] != PROTOCOL[name]:
            raise SettingsError(
                f"Celery's {name} is {conf[name]!r}; runs are carried safely only with {PROTOCOL[name]!r}",
                fix=f"remove {name} from the Celery configuration",
            )
