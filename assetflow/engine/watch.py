"""The seam through which a slot says what it is doing, for whoever guards its process."""

from __future__ import annotations

from typing import Protocol

from assetflow.runs.claims import Claim


class Watch(Protocol):
    """Told of every step that begins and ends in this process."""

    def begin(self, run_id: str, claim: Claim) -> None:
        """From now on this process runs that step."""

    def end(self) -> None:
        """It does not run it any more."""

    @property
    def draining(self) -> bool:
        """Whether the process should take no further steps."""


class Unwatched:
    """For slots that nobody guards: in-process runs."""

    draining = False

    def begin(self, run_id: str, claim: Claim) -> None:
        """See Watch.begin."""

    def end(self) -> None:
        """See Watch.end."""
