"""Clearing old runs away: what the history tells of them, and what their steps have written."""

from __future__ import annotations

import os
from collections.abc import Iterator

from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.runs.event_log import EventLog
from assetflow.runs.step_logs import LogFiles

RUNS_AT_ONCE = 200


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
