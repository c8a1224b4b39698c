"""What the store tells of workers and of what they have to do, in the words of kinds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assetflow.runs.registry import DEAD_AFTER, WorkerView
from assetflow.wiring import Connection
from workers.pools import WorkerKind
from workers.wanted import Durations, Load, load_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look.

    Attributes:
        loads: of each kind.
        alive: workers that are alive and serve the queues of each kind.
        idle: processes of workers that have nothing to do, by host.
    """

    loads: dict[str, Load]
    alive: dict[str, int]
    idle: dict[str, set[int]]


class FleetView:
    """Looks at the store again and again, and learns how long steps take."""

    def __init__(self, connection: Connection, kinds: Iterable[WorkerKind]) -> None:
        self._connection = connection
        self._kinds = tuple(kinds)
        self._durations = Durations()

    def look(self) -> Seen:
        """Look once.

        Raises:
            ServiceUnreachableError: the store does not answer.
        """
        queues = self._connection.gauges.queues()
        seconds = self._durations.learn(self._connection.gauges.counted())
        views = [view for view in self._connection.registry.workers() if view.last_beat <= DEAD_AFTER]
        idle: dict[str, set[int]] = {}
        for view in views:
            if view.busy == 0:
                idle.setdefault(view.info.host, set()).add(view.info.pid)
        return Seen(
            loads={kind.name: load_of(kind, queues, seconds) for kind in self._kinds},
            alive={kind.name: sum(_serves(view, kind) for view in views) for kind in self._kinds},
            idle=idle,
        )

    def set_limits(self, limits: dict[str, int]) -> None:
        """Have these limits of pools hold from now on."""
        for pool, limit in limits.items():
            announcements = self._connection.limits.set_pool_limit(pool, limit)
            self._connection.announce("", announcements)


def _serves(view: WorkerView, kind: WorkerKind) -> bool:
    return set(view.info.queues) == set(kind.queues)
