"""The seam to the limits that hold over all runs: pools of steps, and run limits."""

from __future__ import annotations

from typing import Protocol

import msgspec

from assetflow.runs.claims import Announcement

LARGEST_LIMIT = 1_000_000


class LimitUse(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, and how much of it is used.

    Attributes:
        name: of the pool, or of the run limit.
        limit: how many may hold it at once; None for no limit.
        holders: names of those that hold it: ``run|step`` for a pool, run ids for a run limit.
        waiting: how many wait for it.
    """

    name: str
    limit: int | None
    holders: tuple[str, ...] = ()
    waiting: int = 0


class Limits(Protocol):
    """Named limits. A pool bounds the steps that run at once, a run limit the runs that are under way at once."""

    def set_pool_limit(self, pool: str, limit: int | None) -> list[Announcement]:
        """How many steps may hold a token of the pool at once; None for no limit.

        Returns:
            wake-ups to send for steps that can go on now.
        """

    def set_run_limit(self, name: str, limit: int | None) -> list[Announcement]:
        """How many runs that count towards a name may be under way at once; None for no limit.

        Args:
            name: ``*`` for all runs, ``tag`` or ``tag=value`` for those with the tag.
        """

    def pools(self) -> list[LimitUse]:
        """Pools with a limit, or with holders, by name."""

    def run_limits(self) -> list[LimitUse]:
        """Run limits that are set, by name."""
