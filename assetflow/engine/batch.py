"""The steps a slot has claimed and not yet settled. Shared by the slot and its flusher."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable

from assetflow.engine.settling import unstarted
from assetflow.runs.claims import Claim, Outcome


class Batch:
    """Claims in the order in which they are run, and the outcomes of those that are done.

    Attributes:
        broken: why outcomes that were taken may not have been settled.
    """

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.lock = threading.Lock()
        self.current: Claim | None = None
        self.current_since = 0.0
        self.announced = False
        self.broken: Exception | None = None
        self._waiting = deque(claims)
        self._outcomes: list[Outcome] = []

    def next(self) -> Claim | None:
        """Begin the next step; None if there is none left."""
        with self.lock:
            if not self._waiting:
                return None
            self.current = self._waiting.popleft()
            self.current_since = time.monotonic()
            self.announced = False
            return self.current

    def finish(self, outcome: Outcome, *, given_back: Iterable[int] = (), closed: Iterable[int] = ()) -> None:
        """End the current step.

        Args:
            given_back: steps of this batch that cannot follow now and may run later.
            closed: steps of this batch that will never run; the store takes them out by itself.
        """
        back, gone = set(given_back), set(closed)
        with self.lock:
            self.current = None
            self._outcomes.append(outcome)
            if back or gone:
                self._outcomes += [unstarted(claim) for claim in self._waiting if claim.step in back]
                self._waiting = deque(claim for claim in self._waiting if claim.step not in back | gone)

    def take_outcomes(self, *, all_of_it: bool = False) -> list[Outcome]:
        """What is to be settled now. Call with the lock held.

        Args:
            all_of_it: also give back the steps that have not begun.
        """
        taken, self._outcomes = self._outcomes, []
        if all_of_it:
            taken += [unstarted(claim) for claim in self._waiting]
            self._waiting.clear()
        return taken

    @property
    def at_hand(self) -> Claim | None:
        """The step that runs, or the one that would be next."""
        return self.current or (self._waiting[0] if self._waiting else None)

    @property
    def is_held_up(self) -> bool:
        """Whether something waits for the current step that need not. Call with the lock held."""
        return self.current is not None and bool(self._outcomes or self._waiting)
