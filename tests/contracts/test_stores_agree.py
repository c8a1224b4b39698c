"""The memory store and the Redis store, driven through the same random histories, agree at every step."""

from __future__ import annotations

from dataclasses import dataclass, field

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assetflow.errors import LostPlaceError
from assetflow.planning.plan import Plan, Step, StepInput, StepOutput, Topology
from assetflow.runs.claims import Advance, Advanced, Claim, Outcome
from assetflow.runs.states import RunStatus
from assetflow.runs.store import NewRun, Proof, RunStore, StepRow
from assetflow.stores.memory import MemoryRunStore
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.key_leaks import leaked_keys

SLOTS = ("a:1", "a:2", "b:1")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to ten steps with one or two outputs each, that need outputs of earlier ones."""
    count = draw(st.integers(1, 10))
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
        steps.append(Step(index=index, key=f"s{index}", inputs=inputs, outputs=outputs[index]))
    plain = Plan(steps=tuple(steps))
    topology = Topology(plain)
    lines = []
    for step in plain.steps:
        below = list(topology.children[step.index])
        lines.append(below[0] if len(below) == 1 and topology.waiting[below[0]] == 1 else -1)
    draws = [draw(st.integers(1, 5)) for _ in steps]
    return Plan(
        steps=tuple(
            Step(
                index=step.index,
                key=step.key,
                inputs=step.inputs,
                outputs=step.outputs,
                rank=draws[step.index],
                line=None if lines[step.index] < 0 else lines[step.index],
            )
            for step in plain.steps
        )
    )


choices = st.lists(st.integers(0, 9), max_size=6)
actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("advance"), st.sampled_from(SLOTS), st.integers(0, 5), st.lists(st.integers(0, 9), max_size=6)
        ),
        st.tuples(st.just("again"), st.sampled_from(SLOTS)),
        st.tuples(st.just("reclaim"), st.sampled_from((*SLOTS, "a", "b")), st.sampled_from(list(Proof))),
        st.tuples(st.just("tick")),
        st.tuples(st.sampled_from(["cancel", "tick", "tick", "tick"])),
    ),
    max_size=30,
)


@dataclass
class Seat:
    """A slot's place in both stores."""

    batch: int = 0
    held: dict[int, Claim] = field(default_factory=dict)
    unpublished: list[int] = field(default_factory=list)
    last: Advance | None = None


