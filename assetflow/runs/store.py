"""The seam between the engine and the places where live runs are kept.

`RunStore` is implemented by ``stores/memory.py`` and ``stores/redis``; one contract suite holds both to
the same behaviour. Structs that cross the wire are array-like: their field order is part of the protocol.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from assetflow.keys import Version
from assetflow.runs.claims import Advance, Advanced, Announcement, Outcome, Resync, Resynced
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import RunStatus, StepState


class StepRow(NamedTuple):
    """What the store has to know of a step.

    Attributes:
        rank: higher goes first.
        queue: index in the run's queues.
        waits: number of steps it waits for.
        line: the step that may be claimed together with it, although it waits for it; -1 for none.
        pool: index in the run's pools; -1 for none.
        alone: it is never claimed together with others.
    """

    rank: int
    queue: int
    waits: int
    line: int = -1
    pool: int = -1
    alone: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run was that is brought back.

    Attributes:
        states: one per step; nothing is claimed.
        waits: for each step the number of steps it still waits for.
        retries: how often each step was tried and raised.
        versions: of the outputs that are committed.
        unpublished: outputs that people may not see yet.
        token: the highest that was given.
    """

    states: tuple[StepState, ...]
    waits: tuple[int, ...]
    retries: tuple[int, ...]
    versions: dict[int, Version]
    unpublished: tuple[int, ...] = ()
    token: int = 0

    @property
    def left(self) -> int:
        """Steps that are not over."""
        return sum(not state.is_terminal for state in self.states)

    @property
    def failed(self) -> int:
        """Steps that have failed."""
        return self.states.count(StepState.FAILED)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """The first wake-up of a run as its broker keeps it, for a store that lives on the broker's own server.

    Attributes:
        queue, hint: of the announcement that it is.
        place: the key it is put into.
        text: what is put there.
    """

    queue: str
    hint: int
    place: str
    text: str


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run to be carried.

    Attributes:
        run_id: made by the caller; creating it again with the same request changes nothing.
        envelope: signed bytes with the plan, its code reference and its config.
        fingerprint: hash of the request; the same run key with another one is a conflict.
        run_key: the caller's own name for the request, or None.
        queues: names of the queues the steps use.
        pools: names of the pools the steps use.
        steps: one row a step.
        outputs: how many outputs there are.
        about: what listings show: environment, code, selection, tags; JSON.
        code: name of the code bundle, which lives as long as the run; or empty.
        priority: higher goes first among runs, and first in pools.
        limits: names of the run limits that count it, such as ``*`` and ``team=web``.
        standing: how far it was, if it is brought back.
        letter: its first wake-up, which the store may send itself if it is the one that is to be sent.
    """

    run_id: str
    envelope: bytes
    fingerprint: str
    queues: tuple[str, ...]
    steps: tuple[StepRow, ...]
    outputs: int
    about: str = "{}"
    run_key: str | None = None
    code: str = ""
    pools: tuple[str, ...] = ()
    priority: int = 0
    limits: tuple[str, ...] = ()
    standing: Standing | None = None
    letter: Letter | None = None


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a NewRun.

    Attributes:
        run_id: of the run that carries the request: an older one, if the run key was used before.
        announcements: wake-ups to send, without that which the store has sent itself.
        needs_code: nothing was done: put the code bundle into its store, and create the run again.
        begun: what the run tells first, if this has begun it; None where the store does not say.
    """

    run_id: str
    announcements: list[Announcement] = []
    needs_code: bool = False
    begun: Fact | None = None


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """How a run stands.

    Attributes:
        created, started, ended: seconds since the epoch by the store's clock; None if not yet.
        states: one per step.
        retries: one per step.
        about: as given in NewRun.
    """

    run_id: str
    status: RunStatus
    created: float
    started: float | None
    ended: float | None
    left: int
    states: tuple[StepState, ...] = ()
    retries: tuple[int, ...] = ()
    about: str = "{}"


class Proof(StrEnum):
    """Why a slot or a worker is known to hold its claims no longer."""

    CHILD_DIED = "child"
    WORKER_DIED = "worker"
    TIMED_OUT = "timeout"
    DRAINED = "drain"


LOST_CHILD_LIMIT = 3
LOST_HOST_LIMIT = 20
BOOT_FAILURE_LIMIT = 3


