"""The seam to the alerts that wait to be sent: in the history, written with the end of the run that they are about."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from assetflow.runs.entries import AlertEntry, AttemptEntry, RunEntry


class DueAlert(NamedTuple):
    """An alert whose time has come.

    Attributes:
        failures: of its run, the first ones in the order in which they happened.
        failed: how many steps have failed.
    """

    alert: AlertEntry
    run: RunEntry
    failures: list[AttemptEntry]
    failed: int


class AlertLog(Protocol):
    """Alerts of one history. Several senders at once do no harm: only one of them gets to send an alert.

    All methods raise HistoryUnreachableError while the database does not answer.
    """

    def take(self, now: float, until: float) -> DueAlert | None:
        """The alert that is due first; nobody else gets it before that other time, in seconds since the epoch."""

    def sent(self, run_id: str, at: float) -> None:
        """It was accepted."""

    def failed(self, run_id: str, due: float | None, error: str) -> None:
        """It was not accepted, and is due again at that time; None if it is given up."""

    def all(self, limit: int = 50) -> list[AlertEntry]:
        """Alerts, newest first."""
