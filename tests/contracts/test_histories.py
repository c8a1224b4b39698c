"""The memory store and the Redis store live through the same random histories, agree at every step, and end as an
independent reference says.

Two runs share pools. Slots claim, settle, lose replies, repeat themselves, die; workers vanish; runs are paused,
resumed, cancelled; limits change; the server forgets everything since its last sync.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assetflow.errors import LostPlaceError
from assetflow.planning.plan import Plan, Step, StepInput, StepOutput, Topology, waits_of
from assetflow.runs.claims import Advance, Advanced, Claim, Holding, Outcome, Resync
from assetflow.runs.limits import Limits
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import NewRun, Proof, RunStore, StepRow
from assetflow.stores.memory import FRESH_SECONDS, MemoryRunStore
from assetflow.stores.redis.limits import RedisLimits
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.key_leaks import leaked_keys
from tests.support.reference import Fate, final_states
from tests.support.snapshots import snapshot

HISTORIES = int(os.environ.get("ASSETFLOW_HISTORIES", "300"))
SLOTS = ("a:1", "a:2", "b:1")
POOLS = ("door", "lift")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to eight steps with one or two outputs each, that need outputs of earlier ones; some need a pool."""
    count = draw(st.integers(1, 8))
    outputs: list[tuple[StepOutput, ...]] = []
    made = 0
    for _ in range(count):
        size = draw(st.integers(1, 2))
        outputs.append(tuple(StepOutput(index=made + n, key=(f"o{made + n}",), name=f"o{n}") for n in range(size)))
        made += size
    steps = []
    for index in range(count):
        earlier = [output.index for group in outputs[:index] for output in group]
        needs = draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True)) if earlier else []
        inputs = tuple(StepInput(name=f"i{need}", key=(f"o{need}",), output=need) for need in needs)
        pool = draw(st.sampled_from(("", "", "", *POOLS)))
        rank = draw(st.integers(1, 5))
        steps.append(Step(index=index, key=f"s{index}", inputs=inputs, outputs=outputs[index], rank=rank, pool=pool))
    return Plan(steps=tuple(steps))


@st.composite
def fates(draw: st.DrawFn, plan: Plan) -> list[Fate]:
    """For every step what becomes of it in the end."""
    found = []
    for step in plan.steps:
        fails = draw(st.integers(0, 5)) == 0
        emitted = frozenset(output.index for output in step.outputs if draw(st.integers(0, 4)) > 0)
        found.append(Fate(None if fails else emitted, draw(st.sampled_from((0, 0, 0, 1, 2)))))
    return found


@dataclass
class Seat:
    """A slot's place in one run. Names of slots are never used again."""

    name: str
    batch: int = 0
    held: dict[int, Claim] = field(default_factory=dict)
    done: list[tuple[Claim, Outcome]] = field(default_factory=list)  # not known to be on a disk
    unpublished: list[int] = field(default_factory=list)
    last: Advance | None = None
    tokens: dict[tuple[int, int], int] = field(default_factory=dict)  # those of the second store, by step and nonce


class Life:
    """One run, in both stores."""

    def __init__(self, name: str, plan: Plan, ends: list[Fate], priority: int) -> None:
        self.name, self.plan, self.fates, self.topology = name, plan, ends, Topology(plan)
        self.waits = waits_of(plan)
        self.seats = {slot: Seat(slot) for slot in SLOTS}
        self.dead: list[str] = []
        self.cancelled = False
        pools = tuple(dict.fromkeys(step.pool for step in plan.steps if step.pool))
        self.request = NewRun(
            run_id=name,
            envelope=b"",
            fingerprint=name,
            queues=("default",),
            pools=pools,
            priority=priority,
            limits=("*",),
            steps=tuple(self._row(step, pools) for step in plan.steps),
            outputs=plan.output_count,
        )

    def _row(self, step: Step, pools: tuple[str, ...]) -> StepRow:
        below = list(self.topology.children[step.index])
        follows = len(below) == 1 and self.waits[below[0]] == 1 and not self.plan.steps[below[0]].pool
        return StepRow(
            rank=step.rank,
            queue=0,
            waits=self.waits[step.index],
            line=below[0] if follows else -1,
            pool=pools.index(step.pool) if step.pool else -1,
            alone=bool(step.pool),
        )

    def replace(self, slot: str) -> None:
        """The slot is dead; another process takes its place."""
        self.dead.append(self.seats[slot].name)
        self.seats[slot] = Seat(f"{slot}-{len(self.dead)}")

    def outcome(self, claim: Claim) -> Outcome:
        """What becomes of this try of a step."""
        fate, children = self.fates[claim.step], self.topology.children[claim.step]
        if claim.retries < fate.retries:
            return Outcome(claim.step, claim.nonce, "D")
        if fate.emitted is None:
            closes = tuple(self.topology.descendants(list(children)))
            return Outcome(claim.step, claim.nonce, "F", closes=closes)
        pruned = [child for child, needs in children.items() if not needs <= fate.emitted]
        return Outcome(
            claim.step,
            claim.nonce,
            "S",
            emitted=tuple(sorted(fate.emitted)),
            unlocks=tuple(child for child, needs in children.items() if needs <= fate.emitted),
            closes=tuple(self.topology.descendants(pruned)),
            publishes=tuple(sorted(fate.emitted)),
        )


