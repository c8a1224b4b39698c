"""The sidecar: one process beside each worker that owes nothing to user code.

It says that the worker is alive, notices at once when a child dies, stops steps that were cancelled or run for too
long, sweeps what no slot does by itself, records what runs tell, notices a worker that hears no wake-ups any more,
and, when the parent is gone, gives back what the worker held.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from assetflow.distributed.cells import Cell, StopReason
from assetflow.distributed.guardian import GOODBYE, SidecarJob, note_known
from assetflow.distributed.hearing import Hearing
from assetflow.distributed.identity import identify
from assetflow.distributed.log_keeping import LogKeeping
from assetflow.distributed.reading_along import ReadingAlong
from assetflow.distributed.recording import RecordingThread
from assetflow.distributed.sweeper import Sweeper
from assetflow.distributed.taking_back import Judge, TakingBack
from assetflow.engine.session import Announce
from assetflow.errors import ServiceUnreachableError
from assetflow.log import logger
from assetflow.runs.registry import WorkerRegistry
from assetflow.runs.store import Proof, RunStore

PULSE = 0.25
BEAT_EVERY = 2.0
SWEEP_EVERY = 1.0
CANCEL_EVERY = 0.5
LISTEN_EVERY = 1.0
GRACE = 10.0
DRAIN = 20.0
_PATIENCE_WITH_PARENT = 10.0


@dataclass(slots=True)
class _Child:
    """A child under guard.

    Attributes:
        reason: why its step is being stopped.
    """

    cell: Cell
    pidfd: int
    stop_token: int = 0
    stop_since: float = 0.0
    reason: StopReason = StopReason.NONE


class Sidecar:
    """Guards one worker until its parent is gone.

    Args:
        job: whom to guard.
        announce: sends wake-ups.
        judge: says what becomes of a step whose process was killed for it.
        broker_is_there: whether the broker takes connections.
        modules: what the worker may import; clients choose by it how to send code.
        key: id of the key it signs with.
        grace: seconds between the soft and the hard stop of a step.
        drain: seconds that steps may go on once the worker is told to end.
        recording: moves what runs tell into the history; nothing if none is kept.
        log_keeping: where what steps write goes; None if it is not kept.
    """

    def __init__(
        self,
        job: SidecarJob,
        store: RunStore,
        registry: WorkerRegistry,
        announce: Announce,
        judge: Judge,
        *,
        broker_is_there: Callable[[], bool],
        modules: tuple[str, ...] = (),
        key: str = "",
        grace: float = GRACE,
        drain: float = DRAIN,
        recording: Sequence[RecordingThread] = (),
        log_keeping: LogKeeping | None = None,
    ) -> None:
        self._recording = recording
        self._job = job
        self._store = store
        self._registry = registry
        self._announce = announce
        self._grace = grace
        self._children: dict[str, _Child] = {}
        self._info = identify(job, modules, key)
        self._logs = ReadingAlong(Path(job.folder), log_keeping)
        self._taking_back = TakingBack(job, store, announce, judge, self._logs)
        self._sweeper = Sweeper(self._info, store, registry, announce)
        self._hearing = Hearing(job, store, broker_is_there)
        self._told_to_end = 0.0
        self._known = False
        self._drain_asked = False
        self._drain = drain
        self._draining_since = 0.0
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Guard until the parent says goodbye, or is gone."""
        os.set_blocking(sys.stdin.fileno(), False)
        poller = select.poll()
        poller.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
        heard = b""
        for thread in self._recording:
            thread.start()
        while True:
            self._adopt(poller)
            self._stop_overdue()
            self._every("beat", BEAT_EVERY, self._beat)
            self._every("sweep", SWEEP_EVERY, self._sweeper.sweep)
            self._every("drain", CANCEL_EVERY, self._give_back_when_drained)
            self._every("cancel", CANCEL_EVERY, self._stop_cancelled)
            self._every("listen", LISTEN_EVERY, self._listen)
            self._every("logs", 0.0, self._read_along)
            for descriptor, _event in poller.poll(min(PULSE, self._logs.pause) * 1000):
                if descriptor == sys.stdin.fileno():
                    piece = os.read(descriptor, 64)
                    if not piece:
                        self._end(in_peace=heard.strip().endswith(GOODBYE))
                        return
                    heard += piece
                else:
                    self._bury(poller, descriptor)

    def _every(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        now = time.monotonic()
        if now >= self._due.get(name, 0.0):
            self._due[name] = now + seconds
            try:
                action()
            except ServiceUnreachableError as error:
                logger.warning("sidecar: %s", error.message)
            except Exception:
                logger.exception("sidecar: %s failed", name)

    def _adopt(self, poller: select.poll) -> None:
        """Find children that have made a cell since the last look."""
        for path in Path(self._job.folder).glob("[0-9a-f]*"):
            if path.name in self._children:
                continue
            cell = Cell(path)
            try:
                pidfd = os.pidfd_open(cell.read().pid)
            except OSError:
                self._taking_back.of_child(cell)
                continue
            self._children[path.name] = _Child(cell, pidfd)
            poller.register(pidfd, select.POLLIN)

    def _bury(self, poller: select.poll, pidfd: int) -> None:
        """A process is gone, and with it its slots: one, or all of a threads pool."""
        poller.unregister(pidfd)
        child = next(child for child in self._children.values() if child.pidfd == pidfd)
        os.close(pidfd)
        del self._children[child.cell.name]
        self._taking_back.of_child(child.cell, reason=child.reason)

    def _read_along(self) -> None:
        self._logs.look([child.cell for child in self._children.values()])

    def _beat(self) -> None:
        states = [child.cell.read() for child in self._children.values()]
        info = msgspec.structs.replace(self._info, clock=time.time())
        quarantined = self._registry.beat(info, sum(state.engaged for state in states))
        if not self._known:
            note_known(Path(self._job.folder))
            self._known = True
        if not self._drain_asked and self._registry.is_to_drain(self._info.worker):
            self._drain_asked = True
            logger.warning("somebody has asked this worker to end when what it has in hand is done")
            with suppress(ProcessLookupError):
                os.kill(self._job.parent, signal.SIGTERM)
        for child in self._children.values():
            if child.cell.orders.quarantine != quarantined:
                child.cell.order(quarantine=quarantined)

    def _listen(self) -> None:
        states = [child.cell.read() for child in self._children.values()]
        if self._told_to_end:
            if time.monotonic() - self._told_to_end > _PATIENCE_WITH_PARENT:
                logger.error("the worker does not end by itself; killing it")
                with suppress(ProcessLookupError):
                    os.kill(self._job.parent, signal.SIGKILL)
        elif self._hearing.is_lost(states):
            logger.error(
                "there is work for this worker and it has heard no wake-up for %d s; ending it, so that whoever "
                "supervises it starts another",
                Hearing.DEAF_AFTER,
            )
            self._told_to_end = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(self._job.parent, signal.SIGTERM)
        self._replace_those_that_ask()

    def _replace_those_that_ask(self) -> None:
        for child in self._children.values():
            if not (child.cell.read().wants_to_go and self._job.can_kill):
                continue
            with child.cell.locked():
                state = child.cell.read()
                if not (state.busy or state.opening):
                    with suppress(ProcessLookupError):
                        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)

    def _stop_cancelled(self) -> None:
        """Stop steps whose claim is void: softly first, after the grace by force."""
        for child in list(self._children.values()):
            state = child.cell.read()
            if not state.busy:
                continue
            slot = f"{self._job.worker}:{child.cell.name}"
            if child.stop_token == state.token:
                self._press(child, state.token)
            elif not self._store.holds(state.run_id, slot, state.step, state.nonce):
                self._stop(child, state.token, signal.SIGUSR1, StopReason.CANCELLED)

    def _stop_overdue(self) -> None:
        """Stop steps that run for longer than their timeout, in the same two ways."""
        for child in list(self._children.values()):
            state = child.cell.read()
            if state.overdue and child.stop_token == state.token:
                self._press(child, state.token)
            elif state.overdue:
                self._stop(child, state.token, signal.SIGUSR1, StopReason.TIMED_OUT)

    def _give_back_when_drained(self) -> None:
        """A worker that ends lets its steps go on for a while; then they are others' to run.

        They are given back first and stopped after that, so that whoever is next can begin at once.
        """
        if not any(child.cell.orders.drain for child in self._children.values()):
            return
        self._draining_since = self._draining_since or time.monotonic()
        if time.monotonic() - self._draining_since < self._drain:
            return
        for child in self._children.values():
            state = child.cell.read()
            if state.busy and child.stop_token != state.token:
                logger.warning("giving back step %d of run %s: this worker ends", state.step, state.run_id)
                slot = f"{self._job.worker}:{child.cell.name}"
                self._announce(state.run_id, self._store.reclaim(state.run_id, slot, Proof.DRAINED))

    def _press(self, child: _Child, token: int) -> None:
        if time.monotonic() - child.stop_since > self._grace and self._job.can_kill:
            state = child.cell.read()
            logger.warning("step %d of run %s does not stop when told to; killing it", state.step, state.run_id)
            self._stop(child, token, signal.SIGKILL, child.reason)

    def _stop(self, child: _Child, token: int, number: signal.Signals, reason: StopReason) -> None:
        with child.cell.locked():
            if child.cell.read().token != token:
                return
            child.cell.order(stop_token=token, reason=reason)
            if child.stop_token != token:
                child.stop_token, child.stop_since, child.reason = token, time.monotonic(), reason
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(child.pidfd, number)

    def _end(self, *, in_peace: bool) -> None:
        if not in_peace:
            self._adopt(select.poll())  # also of a child that has just begun
            if any(child.cell.read().busy for child in self._children.values()):
                logger.warning("the worker's parent is gone; taking back what it held")
            for child in self._children.values():
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        with suppress(ServiceUnreachableError):  # else the others will notice
            cells = [child.cell for child in self._children.values()]
            self._taking_back.of_worker(Proof.DRAINED if in_peace else Proof.WORKER_DIED, cells)
            for thread in self._recording:
                thread.stop()
            self._registry.leave(self._job.worker, died=not in_peace)
        for path in Path(self._job.folder).glob("*"):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            Path(self._job.folder).rmdir()


def read_job() -> SidecarJob:
    """The first line of input; nothing behind it is consumed."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1)
        if not piece:
            raise SystemExit("the sidecar is started by a worker, with its job on standard input")
        line += piece
    return msgspec.json.decode(line, type=SidecarJob)
