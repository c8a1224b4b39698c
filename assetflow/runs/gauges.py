"""The seam to numbers about what goes on: how much is ready and running, and what has been counted so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

Counts = Mapping[tuple[str, ...], float]


class QueueGauge(msgspec.Struct, frozen=True, kw_only=True):
    """How a queue stands, over all runs.

    Attributes:
        ready: steps that could be run now.
        running: steps that slots hold.
        waited: seconds since one of the ready steps is known to wait; 0 if none is ready. The one that is watched is
            the one whose turn comes last, so this is the longest wait, or a little less.
        runs: live runs with ready or running steps in it.
    """

    queue: str
    ready: int = 0
    running: int = 0
    waited: float = 0.0
    runs: int = 0


class Gauges(Protocol):
    """Numbers about what goes on."""

    def queues(self) -> list[QueueGauge]:
        """All queues in which something is ready or running, by name."""

    def statuses(self) -> dict[str, int]:
        """How many live runs there are of each status."""

    def unrecorded(self, now: float) -> tuple[int, float]:
        """How many runs wait to be recorded to their end, and for how long facts have waited at most, in seconds."""

    def count(self, counts: Counts) -> None:
        """Add to what has been counted. Calls that fail are forgotten: nothing depends on these numbers."""

    def counted(self) -> dict[tuple[str, ...], float]:
        """All that has been counted since this store was made."""