class Pair:
    """Two stores that are told the same."""

    def __init__(self, plan: Plan, client: redis.Redis) -> None:
        client.flushdb()
        client.hset("af:q", "default", 1)
        self.client = client
        self.plan, self.topology = plan, Topology(plan)
        self.stores: tuple[RunStore, RunStore] = (MemoryRunStore(), RedisRunStore(client))
        self.seats = {slot: Seat() for slot in SLOTS}
        run = NewRun(
            run_id="RUN",
            envelope=b"",
            fingerprint="x",
            queues=("default",),
            steps=tuple(
                StepRow(step.rank, 0, self.topology.waiting[step.index], -1 if step.line is None else step.line)
                for step in plan.steps
            ),
            outputs=plan.output_count,
        )
        for store in self.stores:
            store.create(run)
        self.check()

    def check(self) -> None:
        """Everything that does not depend on the clock is the same."""
        ours, theirs = (store.view("RUN") for store in self.stores)
        assert (ours.status, ours.left, ours.states, ours.retries) == (
            theirs.status, theirs.left, theirs.states, theirs.retries,
        )  # fmt: skip
        assert ours.left == sum(not state.is_terminal for state in ours.states)

    @property
    def over(self) -> bool:
        return self.stores[0].view("RUN", steps=False).status.is_terminal

    def outcome(self, claim: Claim, choice: int) -> Outcome | None:
        """What becomes of a claim: 0-5 success with some of the outputs, 6 failure, 7 retry, 8 not begun, 9 held."""
        step = self.plan.steps[claim.step]
        children = self.topology.children[claim.step]
        if choice == 9:
            return None
        if choice == 8:
            return Outcome(claim.step, claim.nonce, "R")
        if choice == 7:
            return Outcome(claim.step, claim.nonce, "D")
        if choice == 6:
            return Outcome(claim.step, claim.nonce, "F", closes=tuple(self.topology.descendants(list(children))))
        emitted = {output.index for n, output in enumerate(step.outputs) if choice < 4 or n == choice - 4}
        pruned = [child for child, needs in children.items() if not needs <= emitted]
        return Outcome(
            claim.step,
            claim.nonce,
            "S",
            emitted=tuple(sorted(emitted)),
            unlocks=tuple(child for child, needs in children.items() if needs <= emitted),
            closes=tuple(self.topology.descendants(pruned)),
            publishes=tuple(sorted(emitted)),
        )

    def advance(self, slot: str, want: int, choices: list[int]) -> None:
        seat = self.seats[slot]
        outcomes: list[Outcome] = []
        settled: set[int] = set()
        for position, claim in enumerate(list(seat.held.values())):
            waits_for = [item.output for item in self.plan.steps[claim.step].inputs if item.output is not None]
            above = {self.topology.producer[output] for output in waits_for}
            choice = choices[position] if position < len(choices) else 0
            if above & seat.held.keys() and (not above <= settled):
                continue  # a slot does not end a step before the one it follows
            found = self.outcome(claim, choice)
            if found is not None:
                outcomes.append(found)
                if found.verdict == "S" and claim.step not in {c for o in outcomes for c in o.closes}:
                    settled.add(claim.step)
                if found.verdict in "FD" or found.closes:
                    break
        seat.batch += 1
        nonce = 1000 * seat.batch + SLOTS.index(slot) * 100
        seat.last = Advance(slot, seat.batch, tuple(outcomes), tuple(seat.unpublished), "default", want, -1, "", nonce)
        self.ask(seat)

    def ask(self, seat: Seat) -> None:
        assert seat.last is not None
        answers: list[Advanced | None] = []
        for store in self.stores:
            try:
                answers.append(store.advance("RUN", seat.last))
            except LostPlaceError:
                answers.append(None)
        ours, theirs = answers
        assert (ours is None) == (theirs is None)
        if ours is None or theirs is None:
            seat.batch, seat.held, seat.unpublished, seat.last = 0, {}, [], None
            for store in self.stores:
                store.reclaim("RUN", next(name for name, one in self.seats.items() if one is seat), Proof.DRAINED)
            return
        assert (ours.status, ours.accepted, ours.refused, ours.left, ours.more) == (
            theirs.status, theirs.accepted, theirs.refused, theirs.left, theirs.more,
        )  # fmt: skip
        assert [(c.step, c.nonce, c.retries, c.child_losses, c.host_losses) for c in ours.claims] == [
            (c.step, c.nonce, c.retries, c.child_losses, c.host_losses) for c in theirs.claims
        ]
        assert sorted(chore.output for chore in ours.chores) == sorted(chore.output for chore in theirs.chores)
        closed = {step for outcome in seat.last.outcomes for step in outcome.closes}
        done = {outcome.step for outcome in seat.last.outcomes}
        seat.held = {step: claim for step, claim in seat.held.items() if step not in done | closed}
        seat.held.update({claim.step: claim for claim in ours.claims})
        accepted = set(ours.accepted)
        seat.unpublished = [o for out in seat.last.outcomes if out.step in accepted for o in out.publishes]
        seat.unpublished += [chore.output for chore in ours.chores]

    def again(self, slot: str) -> None:
        """A reply was lost: the same question gets the same answer, and nothing happens twice."""
        last = self.seats[slot].last
        if last is not None:
            before = [store.view("RUN") for store in self.stores]
            for store in self.stores:
                store.advance("RUN", last)
            assert [store.view("RUN") for store in self.stores] == before

    def reclaim(self, slots: str, proof: Proof) -> None:
        for store in self.stores:
            store.reclaim("RUN", slots, proof)
        for name, seat in self.seats.items():
            if name.startswith(slots):
                seat.last = None

    def finish(self) -> None:
        """Without further mishaps every run ends, and soon."""
        for _ in range(200):
            if self.over:
                return
            for store in self.stores:
                store.tick("RUN", ["default"])
            for slot in SLOTS:
                self.advance(slot, 4, [])
                self.check()
        raise AssertionError(f"not over: {self.stores[1].view('RUN')}")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans(), history=actions)
def test_two_stores_tell_the_same_story(
    redis_client: redis.Redis, plan: Plan, history: list[tuple[object, ...]]
) -> None:
    pair = Pair(plan, redis_client)
    for action in history:
        if pair.over:
            break
        kind = action[0]
        if kind == "advance":
            pair.advance(*action[1:])  # type: ignore[arg-type]
        elif kind == "again":
            pair.again(*action[1:])  # type: ignore[arg-type]
        elif kind == "reclaim":
            pair.reclaim(*action[1:])  # type: ignore[arg-type]
        elif kind == "cancel":
            assert pair.stores[0].cancel("RUN") == pair.stores[1].cancel("RUN")
        elif kind == "tick":
            for store in pair.stores:
                store.tick("RUN")
        pair.check()
    pair.finish()
    view = pair.stores[1].view("RUN")
    assert view.left == 0 and view.status is not RunStatus.INCONSISTENT
    assert set(leaked_keys(pair.client)) == set()
