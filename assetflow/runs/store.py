"""The seam between the engine and the places where live runs are kept.

`RunStore` is implemented by ``stores/memory.py`` and ``stores/redis``; one contract suite holds both to
the same behaviour. Structs that cross the wire are array-like: their field order is part of the protocol.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from assetflow.keys import Version
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import RunStatus, StepState


class Verdict(StrEnum):
    """How one claim of one step ended, as its slot reports it."""

    SUCCEEDED = "S"
    FAILED = "F"
    RETRY = "D"
    UNSTARTED = "R"


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What a slot reports of one step it had claimed.

    Attributes:
        step: index in the plan.
        nonce: of the claim; an outcome of a claim that is no longer held is refused.
        verdict: how it ended.
        emitted: indices of the outputs that were made.
        unlocks: dependants all of whose needed outputs of this step were emitted.
        closes: every step, direct or not, that can no longer run because of this outcome.
        publishes: indices of the outputs the slot will make visible once this is accepted.
        detail: a StepDetail as JSON.
        delay_ms: for a retry, how long to wait.
    """

    step: int
    nonce: int
    verdict: str
    emitted: tuple[int, ...] = ()
    unlocks: tuple[int, ...] = ()
    closes: tuple[int, ...] = ()
    publishes: tuple[int, ...] = ()
    detail: str = "{}"
    delay_ms: int = 0


class Advance(msgspec.Struct, frozen=True, array_like=True):
    """One round trip of a slot: settle what it finished, claim what is ready.

    Attributes:
        slot: ``worker:child``, unique for ever.
        batch: 1 for the slot's first call in this run, then one more each time; a repeated number gets
            the stored reply.
        outcomes: of claims the slot holds; claims that are not named stay held.
        published: output indices that are visible now.
        queue: from which to claim.
        want: how many steps at most.
        hint: the step the wake-up was sent for, -1 for none.
        announcement: the wake-up's own mark, which counts it as answered.
        nonce: random start of the nonces of the claims made now.
    """

    slot: str
    batch: int
    outcomes: tuple[Outcome, ...] = ()
    published: tuple[int, ...] = ()
    queue: str = "default"
    want: int = 0
    hint: int = -1
    announcement: str = ""
    nonce: int = 0


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """A step held by a slot.

    Attributes:
        step: index in the plan.
        token: microseconds of the store's clock, above every earlier token of the run.
        nonce: told apart by this.
        retries: how often the step was tried before and raised.
        child_losses: how often a process died while it ran this step.
        host_losses: how often a worker vanished that held this step.
    """

    step: int
    token: int
    nonce: int
    retries: int = 0
    child_losses: int = 0
    host_losses: int = 0

    @property
    def version(self) -> Version:
        """The version under which this claim's outputs are kept."""
        return Version(self.token, self.nonce)


class Announcement(msgspec.Struct, frozen=True, array_like=True):
    """A wake-up that somebody has to send: there is work for this queue."""

    queue: str
    hint: int
    mark: str


class Chore(msgspec.Struct, frozen=True, array_like=True):
    """A settled output whose slot died before it was published."""

    output: int
    token: int
    nonce: int


class Advanced(msgspec.Struct, frozen=True, array_like=True):
    """The reply to an Advance.

    Attributes:
        batch: the number asked with.
        status: of the run, now.
        claims: what the slot holds in addition from now on.
        accepted: steps whose outcome counts.
        refused: steps whose outcome does not, because the claim is no longer held.
        announcements: wake-ups to send.
        chores: outputs of dead slots; the caller answers for them now, as for its own.
        more: there is bookkeeping left; call again at once.
        left: steps that are not over yet.
    """

    batch: int
    status: str
    claims: list[Claim] = []
    accepted: list[int] = []
    refused: list[int] = []
    announcements: list[Announcement] = []
    chores: list[Chore] = []
    more: bool = False
    left: int = 0


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run to be carried.

    Attributes:
        run_id: made by the caller; creating it again with the same request changes nothing.
        envelope: signed bytes with the plan, its code reference and its config.
        fingerprint: hash of the request; the same run key with another one is a conflict.
        run_key: the caller's own name for the request, or None.
        queues: names of the queues the steps use.
        steps: for each step (rank, index in queues, line or -1, number of steps it waits for).
        outputs: how many outputs there are.
        about: what listings show: environment, code, selection, tags; JSON.
        code: name of the code bundle, which lives as long as the run; or empty.
    """

    run_id: str
    envelope: bytes
    fingerprint: str
    queues: tuple[str, ...]
    steps: tuple[tuple[int, int, int, int], ...]
    outputs: int
    about: str = "{}"
    run_key: str | None = None
    code: str = ""


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a NewRun.

    Attributes:
        run_id: of the run that carries the request: an older one, if the run key was used before.
        announcements: wake-ups to send.
    """

    run_id: str
    announcements: list[Announcement] = []


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
    DRAINED = "drain"


LOST_CHILD_LIMIT = 3
LOST_HOST_LIMIT = 20


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

    def advance(self, run_id: str, request: Advance) -> Advanced:
        """Settle and claim in one step.

        Raises:
            RunNotFoundError: no such run, or its record has expired.
            LostPlaceError: the batch number is neither the last one nor the next.
        """

    def versions(self, run_id: str, outputs: Sequence[int]) -> list[Version | None]:
        """The settled version of each output; None where there is none."""

    def envelope(self, run_id: str) -> bytes:
        """The signed bytes the run was created with."""

    def reclaim(self, run_id: str, slots: str, proof: Proof, culprit: int = -1) -> list[Announcement]:
        """Take back what a slot, or every slot of a worker, holds.

        Args:
            slots: ``worker:child`` or ``worker``.
            culprit: the step that ran when the child died, which alone is blamed.
        """

    def cancel(self, run_id: str) -> RunStatus:
        """End a run that is not over: no claim and no commit after this returns."""

    def tick(self, run_id: str, idle: Collection[str] = ()) -> list[Announcement]:
        """Put due retries on, finish large fan-outs, and find wake-ups that were lost.

        Args:
            idle: queues that have an idle slot; only there an unanswered wake-up counts as lost.
        """

    def view(self, run_id: str, *, steps: bool = True) -> RunView:
        """How the run stands; without the steps' states where `steps` is False."""

    def facts(self, run_id: str, after: str = "0", limit: int = 1000, block: float | None = None) -> list[Fact]:
        """What happened after the fact with that id; waits up to `block` seconds for something new."""

    def live_runs(self) -> list[str]:
        """Ids of the runs that are not over, oldest first."""

    def recent_runs(self, limit: int = 50) -> list[str]:
        """Ids of live and lately ended runs, newest first."""

    def note(self, run_id: str, kind: FactKind, steps: Sequence[int], detail: str) -> None:
        """Add a fact that changes nothing; `detail` is JSON. Nothing happens if the run is gone."""

    def holds(self, run_id: str, slot: str, step: int, nonce: int) -> bool:
        """Whether the slot still holds this claim."""

    def await_durable(self, run_id: str) -> bool:
        """Wait until all that was settled so far would survive a power cut; False where none can tell."""
