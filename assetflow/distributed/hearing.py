"""Whether a worker still hears wake-ups: a broken connection to the broker can leave it deaf for ever."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from assetflow.distributed.cells import CellState
from assetflow.distributed.guardian import SidecarJob
from assetflow.runs.store import RunStore


class Hearing:
    """Notices that there has been work for idle slots for a while, and none of them was woken.

    Wake-ups that nobody answers are repeated every few seconds, so an idle worker that hears gets one soon. While the
    broker is away nobody hears, and another worker in this one's place would not either: steps that run go on.

    Args:
        broker_is_there: whether the broker takes connections.
    """

    DEAF_AFTER = 15.0  # seconds with work, an idle slot, and no wake-up
    SUSPICIOUS_AFTER = 5.0  # seconds without a wake-up before the store is asked whether there is work

    def __init__(self, job: SidecarJob, store: RunStore, broker_is_there: Callable[[], bool]) -> None:
        self._job = job
        self._store = store
        self._broker_is_there = broker_is_there
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
        if not self._broker_is_there():
            self._work_since = now  # all have as long as ever to hear it again once it is back
            return False
        return min(now - self._work_since, quiet_for) > self.DEAF_AFTER


def takes_connections(url: str, *, patience: float = 2.0) -> bool:
    """Whether anybody listens at a broker's address; of several, separated by semicolons, one is enough.

    Args:
        patience: seconds to wait for each.
    """
    return any(_listens(one, patience) for one in url.split(";"))


def _listens(url: str, patience: float) -> bool:
    parts = urlsplit(url)
    try:
        if not parts.hostname and parts.path:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(patience)
                probe.connect(parts.path)
            return True
        port = parts.port or (6379 if parts.scheme.startswith("redis") else 5672)
        with socket.create_connection((parts.hostname or "127.0.0.1", port), patience):
            return True
    except OSError:
        return False
