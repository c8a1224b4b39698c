"""The runs that are shown: live ones from the server, older ones from the history, as one list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from assetflow.engine.request import RunAbout
from assetflow.errors import HistoryUnreachableError, RunNotFoundError
from assetflow.runs.entries import RunEntry
from assetflow.runs.event_log import EventLog
from assetflow.runs.states import RunStatus
from assetflow.runs.store import RunStore, RunView

LOST = "LOST"  # how a run stands that is not over, and that the server does not know any more


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run as it is listed.

    Attributes:
        status: of the run; LOST for one that could be brought back.
        created, started, ended: seconds since the epoch.
        left: steps that are not over.
        error: what went wrong, as far as the history has it.
    """

    run_id: str
    status: str
    created: float
    started: float | None
    ended: float | None
    left: int
    about: RunAbout
    error: str | None = None

    def record(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "run": self.run_id,
            "status": self.status,
            "created": self.created,
            "started": self.started,
            "ended": self.ended,
            "steps": self.about.steps,
            "left": self.left,
            "selection": self.about.selection,
            "environment": self.about.environment,
            "code": self.about.code,
            "tags": self.about.tags,
            "error": self.error,
        }


def listed(view: RunView) -> ListedRun:
    """A run that the server knows."""
    return ListedRun(
        run_id=view.run_id,
        status=view.status.value,
        created=view.created,
        started=view.started,
        ended=view.ended,
        left=view.left,
        about=msgspec.json.decode(view.about, type=RunAbout),
    )


def listed_from_history(entry: RunEntry) -> ListedRun:
    """A run that the server has forgotten, or lost."""
    over = RunStatus(entry.status).is_terminal
    return ListedRun(
        run_id=entry.run_id,
        status=entry.status if over else LOST,
        created=entry.created,
        started=entry.started,
        ended=entry.ended,
        left=0 if over else max(0, entry.steps - entry.done),
        about=RunAbout(
            environment=entry.environment,
            selection=entry.selection,
            code=entry.code,
            steps=entry.steps,
            tags=msgspec.json.decode(entry.tags, type=dict[str, str]),
        ),
        error=entry.error,
    )


def runs_of(
    store: RunStore, log: EventLog | None, limit: int, statuses: Collection[str] = ()
) -> tuple[list[ListedRun], HistoryUnreachableError | None]:
    """Runs, newest first.

    Args:
        statuses: only those that stand so.

    Returns:
        the runs, and why those of the history are not among them, if that is so.
    """
    found: dict[str, ListedRun] = {}
    for run_id in store.recent_runs(limit if not statuses else 1000):
        try:
            found[run_id] = listed(store.view(run_id, steps=False))
        except RunNotFoundError:
            continue  # it has just been forgotten
    away: HistoryUnreachableError | None = None
    try:
        asked = [status for status in RunStatus if status in statuses or (LOST in statuses and not status.is_terminal)]
        for entry in log.runs(limit, statuses=asked) if log is not None else ():
            if entry.run_id in found:
                found[entry.run_id] = replace(found[entry.run_id], error=entry.error)
            else:
                found[entry.run_id] = listed_from_history(entry)
    except HistoryUnreachableError as error:
        away = error
    chosen = [found[run_id] for run_id in sorted(found, reverse=True)]
    return [run for run in chosen if not statuses or run.status in statuses][:limit], away
