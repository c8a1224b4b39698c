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


class Outbox(Protocol):
    """Runs with facts that are not recorded yet. Every verb may be called twice without harm.

    All verbs raise ServiceUnreachableError while the store does not answer.
    """

    def owner(self) -> str | None:
        """Identity of the history that the facts of this store go to; None if nobody has claimed it yet."""

    def claim(self, history: str, *, by_force: bool = False) -> bool:
        """Have the facts of this store go to the history with that identity from now on.

        Args:
            by_force: although they go to another one.

        Returns:
            whether they do.
        """

    def has_work(self) -> bool:
        """Whether there is, or lately was, any run at all."""

    def waiting(self, limit: int = 5000) -> dict[str, int]:
        """Runs of which something may not be recorded, the oldest first, and when their streams were made, in ms."""

    def heads(self, run_ids: Collection[str]) -> dict[str, RunHead]:
        """What these runs were created with; those that are gone are not in it."""

    def pages(self, after: Mapping[str, str], limit: int) -> dict[str, list[StreamedFact]]:
        """For each run that has any, the facts that came after the one with that id.

        Args:
            limit: facts of one run at most.
        """

    def generation(self) -> str:
        """Which start of the store this is; empty where nothing that was read can be lost."""

    def is_durable(self, generation: str) -> bool:
        """Wait until all that was read in that generation would survive a power cut; False if that cannot be said."""

    def recorded(self, places: Mapping[str, Place], dispensable: Mapping[str, str]) -> None:
        """All up to these places is recorded. Runs that are over may go, and so may facts that were long recorded.

        Args:
            dispensable: for some of the runs the id of the first fact that has to stay.
        """
