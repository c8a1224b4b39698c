"""The Celery application: one task, and a worker that is guarded."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from celery import Celery, bootsteps, signals

from assetflow.distributed.broker import BrokerConnection
from assetflow.distributed.capture import Capture
from assetflow.distributed.child import GuardedWatch
from assetflow.distributed.conf import PROTOCOL, broker_settings, check_protocol, is_redis
from assetflow.distributed.dispatcher import TASK_NAME, Dispatcher, plan_in
from assetflow.distributed.guardian import Guardian, SidecarStep
from assetflow.distributed.log_keeping import LogKeeping
from assetflow.distributed.masked_log import mask
from assetflow.engine.slot import Slot
from assetflow.engine.watch import Watch
from assetflow.log import logger, write_json
from assetflow.runs.claims import Announcement

_YOUNG_OBJECTS = 10_000  # between two looks of the garbage collector; a step makes some hundreds
MakeSlot = Callable[[str, Watch], Slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """What a worker is made of beyond Celery.

    Attributes:
        make_slot: builds the slot of a child process, given its name and its watch.
        make_log_keeping: says in a child process where what steps write goes; None to leave it in the worker's log.
        sidecar_command: how the sidecar is started.
        sidecar_environment: added to the sidecar's environment.
        share_cores: told, before there are children, how many there will be.
        secrets: what nobody is to read in the worker's log.
        logs_as_json: whether the worker's log is for machines.
        passing_errors: of the broker, that a worker waits for the end of, as for a lost connection.
    """

    make_slot: MakeSlot
    make_log_keeping: Callable[[], LogKeeping] | None
    sidecar_command: tuple[str, ...]
    sidecar_environment: dict[str, str]
    share_cores: Callable[[int], None]
    passing_errors: tuple[type[Exception], ...] = ()
    logs_as_json: bool = False
    secrets: Callable[[], Iterable[str]] = tuple


def make_app(broker_url: str, *, patience: int = 10) -> Celery:
    """An application that can send wake-ups.

    Args:
        patience: seconds to wait for the broker.
    """
    app = Celery("assetflow", set_as_current=False)
    app.conf.update(PROTOCOL)
    app.conf.update(broker_settings(broker_url, patience))
    app.amqp.Connection = BrokerConnection
    return app


def make_worker_app(broker_url: str, parts: WorkerParts) -> Celery:
    """An application whose workers run steps."""
    app = make_app(broker_url)
    guardian = Guardian(parts.sidecar_command, parts.sidecar_environment)
    children = _Children(guardian, parts)
    pass_on = Dispatcher(app)

    @app.task(name=TASK_NAME, bind=False, shared=False)
    def run_step(run_id: str, queue: str, hint: int = -1, announcement: str = "", plan: str = "") -> None:
        """Work on a run for one time slice."""
        slot = children.slot()
        if slot is None:
            return  # unanswered, the wake-up is sent again
        if slot.work(run_id, queue, hint, announcement, plan_in(plan)):
            pass_on(run_id, [Announcement(queue, hint, announcement)])

    app.steps["worker"].add(SidecarStep)
    app.steps["consumer"].add(_patience_with(parts.passing_errors))
    app.assetflow_guardian = guardian

    def before_start(sender: Any = None, **_: Any) -> None:
        if sender is not None and sender.app is app:
            check_protocol(app.conf)
            guardian.prepare()
            # Chatter between workers that runs do not need, and that fills a Redis.
            sender.options.update(without_mingle=True, without_gossip=True, without_heartbeat=True)

    def before_pool(instance: Any = None, **_: Any) -> None:
        if instance is not None and instance.app is app:
            if is_redis(broker_url):
                # Noting what was delivered takes memory, and a server without any would end the worker.
                for queue in app.amqp.queues.consume_from.values():
                    queue.no_ack = True
            parts.share_cores(getattr(instance, "max_concurrency", None) or instance.concurrency)

    def in_child(**_: Any) -> None:
        # What was loaded before the fork stays for ever, and need not be looked through again and again.
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS)
        children.begin()

    def after_stop(sender: Any = None, **_: Any) -> None:
        if sender is not None and sender.app is app:
            guardian.stop()

    def after_logging(**given: Any) -> None:
        if parts.logs_as_json:
            write_json(given.get("logger"))
        mask(given.get("logger") or logging.getLogger(), parts.secrets)

    signals.after_setup_logger.connect(after_logging, weak=False)
    signals.after_setup_task_logger.connect(after_logging, weak=False)
    signals.worker_init.connect(before_start, weak=False)
    signals.celeryd_after_setup.connect(before_pool, weak=False)
    signals.worker_shutdown.connect(after_stop, weak=False)
    signals.worker_process_init.connect(in_child, weak=False)
    return app


def _patience_with(errors: tuple[type[Exception], ...]) -> type[bootsteps.StartStopStep]:
    """A step of Celery's consumer that has it connect again after these errors, where it would end the worker."""

    class Patience(bootsteps.StartStopStep):
        def __init__(self, consumer: Any, **_: Any) -> None:
            super().__init__(consumer)
            consumer.connection_errors = (*consumer.connection_errors, *errors)

    return Patience


class _Children:
    """The slots of this process: one, or one for each thread of a threads pool."""

    def __init__(self, guardian: Guardian, parts: WorkerParts) -> None:
        self._guardian = guardian
        self._parts = parts
        self._local = threading.local()
        self._shared = threading.Lock()
        self._capture: Capture | None = None
        self._keeping: LogKeeping | None = None

    def begin(self) -> None:
        """Register this process before its first step, so that its death is noticed from now on."""
        if not hasattr(self._local, "watch"):
            self._local.watch = GuardedWatch(
                self._guardian.folder,
                alone=self._guardian.alone_in_process,
                capture=self._streams(),
                keeping=self._log_keeping,
            )

    def slot(self) -> Slot | None:
        """The slot of this thread, made at its first wake-up; None as long as the store does not know this worker."""
        if not hasattr(self._local, "slot"):
            if not self._guardian.await_known():
                logger.warning("the run store does not know this worker yet; it takes no step before that")
                return None
            self.begin()
            watch: GuardedWatch = self._local.watch
            self._local.slot = self._parts.make_slot(f"{self._guardian.worker}:{watch.cell.name}", watch)
        return self._local.slot  # type: ignore[no-any-return]

    def _streams(self) -> Capture | None:
        """The streams of this process, which all of its slots share."""
        with self._shared:
            if self._capture is None and self._parts.make_log_keeping is not None:
                self._capture = Capture(redirects=self._guardian.one_slot_a_process)
                self._capture.install()
            return self._capture

    def _log_keeping(self) -> LogKeeping:
        with self._shared:
            if self._keeping is None:
                assert self._parts.make_log_keeping is not None, "there are streams only where something is kept"
                self._keeping = self._parts.make_log_keeping()
            return self._keeping
