"""Places where a test may stop or kill the process. Nothing happens there unless ``ASSETFLOW_FAIL`` asks for it.

``ASSETFLOW_FAIL=stage.after:sigstop`` stops the first process that has staged an output. It happens once for a worker
and all of its children, so that whoever tries again gets further.
"""

from __future__ import annotations

import mmap
import os
import signal

from assetflow.errors import SettingsError

SLOT_POINTS = {
    "claim.after": "the slot holds claims and has begun none of them",
    "stage.before": "a value is computed, and nothing of it is stored",
    "stage.after": "a value is stored under its attempt's own name, and nobody knows",
    "settle.after": "an outcome is settled, and people do not see the value yet",
    "publish.after": "people see the value, and the store does not know that they do",
}
CLIENT_POINTS = {
    "submit.before": "the client has sent the code, and no run",
    "submit.after": "the run is there, and no wake-up was sent for it",
}
RECORDER_POINTS = {
    "record.before": "facts are read, and nothing of them is in the history",
    "record.after": "facts are in the history, and the run store does not know that they are",
    "trim.after": "the run store has dropped what is in the history",
}
TICK_POINTS = {
    "tick.begun": "a tick has begun, and its function was not called",
    "tick.noted": "what a tick asks for is kept, and nothing is done about it",
    "tick.reserved": "a run has its id, and is not there",
    "tick.launched": "a run is there, and the tick does not know",
    "tick.settled": "a tick is over",
}
POINTS = {**SLOT_POINTS, **CLIENT_POINTS, **RECORDER_POINTS, **TICK_POINTS}
ACTIONS = {"sigstop": signal.SIGSTOP, "sigkill": signal.SIGKILL}


class _Trap:
    """What is asked for, and whether it has happened; children that are forked share that."""

    def __init__(self, point: str, number: signal.Signals) -> None:
        self.point = point
        self._number = number
        self._sprung = mmap.mmap(-1, 1)

    def spring(self) -> None:
        if self._sprung[0] == 0:
            self._sprung[0] = 1
            os.kill(os.getpid(), self._number)


_trap: _Trap | None = None


def arm(wanted: str) -> None:
    """Take in what is asked for; later calls change nothing.

    Args:
        wanted: ``point:action``, or nothing.

    Raises:
        SettingsError: there is no such point or action.
    """
    global _trap
    if not wanted or _trap is not None:
        return
    point, _, action = wanted.partition(":")
    if point not in POINTS or action not in ACTIONS:
        raise SettingsError(
            f"there is no fail-point {wanted!r}",
            where="ASSETFLOW_FAIL",
            fix=f"write point:action; points: {', '.join(POINTS)}; actions: {', '.join(ACTIONS)}",
        )
    _trap = _Trap(point, ACTIONS[action])


def reached(point: str) -> None:
    """The process is at a point."""
    if _trap is not None and _trap.point == point:
        _trap.spring()
