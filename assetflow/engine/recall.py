"""What a slot remembers of a run, so that a store that lost it can be told again."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

from assetflow.runs.claims import Claim, Holding, Outcome, Verdict
from assetflow.runs.store import RunStore

KEPT_SECONDS = 5.0


class Recall:
    """Claims that are held, and outcomes that the store may lose, oldest first.

    What is on the store's disk is remembered for a few seconds more: a replica that lags may take the store's place.

    Attributes:
        generation: the start of the server that was told last.
    """

    def __init__(self, store: RunStore) -> None:
        # Where everything is on a disk at once nobody asks for it.
        self.generation = "" if store.durable_at_once else store.generation()
        self._claims: dict[int, Claim] = {}
        self._done: dict[int, tuple[Claim, Outcome]] = {}
        self._durable_since: dict[int, float] = {}

    @property
    def has_outcomes(self) -> bool:
        """Whether something was settled that may not be on a disk."""
        return len(self._done) > len(self._durable_since)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that the store would have to be told again."""
        return not self._claims and not self._done

    def claimed(self, claims: Iterable[Claim]) -> None:
        """The slot holds these in addition."""
        self._claims.update((claim.step, claim) for claim in claims)

    def finished(self, outcomes: Sequence[Outcome]) -> None:
        """The slot tells what became of these, and holds neither them nor what they close any more."""
        for outcome in outcomes:
            claim = self._claims.pop(outcome.step, None)
            if claim is not None and outcome.verdict != Verdict.UNSTARTED:
                self._done[outcome.step] = (claim, outcome)
            for closed in outcome.closes:
                self._claims.pop(closed, None)

    def forget_outcomes(self) -> None:
        """All that was settled is as good as on a disk."""
        self._done.clear()
        self._durable_since.clear()

    def durable(self) -> None:
        """All that was settled is on the store's disk."""
        now = time.monotonic()
        for step, (_, outcome) in list(self._done.items()):
            if outcome.verdict == Verdict.SUCCEEDED:  # others would be counted twice if they were told twice
                self._durable_since.setdefault(step, now)
            else:
                del self._done[step]
        self.forget_old()

    def forget_old(self) -> None:
        """Forget what has been on a disk for long."""
        old = time.monotonic() - KEPT_SECONDS
        for step in [step for step, since in self._durable_since.items() if since < old]:
            del self._durable_since[step]
            self._done.pop(step, None)

    def lost(self) -> None:
        """Another server has taken the store's place: what was on a disk may be on none now."""
        self._durable_since.clear()

    def drop(self, steps: Collection[int]) -> list[tuple[Claim, Outcome | None]]:
        """Forget steps that others have; what was remembered of them."""
        dropped: list[tuple[Claim, Outcome | None]] = []
        for step in steps:
            self._durable_since.pop(step, None)
            if step in self._done:
                dropped.append(self._done.pop(step))
            elif step in self._claims:
                dropped.append((self._claims.pop(step), None))
        return dropped

    def holdings(self) -> tuple[Holding, ...]:
        """All of it, as it is told to a store that lost it."""
        done = (Holding(claim, outcome) for claim, outcome in self._done.values())
        return (*done, *(Holding(claim) for claim in self._claims.values()))

    def clear(self) -> None:
        """The slot holds nothing of the run any more."""
        self._claims.clear()
        self.forget_outcomes()