class RunStore(Protocol):
    """Where live runs are kept. Every verb may be called twice without harm.

    Attributes:
        durable_at_once: what was settled would survive a power cut the moment `advance` returns.

    All verbs raise ServiceUnreachableError while the store does not answer.
    """

    @property
    def durable_at_once(self) -> bool: ...  # noqa: D102 (above)

    def create(self, run: NewRun) -> Created:
        """Accept a run.

        Raises:
            ConflictError: the run key was used with another request.
        """

    def advance(self, run_id: str, request: Advance, *, server: str = "") -> Advanced:
        """Settle and claim in one step.

        Args:
            server: its generation, as the slot knows it; empty if that does not matter. Another one does nothing:
                what is ready there may have been done by slots that have not told it yet.

        Raises:
            RunNotFoundError: no such run, or its record has expired.
            LostPlaceError: the batch number is neither the last one nor the next, or this is another server.
        """

    def versions(self, run_id: str, outputs: Sequence[int]) -> list[Version | None]:
        """The settled version of each output; None where there is none."""

    def envelope(self, run_id: str) -> bytes:
        """The signed bytes the run was created with."""

    def resync(self, run_id: str, request: Resync) -> Resynced:
        """Bring the store up to what a slot knows, as far as nobody else has taken it.

        Raises:
            RunNotFoundError: no such run.
        """

    def reclaim(
        self,
        run_id: str,
        slots: str,
        proof: Proof,
        culprit: int = -1,
        outcome: Outcome | None = None,
        told: str = "",
    ) -> list[Announcement]:
        """Take back what a slot, or every slot of a worker, holds.

        Args:
            slots: ``worker:child`` or ``worker``.
            culprit: the step that ran when the child died, which alone is blamed.
            outcome: what is to become of the culprit, where its slot was killed because of it.
            told: a StepDetail as JSON of how the culprit's process died.
        """

    def boot_failed(self, run_id: str, detail: str) -> int:
        """A process died while it opened the run; how often that has happened since anything of it was claimed."""

    def abort(self, run_id: str, detail: str) -> tuple[RunStatus, list[Announcement]]:
        """The same for a run that cannot be carried: it fails. `detail` is a StepDetail as JSON with the reason."""

    def cancel(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """End a run that is not over: no claim and no commit after this returns.

        Returns:
            its status, and wake-ups for others that can go on now.
        """

    def pause(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """Let nothing more be claimed; what runs goes on. The wake-ups of this and the next are to be sent."""

    def resume(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """Go on with a paused run."""

    def tick(self, run_id: str, idle: Collection[str] = ()) -> list[Announcement]:
        """Put due retries on, finish large fan-outs, and find wake-ups that were lost.

        Args:
            idle: queues that have an idle slot; only there an unanswered wake-up counts as lost.
        """

    def view(self, run_id: str, *, steps: bool = True) -> RunView:
        """How the run stands; without the steps' states where `steps` is False."""

    def facts(self, run_id: str, after: str = "0", limit: int = 1000, block: float | None = None) -> list[Fact]:
        """What happened after the fact with that id; waits up to `block` seconds for something new."""

    def ready_for(self, queues: Collection[str]) -> bool:
        """Whether any run has steps that workers of these queues could claim now."""

    def live_runs(self) -> list[str]:
        """Ids of the runs that are not over, oldest first."""

    def recent_runs(self, limit: int = 50) -> list[str]:
        """Ids of live and lately ended runs, newest first."""

    def note(self, run_id: str, kind: FactKind, steps: Sequence[int], detail: str, token: int = 0) -> None:
        """Add a fact that changes nothing; `detail` is JSON. Nothing happens if the run is gone.

        Args:
            token: of the claim that is meant, if one is.
        """

    def refuse(self, run_id: str, detail: str) -> None:
        """A worker cannot work on the run: it is not woken for it over and over.

        Args:
            detail: a StepDetail as JSON with the reason; empty if it was told before.
        """

    def holds(self, run_id: str, slot: str, step: int, nonce: int) -> bool:
        """Whether the slot still holds this claim."""

    def holders(self, run_id: str) -> set[str]:
        """Names of the workers whose slots may hold something of the run; empty if it is gone."""

    def generation(self) -> str:
        """Which start of the server this is. After another one, what was not on its disk may be gone."""

    def await_durable(self) -> str:
        """Wait until all that was settled so far would survive a power cut, where that can be told.

        Returns:
            the generation of the server that said so.
        """
