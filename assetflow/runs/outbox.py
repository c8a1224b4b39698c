"""The seam between the store of live runs and whoever records them: facts wait there until they are recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

import msgspec

from assetflow.runs.entries import Place


class StreamedFact(NamedTuple):
    """A fact as it stands in the stream of its run; see `Fact`. `detail` is JSON."""

    id: str
    kind: str
    steps: str
    token: int
    detail: bytes


class RunHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was created with.

    Attributes:
        born: when, ms since the epoch.
        envelope: the signed request.
        code: name of the code bundle; empty if workers import the code.
    """

    run_id: str
    born: int
    envelope: bytes
    code: str


class Page(NamedTuple):
    """A piece of the stream of one run.

    Attributes:
        born: of the stream, ms since the epoch.
        facts: that came after the place that was asked for.
    """

    born: int
    facts: list[StreamedFact]


class Outbox(Protocol):
    """Runs with facts that are not recorded yet. Every verb may be called twice without harm.

    All verbs raise ServiceUnreachableError while the store does not answer.
    """

    def belongs_to(self, history: str, *, claim: bool) -> bool:
        """Whether the facts of this store go to the history with that identity.

        Args:
            claim: take the store for it if it belongs to none.
        """

    def adopt(self, history: str) -> None:
        """Have the facts go to this history from now on, whichever it was before."""

    def waiting(self, limit: int = 1000) -> list[str]:
        """Ids of runs of which something may not be recorded, oldest first."""

    def heads(self, run_ids: Collection[str]) -> list[RunHead]:
        """What these runs were created with; those that are gone are not in it."""

    def pages(self, places: Mapping[str, Place | None], limit: int) -> dict[str, Page]:
        """For each run that is there what came after its place; from the beginning where the stream is another one.

        Args:
            limit: facts of one run at most.
        """

    def durable(self, read: str) -> bool:
        """Wait until what was read so far would survive a power cut; False if it may be gone already.

        Args:
            read: what `generation` said before it was read.
        """

    def generation(self) -> str:
        """Which start of the store this is; empty where that does not matter."""

    def recorded(self, places: Mapping[str, Place]) -> None:
        """All up to these places is recorded: drop old facts, and let runs go that are over."""
