"""What slots and the store of runs say to each other: claims, outcomes, wake-ups.

The structs are array-like: their field order is part of the protocol.
"""

from __future__ import annotations

import struct
from enum import StrEnum

import msgspec

from assetflow.keys import Version

FIRST_MARK = "1"  # of the first wake-up of every run
VERSION = struct.Struct(">QI")  # token and nonce


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
        tells: what is settled is to be told along with claims, where that is quick: they will be asked for it.
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
    tells: bool = False


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
    """A wake-up that somebody has to send: there is work for this queue.

    Attributes:
        hint: a step that is ready, -1 for none in particular.
        mark: tells this wake-up from others of the run.
        run_id: of the run there is work for; empty for the run that was asked about.
        priority: of that run.
        step: name of the hinted step, for people who look at messages; empty if whoever sends it does not know.
        plan: the run's request, sealed, if it travels with the wake-up; empty if whoever answers it has to ask.
    """

    queue: str
    hint: int
    mark: str
    run_id: str = ""
    priority: int = 0
    step: str = ""
    plan: bytes = b""


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
        alone: no other run is alive, and this one has one queue: a slot that stays with it keeps nobody waiting.
        settled: `VERSION` of every output, zeros for none; empty if it was not told.
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
    alone: bool = False
    settled: bytes = b""


class Holding(msgspec.Struct, frozen=True, array_like=True):
    """A claim as its slot remembers it, and what became of the step if it is done.

    Attributes:
        outcome: None while the step is still being run.
    """

    claim: Claim
    outcome: Outcome | None = None


class Resync(msgspec.Struct, frozen=True, array_like=True):
    """What a slot says after the store has lost the last it knew of it: it was rolled back, or took it for dead.

    Attributes:
        slot: its name.
        batch: the number of its last call; the next one follows it.
        holdings: all it holds, and all it has settled and does not know to be on a disk, oldest first.
    """

    slot: str
    batch: int
    holdings: tuple[Holding, ...] = ()


class Resynced(msgspec.Struct, frozen=True, array_like=True):
    """The reply to a Resync.

    Attributes:
        status: of the run, now.
        kept: steps the slot holds (again).
        accepted: steps whose outcome counts.
        refused: steps that others have taken, or that are over; what was made of them is void.
        early: steps whose outcome cannot be taken yet, because what they need is not settled (again): repeat soon.
        announcements: wake-ups to send.
        unpublished: what the slot has to publish (again), as far as the store knows.
    """

    status: str
    kept: list[int] = []
    accepted: list[int] = []
    refused: list[int] = []
    early: list[int] = []
    announcements: list[Announcement] = []
    unpublished: list[Chore] = []


def version_in(packed: bytes, output: int) -> Version | None:
    """The version of an output among those of all; None if it has none there.

    Args:
        packed: `VERSION` of one output after the other.
    """
    start = output * VERSION.size
    if len(packed) < start + VERSION.size:
        return None
    token, nonce = VERSION.unpack_from(packed, start)
    return Version(token, nonce) if token else None
