"""What no slot does by itself: one sidecar at a time looks after all runs and workers."""

from __future__ import annotations

from assetflow.distributed.identity import is_gone
from assetflow.engine.session import Announce
from assetflow.log import logger
from assetflow.runs.registry import WorkerInfo, WorkerRegistry
from assetflow.runs.store import Proof, RunStore

LEASE_SECONDS = 5.0


class Sweeper:
    """Takes back what dead workers held, puts due retries on, repeats wake-ups that were lost.

    Several at once do no harm; a lease keeps all but one from working for nothing.

    Args:
        here: the worker whose sidecar this is.
    """

    def __init__(self, here: WorkerInfo, store: RunStore, registry: WorkerRegistry, announce: Announce) -> None:
        self._here = here
        self._store = store
        self._registry = registry
        self._announce = announce

    def sweep(self) -> None:
        """Look once."""
        if not self._registry.hold_lease("sweeper", self._here.worker, LEASE_SECONDS):
            return
        workers = self._registry.workers()
        gone = set(self._registry.overdue())
        gone |= {view.info.worker for view in workers if is_gone(view.info, self._here)}
        gone.discard(self._here.worker)
        runs = self._store.live_runs()
        for worker in gone:
            logger.warning("worker %s is dead; taking back what it held", worker)
            for run_id in runs:
                self._announce(run_id, self._store.reclaim(run_id, worker, Proof.WORKER_DIED))
            self._registry.leave(worker, died=True)
        idle = {queue for view in workers if view.busy < view.info.slots for queue in view.info.queues}
        for run_id in runs:
            self._announce(run_id, self._store.tick(run_id, idle))
