"""One slot's view of one run: its place in the store, what it knows, what it still has to publish."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from assetflow.clock import pause
from assetflow.engine.naming import named
from assetflow.engine.pace import Pace
from assetflow.engine.recall import Recall
from assetflow.engine.request import RunRequest
from assetflow.errors import InvariantViolationError, LostPlaceError, RunNotFoundError, ServiceUnreachableError
from assetflow.execution.outcome import StepResult
from assetflow.execution.runner import StepRunner
from assetflow.execution.settled import Settled
from assetflow.fail_points import reached
from assetflow.keys import Version
from assetflow.log import logger
from assetflow.planning.plan import Plan, Topology
from assetflow.runs.claims import Advance, Advanced, Announcement, Claim, Outcome, Resync, version_in
from assetflow.runs.states import RunStatus
from assetflow.runs.store import Proof, RunStore

_PAUSE_BETWEEN_TRIES = 0.25
_PUBLISH_TRIES = 4
_RESYNC_TRIES = 12
_OTHERS_FIRST_SECONDS = 1.5  # they look every half second, on a busy machine a little later

Announce = Callable[[str, Sequence[Announcement]], bool | None]  # False: they could not be sent
Reply = TypeVar("Reply")


class RunSession:
    """Everything a slot keeps of a run between two time slices.

    Args:
        slot: the slot's name, which the store knows it by.
        announce: sends wake-ups.
        pace: what is known of its steps beforehand.

    Attributes:
        log_place: where what its steps write is kept; empty if nowhere.
        more: the store has something left to do that needs no slot of its own.
        alone: nobody is kept waiting by a slot that stays with the run.
        stuck: wake-ups could not be sent, so nobody else may come to work on the run.
    """

    def __init__(
        self,
        slot: str,
        store: RunStore,
        request: RunRequest,
        runner: StepRunner,
        announce: Announce,
        *,
        log_place: str = "",
        pace: Pace | None = None,
    ) -> None:
        self.run_id = request.run_id
        self.log_place = log_place
        self.plan: Plan = request.plan
        self.topology = Topology(request.plan)
        self.runner = runner
        self.pace = pace or Pace()
        self.status = RunStatus.RUNNING
        self.more = False
        self.alone = False
        self.stuck = False
        self._slot = slot
        self._store = store
        self._announce = announce
        self._batch = 0
        self._known: dict[int, Version] = {}
        self._told = b""  # of what is settled, with the last claims
        self._reads = any(self.topology.children)
        self._settled = Settled(store, request.run_id, request.plan)
        self._recall = Recall(store)
        self._others_first = 0.0
        self._unpublished: list[tuple[int, Version]] = []
        self._published: list[int] = []
        self._lock = threading.RLock()

    @property
    def has_news(self) -> bool:
        """Whether the store has to be told something even if no step is done."""
        return bool(self._published or self.more) and not self.status.is_terminal

    @property
    def remembers(self) -> bool:
        """Whether there is anything that the store may have to be told again."""
        return not self._recall.is_empty

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
            held_back = self._others_first > time.monotonic()
            replies = [self._call(outcomes, queue, 0 if held_back else want, hint, announcement, versions or {})]
            if want and not self.status.is_terminal and (held_back or replies[0] is None):
                # What was done is taken in (again); now ask for more, as was meant.
                pause(max(0.0, self._others_first - time.monotonic()))
                replies.append(self._call((), queue, want, hint, "", {}))
        answered = [reply for reply in replies if reply is not None]
        announcements = [one for reply in answered for one in reply.announcements]
        if announcements:
            self.stuck = self._announce(self.run_id, named(announcements, self.plan)) is False or self.stuck
        return answered[-1].claims if answered else []

    def _call(
        self,
        outcomes: Sequence[Outcome],
        queue: str,
        want: int,
        hint: int,
        announcement: str,
        versions: dict[int, Version],
    ) -> Advanced | None:
        """One `advance`; None if the run is gone, or the slot's place in it was lost and has been regained."""
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
            tells=self._reads and want > 0,
        )
        self._recall.finished(outcomes)
        try:
            reply = self._patiently(lambda: self._store.advance(self.run_id, request, server=self._recall.generation))
        except LostPlaceError:
            logger.warning("slot %s lost its place in run %s", self._slot, self.run_id)
            if self._store.durable_at_once or not self._tell_again(self._patiently(self._store.generation)):
                self._resync()
            return None
        except RunNotFoundError:
            self.status = RunStatus.CANCELLED
            return None
        self._recall.claimed(reply.claims)
        self._take_in(reply, outcomes, versions)
        return reply

    def publish_settled(self) -> None:
        """Make visible what was settled. What fails is left to others, and the run stays open until it is done."""
        with self._lock:
            if not self._store.durable_at_once and self._recall.has_outcomes:
                self._await_durable()
            waiting, self._unpublished = self._unpublished, []
            if waiting:
                reached("settle.after")
            for output, version in waiting:
                if self._publish(output, version):
                    self._published.append(output)
            if self._published:
                reached("publish.after")

    def _await_durable(self) -> None:
        """Wait until what was settled is on the server's disk; settle it again if the server has lost it."""
        while not self.status.is_terminal:
            generation = self._patiently(self._store.await_durable)
            if not self._tell_again(generation):
                self._recall.durable()
                return

    def look_back(self) -> bool:
        """Tell the store again what it has lost, if another server has taken its place since it was last asked.

        Returns:
            whether the slot remembers anything that may be lost yet.
        """
        if self._store.durable_at_once:
            return False
        with self._lock:
            self._recall.forget_old()
            if self._recall.is_empty:
                return False
            try:
                generation = self._store.generation()
            except ServiceUnreachableError:
                return True
            if self._tell_again(generation):
                self.publish_settled()
                if self.has_news:
                    self.advance()
        return True

    def _tell_again(self, generation: str) -> bool:
        """Bring another server up to what this slot knows; False if it is the same as before."""
        if generation == self._recall.generation:
            return False
        logger.warning("another server carries the runs now; telling it what this slot knows of run %s", self.run_id)
        self._recall.generation = generation
        self._recall.lost()
        # What looks ready there may have been done by slots that are just about to tell.
        self._others_first = time.monotonic() + _OTHERS_FIRST_SECONDS
        self._resync(announces=False)
        # What this slot has told last may be what others wait for before they can tell the rest.
        self._others_first = max(self._others_first, time.monotonic() + 2 * _PAUSE_BETWEEN_TRIES)
        return True

    def _resync(self, *, announces: bool = True) -> None:
        """Bring the store up to what this slot knows, as far as nobody else has taken it.

        Args:
            announces: send the wake-ups that follow from it; else that is left to the sweeper.
        """
        self._batch += 1
        for _ in range(_RESYNC_TRIES):
            request = Resync(self._slot, self._batch, self._recall.holdings())
            try:
                reply = self._patiently(lambda: self._store.resync(self.run_id, request))  # noqa: B023 (called at once)
            except RunNotFoundError:
                self.status = RunStatus.CANCELLED
                return
            self.status = RunStatus(reply.status)
            if not reply.early:
                break
            # What these steps needed was lost as well; whoever made it is telling the store just now.
            pause(_PAUSE_BETWEEN_TRIES)
        self._unpublished = [(item.output, Version(item.token, item.nonce)) for item in reply.unpublished]
        self._published = []
        for claim, outcome in self._recall.drop({*reply.refused, *reply.early}):
            if outcome is not None:
                self._forget(outcome, claim)
        if reply.announcements and announces:
            self._announce(self.run_id, reply.announcements)

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
            self._known.update({one: version for one in missing if (version := version_in(self._told, one))})
            missing = [one for one in missing if one not in self._known]
            for output, version in zip(missing, self._store.versions(self.run_id, missing), strict=True):
                if version is None:
                    raise InvariantViolationError(
                        f"output {output} of run {self.run_id} is needed but was never settled"
                    )
                self._known[output] = version
            self._settled.look()
            known = {output: self._known[output] for output in needed if output in self._known}
            return self._settled.corrected(known)

    def run(self, claim: Claim, known: dict[int, Version]) -> StepResult:
        """Run a step.

        Args:
            known: versions of its inputs.
        """
        return self.runner.run(self.plan.steps[claim.step], claim, known, self._settled)

    def note_outputs(self, claim: Claim, result: StepResult, known: dict[int, Version]) -> None:
        """Remember what a step just made, for the steps of the same batch that follow it.

        Args:
            known: versions of what these read.
        """
        made = dict.fromkeys(result.emitted, claim.version)
        self._known.update(made)
        if result.succeeded:
            self._settled.add(result.detail)
        known.update(self._settled.corrected(made))

    def let_go(self, proof: Proof, culprit: int = -1) -> None:
        """Give back everything this slot holds of the run, however long the store takes to answer."""
        self._patiently(lambda: self._store.reclaim(self.run_id, self._slot, proof, culprit))
        self._recall.clear()
        self._batch = 0

    def close(self) -> None:
        """Close the resources that steps have opened."""
        self.runner.close()

    def _take_in(self, reply: Advanced, outcomes: Sequence[Outcome], versions: dict[int, Version]) -> None:
        self.status = RunStatus(reply.status)
        self.more, self.alone, self._told = reply.more, reply.alone, reply.settled
        refused = set(reply.refused)
        for outcome in outcomes:
            if outcome.step not in refused:
                self._unpublished += [(output, versions[outcome.step]) for output in outcome.publishes]
        for claim, outcome_of_it in self._recall.drop(refused):
            if outcome_of_it is not None:
                self._forget(outcome_of_it, claim)
        if self._store.durable_at_once:
            self._recall.forget_outcomes()
        self._unpublished += [(chore.output, Version(chore.token, chore.nonce)) for chore in reply.chores]

    def _forget(self, outcome: Outcome, claim: Claim) -> None:
        logger.info("run %s refuses step %d: the claim is no longer held", self.run_id, outcome.step)
        self._settled.forget()
        for output in outcome.emitted:
            if self._known.get(output) == claim.version:
                del self._known[output]
            if output in outcome.publishes:
                with suppress(Exception):
                    self.runner.discard(output, claim.version)

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
