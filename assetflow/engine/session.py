"""One slot's view of one run: its place in the store, what it knows, what it still has to publish."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from assetflow.clock import pause
from assetflow.engine.pace import Pace
from assetflow.engine.request import RunRequest
from assetflow.errors import InvariantViolationError, LostPlaceError, RunNotFoundError, ServiceUnreachableError
from assetflow.execution.runner import StepRunner
from assetflow.keys import Version
from assetflow.log import logger
from assetflow.planning.plan import Plan, Topology
from assetflow.runs.states import RunStatus
from assetflow.runs.store import Advance, Advanced, Announcement, Claim, Outcome, Proof, RunStore

_PAUSE_BETWEEN_TRIES = 0.25
_PUBLISH_TRIES = 4

Announce = Callable[[str, Sequence[Announcement]], None]
Reply = TypeVar("Reply")


class RunSession:
    """Everything a slot keeps of a run between two time slices.

    Args:
        slot: the slot's name, which the store knows it by.
        announce: sends wake-ups.
    """

    def __init__(self, slot: str, store: RunStore, request: RunRequest, runner: StepRunner, announce: Announce) -> None:
        self.run_id = request.run_id
        self.plan: Plan = request.plan
        self.topology = Topology(request.plan)
        self.runner = runner
        self.pace = Pace()
        self.status = RunStatus.RUNNING
        self.more = False
        self._slot = slot
        self._store = store
        self._announce = announce
        self._batch = 0
        self._known: dict[int, Version] = {}
        self._unpublished: list[tuple[int, Version]] = []
        self._published: list[int] = []
        self._lock = threading.RLock()

    @property
    def has_news(self) -> bool:
        """Whether the store has to be told something even if no step is done."""
        return bool(self._published or self.more) and not self.status.is_terminal

    @property
    def settles_at_once(self) -> bool:
        """Whether what is settled may be published without waiting for a disk."""
        return self._store.durable_at_once

    def advance(
        self,
        outcomes: Sequence[Outcome] = (),
        *,
        queue: str = "default",
        want: int = 0,
        hint: int = -1,
        announcement: str = "",
        versions: dict[int, Version] | None = None,
    ) -> list[Claim]:
        """Settle and claim; sends the wake-ups that follow from it.

        Args:
            versions: for each step among the outcomes, the version its outputs have if they are accepted.

        Returns:
            the claims this slot holds in addition.
        """
        with self._lock:
            self._batch += 1
            published, self._published = self._published, []
            request = Advance(
                self._slot,
                self._batch,
                tuple(outcomes),
                tuple(published),
                queue,
                want,
                hint,
                announcement,
                secrets.randbits(32),
            )
            try:
                reply = self._patiently(lambda: self._store.advance(self.run_id, request))
            except LostPlaceError:
                self._start_over()
                return []
            except RunNotFoundError:
                self.status = RunStatus.CANCELLED
                return []
            self._take_in(reply, outcomes, versions or {})
        if reply.announcements:
            self._announce(self.run_id, reply.announcements)
        return reply.claims

    def publish_settled(self) -> None:
        """Make visible what was settled. What fails is left to others, and the run stays open until it is done."""
        with self._lock:
            if not self._unpublished:
                return
            if not self._store.durable_at_once:
                self._store.await_durable(self.run_id)
            waiting, self._unpublished = self._unpublished, []
            for output, version in waiting:
                if self._publish(output, version):
                    self._published.append(output)

    def versions_for(self, claims: Iterable[Claim]) -> dict[int, Version]:
        """Versions of all inputs of the claims that this run makes, asking the store for unknown ones once."""
        own = {output.index for claim in claims for output in self.plan.steps[claim.step].outputs}
        needed = {
            item.output
            for claim in claims
            for item in self.plan.steps[claim.step].inputs
            if item.output is not None and item.loads
        }
        with self._lock:
            missing = sorted(needed - own - self._known.keys())
            for output, version in zip(missing, self._store.versions(self.run_id, missing), strict=True):
                if version is None:
                    raise InvariantViolationError(
                        f"output {output} of run {self.run_id} is needed but was never settled"
                    )
                self._known[output] = version
            return {output: self._known[output] for output in needed if output in self._known}

    def note_outputs(self, claim: Claim, emitted: Iterable[int]) -> None:
        """Remember what a step just made, for the steps of the same batch that follow it."""
        for output in emitted:
            self._known[output] = claim.version

    def let_go(self, proof: Proof, culprit: int = -1) -> None:
        """Give back everything this slot holds of the run, however long the store takes to answer."""
        self._patiently(lambda: self._store.reclaim(self.run_id, self._slot, proof, culprit))
        self._batch = 0

    def close(self) -> None:
        """Close the resources that steps have opened."""
        self.runner.close()

    def _take_in(self, reply: Advanced, outcomes: Sequence[Outcome], versions: dict[int, Version]) -> None:
        self.status = RunStatus(reply.status)
        self.more = reply.more
        refused = set(reply.refused)
        for outcome in outcomes:
            if outcome.step in refused:
                self._forget(outcome)
            else:
                self._unpublished += [(output, versions[outcome.step]) for output in outcome.publishes]
        self._unpublished += [(chore.output, Version(chore.token, chore.nonce)) for chore in reply.chores]

    def _forget(self, outcome: Outcome) -> None:
        logger.info("run %s refuses step %d: the claim is no longer held", self.run_id, outcome.step)
        for output in outcome.emitted:
            version = self._known.pop(output, None)
            if version is not None and output in outcome.publishes:
                with suppress(Exception):
                    self.runner.discard(output, version)

    def _start_over(self) -> None:
        """The store took this slot for dead, or was rolled back: nothing it held counts any more."""
        logger.warning("slot %s lost its place in run %s and starts again", self._slot, self.run_id)
        self.let_go(Proof.DRAINED)
        self._known.clear()
        self._unpublished.clear()
        self._published.clear()

    def _patiently(self, ask: Callable[[], Reply]) -> Reply:
        """Ask until the store answers; it takes a repeated question for what it is."""
        warned = False
        while True:
            try:
                return ask()
            except ServiceUnreachableError as error:
                if not warned:
                    logger.warning("waiting for the run store: %s", error.message)
                    warned = True
                pause(_PAUSE_BETWEEN_TRIES)

    def _publish(self, output: int, version: Version) -> bool:
        for attempt in range(_PUBLISH_TRIES):
            try:
                self.runner.publish(output, version)
            except Exception as error:
                if attempt == _PUBLISH_TRIES - 1:
                    logger.error("output %d of run %s cannot be published yet: %s", output, self.run_id, error)
                    break
                pause(_PAUSE_BETWEEN_TRIES * 2**attempt)
            else:
                return True
        # Let go of it: whoever works on this run next finds it among the chores.
        self.let_go(Proof.DRAINED)
        return False
