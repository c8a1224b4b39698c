"""What a slot remembers of a run, so that a store that lost it can be told again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from assetflow.runs.claims import Claim, Holding, Outcome, Verdict
from assetflow.runs.store import RunStore


class Recall:
    """Claims that are held, and outcomes that are not known to be on the store's disk, oldest first.

    Attributes:
        generation: the start of the server that was told last.
    """

    def __init__(self, store: RunStore) -> None:
        # Where everything is on a disk at once nobody asks for it.
        self.generation = "" if store.durable_at_once else store.generation()
        self._claims: dict[int, Claim] = {}
        self._done: dict[int, tuple[Claim, Outcome]] = {}

    @property
    def has_outcomes(self) -> bool:
        """Whether something was settled that may not be on a disk."""
        return bool(self._done)

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
        """All that was settled is on a disk, or is as good as that."""
        self._done.clear()

    def drop(self, steps: Collection[int]) -> list[tuple[Claim, Outcome | None]]:
        """Forget steps that others have; what was remembered of them."""
        dropped: list[tuple[Claim, Outcome | None]] = []
        for step in steps:
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
        self._done.clear()
