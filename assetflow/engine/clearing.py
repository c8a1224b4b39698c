"""Clearing old runs away: what the history tells of them, and what their steps have written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.runs.event_log import EventLog
from assetflow.runs.step_logs import LogFiles

RUNS_AT_ONCE = 100
_LOOK_EVERY = 600.0  # seconds
_AT_LEAST = 3600.0  # seconds: whoever has just recorded a run must not find it gone


def clear_some(log: EventLog, files: LogFiles, ended_before: float, most: int = RUNS_AT_ONCE) -> int:
    """Clear away some of the runs that ended before that time.

    The logs go first: whoever dies in between has them looked for again, and leaves nothing that nobody knows of.

    Returns:
        how many there were; 0 if there are none left.
    """
    old = log.ended(ended_before, most)
    for run_id in old:
        _remove_logs(log, files, run_id)
    if old:
        log.forget_runs(old)
        log.forget_codes(ended_before)
    return len(old)


def clear_all(log: EventLog, files: LogFiles, ended_before: float) -> int:
    """Clear away all of them; how many there were."""
    return sum(_until_none(log, files, ended_before))


def _until_none(log: EventLog, files: LogFiles, ended_before: float) -> Iterator[int]:
    while count := clear_some(log, files, ended_before):
        yield count


def _remove_logs(log: EventLog, files: LogFiles, run_id: str) -> None:
    uris = [entry.uri for entry in log.logs(run_id) if entry.uri]
    try:
        if uris:
            files.remove(uris, run_id)
    except (AssetflowError, OSError) as error:  # a bucket that is gone must not keep the history from being cleared
        logger.warning(
            "%d logs of run %s, in %s, are left where they are: %s", len(uris), run_id, os.path.dirname(uris[0]), error
        )


class Clearing:
    """Clears away by itself what the settings do not want kept; turns of it are taken beside the recorder's.

    Args:
        open_log: opens the history; None if it is not on this machine.
        days: that a run is kept after its end, an hour at least.
    """

    is_elsewhere = False

    def __init__(self, open_log: Callable[[], EventLog | None], files: LogFiles, days: float) -> None:
        self._open_log = open_log
        self._files = files
        self._kept = max(days * 86_400, _AT_LEAST)
        self._log: EventLog | None = None
        self._due = 0.0

    def is_mine(self) -> bool:
        """Whether it is time to look."""
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + _LOOK_EVERY
        self._log = self._log or self._open_log()
        return self._log is not None

    def forget(self) -> None:
        """Nothing is remembered here."""

    def turn(self) -> bool:
        """Clear some away; whether there may be more."""
        assert self._log is not None, "is_mine() comes first"
        count = clear_some(self._log, self._files, time.time() - self._kept)
        if count:
            self._due = 0.0
            logger.info("%d runs that ended long ago were cleared away", count)
        return bool(count)
