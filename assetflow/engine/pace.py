"""How many steps a slot should claim at once."""

from __future__ import annotations

LARGEST_BATCH = 32
_GROWTH = 4
_SMALLEST = 1e-5
_QUICK = 5e-3


class Pace:
    """Learns from the steps just run; a stranger's steps are claimed one at a time at first."""

    __slots__ = ("_last", "_seconds", "_slowest")

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._slowest = 0.0
        self._last = 0

    def of_another_run(self) -> Pace:
        """What is known beforehand of another run of the same code: nothing, unless all of these steps were quick."""
        found = Pace()
        if self._seconds is not None and self._slowest < _QUICK:
            found._seconds = found._slowest = self._slowest
            found._last = LARGEST_BATCH
        return found

    def learn(self, seconds: float, steps: int) -> None:
        """Take in that so many steps took so long together."""
        if steps:
            each = seconds / steps
            self._seconds = each if self._seconds is None else 0.5 * self._seconds + 0.5 * each
            self._slowest = max(self._slowest, each)
            self._last = steps

    def want(self, remaining: float) -> int:
        """How many steps fit into the remaining seconds of a slice; at least one."""
        if self._seconds is None:
            return 1
        fitting = int(remaining / max(self._seconds, _SMALLEST))
        return max(1, min(fitting, LARGEST_BATCH, _GROWTH * max(self._last, 1)))
