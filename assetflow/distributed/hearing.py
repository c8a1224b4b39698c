"""Whether a worker still hears wake-ups: a broken connection to the broker can leave it deaf for ever."""

from __future__ import annotations

import time
from collections.abc import Sequence

from assetflow.distributed.cells import CellState
from assetflow.distributed.guardian import SidecarJob
from assetflow.runs.store import RunStore


class Hearing:
    """Notices that there has been work for idle slots for a while, and none of them was woken.

    Wake-ups that nobody answers are repeated every few seconds, so an idle worker that hears gets one soon.
    """

    DEAF_AFTER = 15.0  # seconds with work, an idle slot, and no wake-up
    SUSPICIOUS_AFTER = 5.0  # seconds without a wake-up before the store is asked whether there is work

    def __init__(self, job: SidecarJob, store: RunStore) -> None:
        self._job = job
        self._store = store
        self._work_since: float | None = None

    def is_lost(self, states: Sequence[CellState]) -> bool:
        """Whether the worker is deaf; asked about once a second.

        Args:
            states: of all its children.
        """
        now = time.monotonic()
        idle = [state for state in states if not (state.busy or state.opening)]
        quiet_for = now - max((state.woken for state in states), default=now)
        if not idle or quiet_for < self.SUSPICIOUS_AFTER or not self._store.ready_for(self._job.queues):
            self._work_since = None
            return False
        if self._work_since is None:
            self._work_since = now
        return min(now - self._work_since, quiet_for) > self.DEAF_AFTER
