"""Limits over all runs in memory: pools of steps, and run limits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from assetflow.runs.claims import Announcement
from assetflow.runs.limits import LimitUse

Who = tuple[str, int]


class Limited(Protocol):
    """A run, as far as limits are concerned with it."""

    def admit(self, step: int) -> bool:
        """Make a step that waits for its pool ready; whether it can use a token now."""

    def begin(self) -> None:
        """Start a run that was waiting for others to end."""

    def wake_ups(self, step: int | None) -> list[Announcement]:
        """Wake-ups for a step, or for all that is ready, that name the run."""


@dataclass(slots=True)
class MemoryLimits:
    """Who holds what, and who waits.

    Attributes:
        runs: by their ids.
        woken: wake-ups that follow from what was handed to other runs than the one at hand.
        lock: held while anything of the store changes.
    """

    lock: threading.Condition
    runs: dict[str, Limited] = field(default_factory=dict)
    pool_limits: dict[str, int] = field(default_factory=dict)
    holders: dict[str, set[Who]] = field(default_factory=dict)
    waiting: dict[str, dict[Who, tuple[int, int]]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    under_way: dict[str, set[str]] = field(default_factory=dict)
    queued: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    woken: list[Announcement] = field(default_factory=list)

    # --- pools -----------------------------------------------------------------------------------

    def acquire(self, pool: str, who: Who, priority: int, rank: int) -> bool:
        """A token for a step that is about to be claimed; False if it has to wait."""
        holders = self.holders.setdefault(pool, set())
        limit = self.pool_limits.get(pool)
        if who not in holders and limit is not None and len(holders) >= limit:
            self.waiting.setdefault(pool, {})[who] = (-priority, -min(rank, 65_535))
            return False
        holders.add(who)
        return True

    def regain(self, pool: str, who: Who) -> None:
        """The token of a step that runs already, even above the limit."""
        self.waiting.get(pool, {}).pop(who, None)
        self.holders.setdefault(pool, set()).add(who)

    def release(self, pool: str, who: Who) -> None:
        """Free a step's token, if it has one, and hand it on."""
        holders = self.holders.get(pool, set())
        if who in holders:
            holders.remove(who)
            self.hand_on(pool, who[0])

    def leave(self, pool: str, who: Who) -> None:
        """Neither hold a token nor wait for one."""
        self.waiting.get(pool, {}).pop(who, None)
        self.release(pool, who)

    def hand_on(self, pool: str, here: str = "") -> None:
        """Give free tokens to those that wait.

        Args:
            here: the run at hand, whose wake-ups are counted by itself.
        """
        holders, waiting = self.holders.setdefault(pool, set()), self.waiting.get(pool, {})
        limit = self.pool_limits.get(pool)
        while waiting and (limit is None or len(holders) < limit):
            who = min(waiting, key=lambda one: (waiting[one], one))
            del waiting[who]
            run = self.runs[who[0]]
            if run.admit(who[1]):
                holders.add(who)
                if who[0] != here:
                    self.woken += run.wake_ups(who[1])

    # --- run limits ------------------------------------------------------------------------------

    def full(self, names: Iterable[str]) -> bool:
        """Whether one of these limits is reached."""
        return any(len(self.under_way.get(name, ())) >= self.limits.get(name, 1 << 60) for name in names)

    def wait(self, run_id: str, priority: int, names: tuple[str, ...]) -> None:
        """Let a run wait until there is room for it."""
        self.queued[run_id] = (-priority, names)

    def enter(self, run_id: str, names: Iterable[str]) -> None:
        """Count a run that begins."""
        for name in names:
            self.under_way.setdefault(name, set()).add(run_id)

    def end(self, run_id: str, names: Iterable[str]) -> None:
        """A run is over: begin those that waited for it."""
        freed = self.queued.pop(run_id, None) is not None
        for name in names:
            freed |= run_id in self.under_way.get(name, ())
            self.under_way.get(name, set()).discard(run_id)
        if freed:
            self.begin_others()

    def begin_others(self) -> None:
        """Begin the runs that wait and for which there is room, best first."""
        for run_id in sorted(self.queued, key=lambda one: (self.queued[one][0], one)):
            _, names = self.queued[run_id]
            if not self.full(names):
                del self.queued[run_id]
                self.enter(run_id, names)
                self.runs[run_id].begin()
                self.woken += self.runs[run_id].wake_ups(None)

    # --- Limits ----------------------------------------------------------------------------------

    def set_pool_limit(self, pool: str, limit: int | None) -> list[Announcement]:
        """See Limits.set_pool_limit."""
        with self.lock:
            _set(self.pool_limits, pool, limit)
            self.hand_on(pool)
            return self.take_woken()

    def set_run_limit(self, name: str, limit: int | None) -> list[Announcement]:
        """See Limits.set_run_limit."""
        with self.lock:
            _set(self.limits, name, limit)
            self.begin_others()
            return self.take_woken()

    def pools(self) -> list[LimitUse]:
        """See Limits.pools."""
        names = sorted(self.pool_limits.keys() | {pool for pool, holders in self.holders.items() if holders})
        return [
            LimitUse(
                name=name,
                limit=self.pool_limits.get(name),
                holders=tuple(sorted(f"{run}|{step:08d}" for run, step in self.holders.get(name, ()))),
                waiting=len(self.waiting.get(name, ())),
            )
            for name in names
        ]

    def run_limits(self) -> list[LimitUse]:
        """See Limits.run_limits."""
        return [
            LimitUse(
                name=name,
                limit=limit,
                holders=tuple(sorted(self.under_way.get(name, ()))),
                waiting=sum(name in names for _, names in self.queued.values()),
            )
            for name, limit in sorted(self.limits.items())
        ]

    def take_woken(self) -> list[Announcement]:
        """The wake-ups collected so far."""
        woken, self.woken = self.woken, []
        return woken


def _set(limits: dict[str, int], name: str, limit: int | None) -> None:
    if limit is None:
        limits.pop(name, None)
    else:
        limits[name] = limit
