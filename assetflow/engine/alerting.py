"""Telling somebody of runs that failed: what waits in the history is sent, and sent again until it is accepted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from assetflow.errors import AlertError
from assetflow.log import logger
from assetflow.runs.alert_log import AlertLog, DueAlert

PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)  # seconds before each further try
_LOOK_EVERY = 2.0
_LONGEST_TRY = 60.0  # after which another sender may try
_LONGEST_MESSAGE = 2000

Send = Callable[[str, Mapping[str, Any]], None]  # told the id of the alert, and what to say


class Alerting:
    """Sends the alerts of one history; turns of it are taken beside the recorder's.

    Args:
        open_log: opens where they wait; None if it is not on this machine.
        send: raises AlertError if it is not accepted.
        base_url: of the pages about runs, for links; None if there are none.
    """

    is_elsewhere = False

    def __init__(self, open_log: Callable[[], AlertLog | None], send: Send, base_url: str | None = None) -> None:
        self._open_log = open_log
        self._send = send
        self._base_url = base_url
        self._log: AlertLog | None = None
        self._looked = 0.0

    def is_mine(self) -> bool:
        """Whether it is time to look."""
        if time.monotonic() - self._looked < _LOOK_EVERY:
            return False
        self._looked = time.monotonic()
        self._log = self._log or self._open_log()
        return self._log is not None

    def forget(self) -> None:
        """Nothing is remembered here."""

    def turn(self) -> bool:
        """Send one; whether there may be another."""
        assert self._log is not None, "is_mine() comes first"
        now = time.time()
        due = self._log.take(now, now + _LONGEST_TRY)
        if due is None:
            return False
        run_id, tries = due.run.run_id, due.alert.tries
        try:
            self._send(f"{run_id}-failed", content_of(due, self._base_url))
        except AlertError as error:
            again = time.time() + PAUSES[tries - 1] if tries <= len(PAUSES) else None
            then = "it is given up" if again is None else f"tried again in {again - time.time():.0f} s"
            logger.warning(
                "nobody could be told that run %s failed (try %d): %s; %s", run_id, tries, error.message, then
            )
            self._log.failed(run_id, again, error.message)
        else:
            self._log.sent(run_id, time.time())
        self._looked = 0.0
        return True


def content_of(due: DueAlert, base_url: str | None = None) -> dict[str, Any]:
    """What is told of a run that failed."""
    run = due.run
    first = due.failures[0] if due.failures else None
    error = first.error if first is not None and first.error else run.error
    kind, _, message = (error or "").partition(": ")
    job = "" if run.job_name.startswith("__") else f" of {run.job_name}"
    others = f" and {due.failed - 1} more failed" if due.failed > 1 else " failed"
    what = f"step {first.key}{others}: {error}" if first is not None else f"it was given up: {error}"
    link = None if base_url is None else f"{base_url.rstrip('/')}/runs/{run.run_id}"
    return {
        "event": "run_failed",
        "text": f"run {run.run_id}{job} in {run.environment} failed: {what}"[:_LONGEST_MESSAGE],
        "run": run.run_id,
        "job": run.job_name,
        "environment": run.environment,
        "selection": run.selection,
        "code": run.code,
        "status": run.status,
        "created": run.created,
        "ended": run.ended,
        "steps": run.steps,
        "failed_steps": due.failed,
        "first_failed_step": None if first is None else first.key,
        "error": None if error is None else {"type": kind, "message": message[:_LONGEST_MESSAGE]},
        "failures": [{"step": one.key, "error": (one.error or "")[:_LONGEST_MESSAGE]} for one in due.failures],
        "tags": json.loads(run.tags),
        "url": link,
    }