class Histories(RuleBasedStateMachine):
    """Everything that can happen to two runs."""

    client: Any  # set by the test

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.began = time.monotonic()
        self.client.flushdb()
        self.client.hset("af:q", "default", 1)
        memory, redis_store = MemoryRunStore(), RedisRunStore(self.client)
        self.stores: tuple[RunStore, RunStore] = (memory, redis_store)
        self.limits: tuple[Limits, Limits] = (memory.limits, RedisLimits(self.client))
        for pool in POOLS:
            self._limit(pool, data.draw(st.integers(1, 2)))
        self.lives = []
        for name, priority in (("RUN1", 0), ("RUN2", data.draw(st.integers(-1, 1)))):
            plan = data.draw(plans())
            life = Life(name, plan, data.draw(fates(plan)), priority)
            self.lives.append(life)
            for store in self.stores:
                store.create(life.request)
        self.backs = tuple(snapshot(store) for store in self.stores)
        self.cancelled_then = [False, False]

    # --- what slots do ---------------------------------------------------------------------------

    @rule(
        which=st.integers(0, 1),
        slot=st.sampled_from(SLOTS),
        want=st.integers(0, 5),
        ends=st.integers(0, 4),
        publishes=st.booleans(),
    )
    def advance(self, which: int, slot: str, want: int, ends: int, publishes: bool) -> None:
        """Settle some of what is held, in its order, and claim."""
        life = self.lives[which]
        seat = life.seats[slot]
        outcomes: list[Outcome] = []
        for claim in list(seat.held.values())[:ends]:
            if any(claim.step in outcome.closes for outcome in outcomes):
                continue
            outcomes.append(life.outcome(claim))
            if outcomes[-1].verdict == "D" or outcomes[-1].closes:
                outcomes += self._given_back(life, seat, outcomes)
                break
        seat.batch += 1
        published, kept = (seat.unpublished, []) if publishes else ([], seat.unpublished)
        seat.last = Advance(
            seat.name, seat.batch, tuple(outcomes), tuple(published), "default", want, -1, "", 1000 * seat.batch
        )
        seat.unpublished = kept
        for outcome in outcomes:
            claim = seat.held[outcome.step]
            if outcome.verdict != "R":
                seat.done.append((claim, outcome))
        gone = {outcome.step for outcome in outcomes} | {step for outcome in outcomes for step in outcome.closes}
        seat.held = {step: claim for step, claim in seat.held.items() if step not in gone}
        reply = self._ask(life, seat)
        if reply is None:
            self._resync(life, slot)
            return
        refused = set(reply.refused)
        seat.done = [(claim, outcome) for claim, outcome in seat.done if claim.step not in refused]
        seat.held.update({claim.step: claim for claim in reply.claims})
        accepted = set(reply.accepted)
        seat.unpublished += [output for outcome in outcomes if outcome.step in accepted for output in outcome.publishes]
        seat.unpublished += [chore.output for chore in reply.chores]

    @rule(which=st.integers(0, 1), slot=st.sampled_from(SLOTS))
    def advance_again(self, which: int, slot: str) -> None:
        """A reply was lost: the same question gets the same answer, and nothing happens twice."""
        life = self.lives[which]
        seat = life.seats[slot]
        if seat.last is None:
            return
        before = [store.view(life.name) for store in self.stores]
        try:
            replies = [store.advance(life.name, seat.last) for store in self.stores]
        except LostPlaceError:
            return
        assert replies[0].accepted == replies[1].accepted
        assert [store.view(life.name) for store in self.stores] == before

    def _given_back(self, life: Life, seat: Seat, outcomes: list[Outcome]) -> list[Outcome]:
        """Batch-mates that wait for a step that is not over, or was not made, cannot follow it."""
        settled = {outcome.step for outcome in outcomes}
        last = outcomes[-1]
        below = set(life.topology.descendants(list(life.topology.children[last.step])))
        closed = {step for outcome in outcomes for step in outcome.closes}
        return [
            Outcome(claim.step, claim.nonce, "R")
            for claim in seat.held.values()
            if claim.step in below and claim.step not in settled | closed
        ]

    def _ask(self, life: Life, seat: Seat) -> Advanced | None:
        assert seat.last is not None
        answers: list[Advanced | None] = []
        for store in self.stores:
            try:
                answers.append(store.advance(life.name, seat.last))
            except LostPlaceError:
                answers.append(None)
        ours, theirs = answers
        assert (ours is None) == (theirs is None)
        if ours is None or theirs is None:
            return None
        assert (ours.status, ours.accepted, ours.refused, ours.left) == (
            theirs.status, theirs.accepted, theirs.refused, theirs.left,
        )  # fmt: skip
        told = [(c.step, c.nonce, c.retries, c.child_losses, c.host_losses) for c in ours.claims]
        assert told == [(c.step, c.nonce, c.retries, c.child_losses, c.host_losses) for c in theirs.claims]
        seat.tokens.update({(claim.step, claim.nonce): claim.token for claim in theirs.claims})
        assert sorted(chore.output for chore in ours.chores) == sorted(chore.output for chore in theirs.chores)
        woken = {(item.run_id, item.queue) for item in ours.announcements}
        # On a machine that stood still one store may take a wake-up for lost, and the other not yet.
        stood_still = time.monotonic() - self.began > FRESH_SECONDS / 2
        assert stood_still or woken == {(item.run_id, item.queue) for item in theirs.announcements}
        return ours

    def _resync(self, life: Life, slot: str) -> None:
        seat = life.seats[slot]
        holdings = (
            *(Holding(claim, outcome) for claim, outcome in seat.done),
            *(Holding(claim) for claim in seat.held.values()),
        )
        seat.batch += 1
        same = tuple(Holding(self._of_second(seat, item.claim), item.outcome) for item in holdings)
        ours, theirs = (
            store.resync(life.name, Resync(seat.name, seat.batch, said))
            for store, said in zip(self.stores, (holdings, same), strict=True)
        )
        assert (ours.status, ours.kept, ours.accepted, ours.refused, ours.early) == (
            theirs.status, theirs.kept, theirs.accepted, theirs.refused, theirs.early,
        )  # fmt: skip
        gone = {*ours.refused, *ours.early}
        seat.done = [(claim, outcome) for claim, outcome in seat.done if claim.step not in gone]
        seat.held = {step: claim for step, claim in seat.held.items() if step in ours.kept}
        seat.unpublished = [chore.output for chore in ours.unpublished]
        seat.last = None

    def _of_second(self, seat: Seat, claim: Claim) -> Claim:
        """The same claim as the second store has given it: each has a clock of its own."""
        return Claim(claim.step, seat.tokens[(claim.step, claim.nonce)], claim.nonce, claim.retries)

    # --- what happens to them --------------------------------------------------------------------

    @rule(slot=st.sampled_from(SLOTS), blamed=st.booleans())
    def child_dies(self, slot: str, blamed: bool) -> None:
        for life in self.lives:
            seat = life.seats[slot]
            culprit = next(iter(seat.held), -1) if blamed else -1
            self._reclaim(life, seat.name, Proof.CHILD_DIED, culprit)
            life.replace(slot)

    @rule(slot=st.sampled_from(SLOTS), which=st.integers(0, 1))
    def child_is_killed_for_its_time(self, slot: str, which: int) -> None:
        life = self.lives[which]
        seat = life.seats[slot]
        if seat.held:
            claim = next(iter(seat.held.values()))
            retry = Outcome(claim.step, claim.nonce, "D") if claim.retries < life.fates[claim.step].retries else None
            self._reclaim(life, seat.name, Proof.TIMED_OUT, claim.step, retry)
            life.replace(slot)

    @rule(worker=st.sampled_from(("a", "b")), taken_for_dead=st.booleans())
    def worker_dies(self, worker: str, taken_for_dead: bool) -> None:
        """It dies, or is only taken for dead, and comes back with all it remembers."""
        for life in self.lives:
            self._reclaim(life, worker, Proof.WORKER_DIED)
            for slot in SLOTS:
                if slot.startswith(worker) and not taken_for_dead:
                    life.replace(slot)
                elif slot.startswith(worker):
                    life.seats[slot].last = None  # its reply has arrived, so nobody sends it again

    def _reclaim(self, life: Life, slots: str, proof: Proof, culprit: int = -1, outcome: Outcome | None = None) -> None:
        for store in self.stores:
            store.reclaim(life.name, slots, proof, culprit, outcome)

    @rule()
    def server_syncs(self) -> None:
        """What was told so far is on its disk, and slots need not remember it."""
        self.backs = tuple(snapshot(store) for store in self.stores)
        self.cancelled_then = [life.cancelled for life in self.lives]
        for life in self.lives:
            for seat in life.seats.values():
                seat.done.clear()

    @rule()
    def server_forgets(self) -> None:
        """It dies, and finds what its disk had. Slots notice when they speak to it."""
        for back in self.backs:
            back()
        for life, cancelled in zip(self.lives, self.cancelled_then, strict=True):
            life.cancelled = cancelled
            for seat in life.seats.values():
                seat.last = None  # its reply has arrived, so nobody sends it again

    # --- what people do --------------------------------------------------------------------------

    @rule(which=st.integers(0, 1), often=st.integers(0, 7))
    def cancel(self, which: int, often: int) -> None:
        if often == 0:
            life = self.lives[which]
            answers = [store.cancel(life.name)[0] for store in self.stores]
            assert answers[0] == answers[1]
            life.cancelled = answers[0] in (RunStatus.CANCELLED, RunStatus.CANCELLING)

    @rule(which=st.integers(0, 1))
    def pause(self, which: int) -> None:
        assert self.stores[0].pause(self.lives[which].name)[0] == self.stores[1].pause(self.lives[which].name)[0]

    @rule(which=st.integers(0, 1))
    def resume(self, which: int) -> None:
        assert self.stores[0].resume(self.lives[which].name)[0] == self.stores[1].resume(self.lives[which].name)[0]

    @rule(pool=st.sampled_from(POOLS), limit=st.one_of(st.none(), st.integers(1, 3)))
    def change_a_limit(self, pool: str, limit: int | None) -> None:
        self._limit(pool, limit)

    @rule()
    def tick(self) -> None:
        for life in self.lives:
            for store in self.stores:
                store.tick(life.name, ["default"])

    def _limit(self, pool: str, limit: int | None) -> None:
        for limits in self.limits:
            limits.set_pool_limit(pool, limit)

    # --- what always holds -----------------------------------------------------------------------

    @invariant()
    @precondition(lambda self: hasattr(self, "lives"))
    def stores_agree(self) -> None:
        for life in self.lives:
            ours, theirs = (store.view(life.name) for store in self.stores)
            assert (ours.status, ours.left, ours.states, ours.retries) == (
                theirs.status, theirs.left, theirs.states, theirs.retries,
            )  # fmt: skip
            assert ours.left == sum(not state.is_terminal for state in ours.states)
        uses = [[(u.name, u.limit, u.holders, u.waiting) for u in limits.pools()] for limits in self.limits]
        assert uses[0] == uses[1]

    @invariant()
    @precondition(lambda self: hasattr(self, "lives"))
    def only_claims_and_those_they_were_handed_to_hold_tokens(self) -> None:
        for use in self.limits[0].pools():
            for holder in use.holders:
                run_id, step = holder.split("|")
                view = self.stores[0].view(run_id)
                may_hold = {StepState.CLAIMED, StepState.READY}
                may_hold |= {StepState.CANCELLED} if view.status is RunStatus.CANCELLING else set()
                assert view.states[int(step)] in may_hold, (holder, view)

    def teardown(self) -> None:
        """Without further mishaps every run ends, and as the reference says."""
        if not hasattr(self, "lives"):
            return
        for life in self.lives:
            for store in self.stores:
                store.resume(life.name)
            for name in life.dead:  # whom a server that has forgotten their death takes for living
                self._reclaim(life, name, Proof.CHILD_DIED)
        for _ in range(200):
            if all(
                store.view(life.name, steps=False).status.is_terminal for life in self.lives for store in self.stores
            ):
                break
            self.tick()
            for which in range(2):
                for slot in SLOTS:
                    if not self.stores[0].view(self.lives[which].name, steps=False).status.is_terminal:
                        self.advance(which, slot, 4, 4, True)
            self.stores_agree()
        for life in self.lives:
            view = self.stores[1].view(life.name)
            assert view.status.is_terminal and view.left == 0, view
            if life.cancelled:
                assert view.status in (RunStatus.CANCELLED, RunStatus.SUCCEEDED, RunStatus.FAILED)
            else:
                expected = final_states(life.plan, life.fates)
                assert "".join(state.value for state in view.states) == expected
                assert view.status is (RunStatus.FAILED if "F" in expected else RunStatus.SUCCEEDED)
        for limits in self.limits:
            assert all(not use.holders and not use.waiting for use in limits.pools())
        assert set(leaked_keys(self.client)) == set()


def test_two_stores_and_a_reference_tell_the_same_story(redis_client: object) -> None:
    Histories.client = redis_client
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=HISTORIES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
