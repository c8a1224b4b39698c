"""The sidecar: one process beside each worker that owes nothing to user code.

It says that the worker is alive, notices at once when a child dies, stops cancelled steps, sweeps what
no slot does by itself, and, when the parent is gone, gives back what the worker held.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from assetflow.clock import pause
from assetflow.distributed.cells import Cell
from assetflow.distributed.guardian import GOODBYE, SidecarJob
from assetflow.distributed.identity import identify, is_gone
from assetflow.engine.session import Announce
from assetflow.errors import ServiceUnreachableError
from assetflow.log import logger
from assetflow.runs.claims import Announcement
from assetflow.runs.registry import WorkerRegistry
from assetflow.runs.store import Proof, RunStore

Item = TypeVar("Item")

PULSE = 0.25
BEAT_EVERY = 2.0
SWEEP_EVERY = 1.0
CANCEL_EVERY = 0.5
GRACE = 10.0


@dataclass(slots=True)
class _Child:
    """A child under guard."""

    cell: Cell
    pidfd: int
    stop_token: int = 0
    stop_since: float = 0.0


class Sidecar:
    """Guards one worker until its parent is gone.

    Args:
        job: whom to guard.
        announce: sends wake-ups.
        modules: what the worker may import; clients choose by it how to send code.
        grace: seconds between the soft and the hard stop of a cancelled step.
    """

    def __init__(
        self,
        job: SidecarJob,
        store: RunStore,
        registry: WorkerRegistry,
        announce: Announce,
        *,
        modules: Sequence[str] = (),
        grace: float = GRACE,
    ) -> None:
        self._job = job
        self._store = store
        self._registry = registry
        self._announce = announce
        self._grace = grace
        self._children: dict[str, _Child] = {}
        self._info = identify(job, tuple(modules))
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Guard until the parent says goodbye, or is gone."""
        os.set_blocking(sys.stdin.fileno(), False)
        poller = select.poll()
        poller.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
        heard = b""
        while True:
            self._adopt(poller)
            self._every("beat", BEAT_EVERY, self._beat)
            self._every("sweep", SWEEP_EVERY, self._sweep)
            self._every("cancel", CANCEL_EVERY, self._stop_cancelled)
            for descriptor, _event in poller.poll(PULSE * 1000):
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
                self._take_back(cell)
                continue
            self._children[path.name] = _Child(cell, pidfd)
            poller.register(pidfd, select.POLLIN)

    def _bury(self, poller: select.poll, pidfd: int) -> None:
        child = next(child for child in self._children.values() if child.pidfd == pidfd)
        poller.unregister(pidfd)
        os.close(pidfd)
        del self._children[child.cell.name]
        self._take_back(child.cell)

    def _take_back(self, cell: Cell) -> None:
        """What a dead child held becomes ready again; the step it was running is blamed."""
        state = cell.read()
        slot = f"{self._job.worker}:{cell.name}"
        try:
            for run_id in self._patiently(self._store.live_runs):
                culprit = state.step if state.busy and state.run_id == run_id else -1
                self._announce(run_id, self._patiently(self._reclaiming(run_id, slot, culprit)))
        except ServiceUnreachableError:
            logger.warning("the parent is gone and so is the store: other workers will take back what was held")
        if state.busy:
            logger.warning("a child died running step %d of run %s", state.step, state.run_id)
        cell.path.unlink(missing_ok=True)
        cell.close()

    def _beat(self) -> None:
        busy = sum(child.cell.read().busy for child in self._children.values())
        self._registry.beat(self._info, busy)

    def _sweep(self) -> None:
        if not self._registry.hold_lease("sweeper", self._job.worker, 5 * SWEEP_EVERY):
            return
        workers = self._registry.workers()
        gone = set(self._registry.overdue())
        gone |= {view.info.worker for view in workers if is_gone(view.info, self._info)}
        gone.discard(self._job.worker)
        runs = self._store.live_runs()
        for worker in gone:
            logger.warning("worker %s is dead; taking back what it held", worker)
            for run_id in runs:
                self._announce(run_id, self._store.reclaim(run_id, worker, Proof.WORKER_DIED))
            self._registry.leave(worker)
        idle = {queue for view in workers if view.busy < view.info.slots for queue in view.info.queues}
        for run_id in runs:
            self._announce(run_id, self._store.tick(run_id, idle))

    def _stop_cancelled(self) -> None:
        """Stop steps whose claim is void: softly first, after the grace by force."""
        for child in list(self._children.values()):
            state = child.cell.read()
            if not state.busy:
                continue
            slot = f"{self._job.worker}:{child.cell.name}"
            if child.stop_token != state.token:
                if not self._store.holds(state.run_id, slot, state.step, state.nonce):
                    self._stop(child, state.token, signal.SIGUSR1)
            elif time.monotonic() - child.stop_since > self._grace and self._job.can_kill:
                logger.warning("step %d of run %s ignores its cancellation; killing it", state.step, state.run_id)
                self._stop(child, state.token, signal.SIGKILL)

    def _stop(self, child: _Child, token: int, number: signal.Signals) -> None:
        with child.cell.locked():
            if child.cell.read().token != token:
                return
            child.cell.order_stop(token)
            child.stop_token, child.stop_since = token, time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(child.pidfd, number)

    def _end(self, *, in_peace: bool) -> None:
        if not in_peace:
            logger.warning("the worker's parent is gone; taking back what it held")
            for child in self._children.values():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        proof = Proof.DRAINED if in_peace else Proof.WORKER_DIED
        with contextlib.suppress(ServiceUnreachableError):  # else the others will notice
            for run_id in self._store.live_runs():
                self._announce(run_id, self._store.reclaim(run_id, self._job.worker, proof))
            self._registry.leave(self._job.worker)
        for path in Path(self._job.folder).glob("*"):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            Path(self._job.folder).rmdir()

    def _reclaiming(self, run_id: str, slot: str, culprit: int) -> Callable[[], list[Announcement]]:
        return lambda: self._store.reclaim(run_id, slot, Proof.CHILD_DIED, culprit)

    def _patiently(self, ask: Callable[[], list[Item]]) -> list[Item]:
        """Ask until the store answers, as long as there is a worker to guard."""
        while True:
            try:
                return ask()
            except ServiceUnreachableError as error:
                if os.getppid() != self._job.parent:
                    raise
                logger.warning("sidecar: %s", error.message)
                pause(PULSE)


def read_job() -> SidecarJob:
    """The first line of input; nothing behind it is consumed."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(sys.stdin.fileno(), 1)
        if not piece:
            raise SystemExit("the sidecar is started by a worker, with its job on standard input")
        line += piece
    return msgspec.json.decode(line, type=SidecarJob)
