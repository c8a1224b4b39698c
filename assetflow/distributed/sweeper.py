"""What no slot does by itself: one sidecar at a time looks after all runs and workers."""

from __future__ import annotations

import time

from assetflow.distributed.identity import is_gone
from assetflow.engine.session import Announce
from assetflow.log import logger
from assetflow.runs.registry import WorkerInfo, WorkerRegistry
from assetflow.runs.store import Proof, RunStore

LEASE_SECONDS = 5.0
STRANGE_SECONDS = 10.0  # five beats


class Sweeper:
    """Takes back what dead workers held, puts due retries on, repeats wake-ups that were lost.

    Several at once do no harm; a lease keeps all but one from working for nothing.

    Args:
        here: the worker whose sidecar this is.
        strange_seconds: how long a worker may hold something that the registry does not know: one that is alive is
            in it with its next beat, even if the server has just lost it.
    """

    def __init__(
        self,
        here: WorkerInfo,
        store: RunStore,
        registry: WorkerRegistry,
        announce: Announce,
        *,
        strange_seconds: float = STRANGE_SECONDS,
    ) -> None:
        self._here = here
        self._store = store
        self._registry = registry
        self._announce = announce
        self._strange_seconds = strange_seconds
        self._strangers: dict[str, float] = {}  # since when

    def sweep(self) -> None:
        """Look once."""
        if not self._registry.hold_lease("sweeper", self._here.worker, LEASE_SECONDS):
            return
        workers = self._registry.workers()
        gone = set(self._registry.overdue())
        gone |= {view.info.worker for view in workers if is_gone(view.info, self._here)}
        gone.discard(self._here.worker)
        runs = self._store.live_runs()
        gone |= self._strangers_of(runs, {view.info.worker for view in workers})
        for worker in gone:
            logger.warning("worker %s is dead; taking back what it held", worker)
            for run_id in runs:
                self._announce(run_id, self._store.reclaim(run_id, worker, Proof.WORKER_DIED))
            self._registry.leave(worker, died=True)
        idle = {queue for view in workers if view.busy < view.info.slots for queue in view.info.queues}
        for run_id in runs:
            self._announce(run_id, self._store.tick(run_id, idle))

    def _strangers_of(self, runs: list[str], known: set[str]) -> set[str]:
        """Workers that hold something and have been unknown for long."""
        now = time.monotonic()
        strange = {worker for run_id in runs for worker in self._store.holders(run_id)} - known
        self._strangers = {worker: self._strangers.get(worker, now) for worker in strange}
        return {worker for worker, since in self._strangers.items() if now - since >= self._strange_seconds}
