"""The seam through which a slot says what it is doing, for whoever guards its process."""

from __future__ import annotations

from typing import Protocol

from assetflow.runs.claims import Claim
from assetflow.runs.facts import LogDetail


class Watch(Protocol):
    """Told of everything that a slot begins and ends in this process."""

    def wake(self) -> None:
        """A wake-up has arrived."""

    def open(self, run_id: str) -> None:
        """This process reads the run's plan and imports its code."""

    def begin(self, run_id: str, claim: Claim, timeout: float | None, log_place: str = "") -> None:
        """From now on this process runs that step, for so many seconds at most.

        Args:
            log_place: where what it writes is to be kept.
        """

    def end(self) -> LogDetail | None:
        """It does not run it any more.

        Returns:
            where what the step has written is kept; None if it has written nothing, or nobody keeps it.
        """

    def rest(self) -> None:
        """It has nothing to do until the next wake-up."""

    def replace(self) -> None:
        """The process cannot do what it should, and another one could."""

    @property
    def draining(self) -> bool:
        """Whether the process should take no further steps."""

    @property
    def turned_away(self) -> bool:
        """Whether wake-ups are to be left to others, unanswered: the host is in quarantine."""

    @property
    def can_stop(self) -> bool:
        """Whether a step that runs for too long can be stopped here."""


class Unwatched:
    """For slots that nobody guards: in-process runs. Steps are not stopped there."""

    draining = False
    turned_away = False
    can_stop = True

    def wake(self) -> None:
        """See Watch.wake."""

    def open(self, run_id: str) -> None:
        """See Watch.open."""

    def begin(self, run_id: str, claim: Claim, timeout: float | None, log_place: str = "") -> None:
        """See Watch.begin."""

    def end(self) -> LogDetail | None:
        """See Watch.end."""
        return None

    def rest(self) -> None:
        """See Watch.rest."""

    def replace(self) -> None:
        """See Watch.replace."""
