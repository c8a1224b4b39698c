"""The store loses the last it knew; slots tell it again, and nothing counts twice."""

from __future__ import annotations

import pytest

from assetflow.errors import LostPlaceError
from assetflow.runs.claims import Claim, Holding, Outcome, Resync, Resynced
from assetflow.runs.limits import Limits
from assetflow.runs.states import RunStatus
from assetflow.runs.store import Proof, RunStore
from assetflow.stores.memory import MemoryRunStore
from tests.support.snapshots import snapshot
from tests.support.store_driver import Slot, start, states


def resync(slot: Slot, *holdings: tuple[Claim, Outcome | None]) -> Resynced:
    slot.batch += 1
    pairs = tuple(Holding(claim, outcome) for claim, outcome in holdings)
    return slot.store.resync(slot.run_id, Resync(slot.name, slot.batch, pairs))


def test_a_lost_outcome_is_settled_again(store: RunStore) -> None:
    slot = start(store, [0, 1])
    slot.claim(1)
    claim, outcome = slot.held[0], slot.done(0, unlocks=[1], publish=True)
    back = snapshot(store)
    slot.advance(outcome)
    back()
    assert states(store, slot.run_id) == "CW"
    with pytest.raises(LostPlaceError):
        slot.advance(want=1)
    reply = resync(slot, (claim, outcome))
    assert (reply.accepted, reply.refused, reply.early) == ([0], [], [])
    assert [(item.output, item.token, item.nonce) for item in reply.unpublished] == [(0, claim.token, claim.nonce)]
    assert states(store, slot.run_id) == "SR"
    assert store.versions(slot.run_id, [0]) == [claim.version]
    assert slot.claim(published=[0]) == [1]


def test_a_lost_claim_is_held_again_and_its_outcome_counts(store: RunStore) -> None:
    slot = start(store, [0])
    back = snapshot(store)
    slot.claim()
    claim = slot.held[0]
    back()
    assert states(store, slot.run_id) == "R"
    assert resync(slot, (claim, None)).kept == [0]
    assert states(store, slot.run_id) == "C"
    assert Slot(store, slot.run_id, "other:1").claim() == []
    assert slot.advance(slot.done(0)).status == "SUCCEEDED"


def test_a_server_that_the_slot_does_not_know_does_nothing_for_it(store: RunStore) -> None:
    slot = start(store, [0])
    slot.server = "another"
    with pytest.raises(LostPlaceError):
        slot.claim()
    assert states(store, slot.run_id) == "R"
    slot.server, slot.batch = store.generation(), 0
    assert slot.claim() == [0]


def test_a_step_that_another_has_taken_meanwhile_is_refused(store: RunStore) -> None:
    slot = start(store, [0])
    back = snapshot(store)
    slot.claim()
    claim, outcome = slot.held[0], slot.done(0)
    back()
    other = Slot(store, slot.run_id, "other:1")
    assert other.claim() == [0]
    assert resync(slot, (claim, outcome)).refused == [0]
    assert states(store, slot.run_id) == "C"
    assert other.advance(other.done(0)).accepted == [0]


def test_saying_it_twice_changes_nothing(store: RunStore) -> None:
    slot = start(store, [0, 1])
    slot.claim(1)
    claim, outcome = slot.held[0], slot.done(0, unlocks=[1])
    slot.advance(outcome)
    before = store.view(slot.run_id)
    assert resync(slot, (claim, outcome)).accepted == [0]
    assert resync(slot, (claim, outcome)).accepted == [0]
    assert store.view(slot.run_id) == before


def test_what_needs_a_lost_outcome_waits_until_that_is_told_again(store: RunStore) -> None:
    first = start(store, [0, 1])
    second = Slot(store, first.run_id, "other:1")
    first.claim(1)
    back = snapshot(store)
    parent = (first.held[0], first.done(0, unlocks=[1]))
    first.advance(parent[1])
    second.claim()
    child = (second.held[1], second.done(1))
    second.advance(child[1])
    assert store.view(first.run_id).status is RunStatus.SUCCEEDED
    back()
    assert resync(second, child).early == [1]
    assert resync(first, parent).accepted == [0]
    assert resync(second, child).accepted == [1]
    assert store.view(first.run_id).status is RunStatus.SUCCEEDED


def test_later_tokens_are_above_those_that_were_lost(store: RunStore) -> None:
    slot = start(store, [0, 0])
    back = snapshot(store)
    slot.claim(1)
    claim = slot.held[0]
    back()
    resync(slot, (Claim(claim.step, claim.token + 10_000_000, claim.nonce), None))
    [later] = slot.advance(want=1).claims
    assert later.token > claim.token + 10_000_000


def test_a_slot_that_was_taken_for_dead_keeps_what_nobody_else_has_begun(store: RunStore) -> None:
    slot = start(store, [0, 0, 0])
    slot.claim(2)
    held = [(slot.held[0], None), (slot.held[1], None)]
    store.reclaim(slot.run_id, slot.name, Proof.WORKER_DIED)
    other = Slot(store, slot.run_id, "other:1")
    taken = other.advance(want=1, hint=0).claims
    assert [claim.step for claim in taken] == [0]
    reply = resync(slot, *held)
    assert (reply.kept, reply.refused) == ([1], [0])


def test_what_the_slot_does_not_name_is_given_back(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    resync(slot)
    assert states(store, slot.run_id) == "R"


def test_nothing_of_a_cancelled_run_is_taken_in(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    claim, outcome = slot.held[0], slot.done(0)
    store.cancel(slot.run_id)
    assert resync(slot, (claim, outcome)).refused == [0]
    assert store.view(slot.run_id).status is RunStatus.CANCELLED


def test_a_step_that_waits_again_for_a_token_it_had_runs_on(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    slot = start(store, [0, 0], pools=[0, 0])
    back = snapshot(store)
    slot.claim(1)
    claim = slot.held[0]
    back()
    other = Slot(store, slot.run_id, "other:1")
    other.advance(want=1, hint=1)
    assert Slot(store, slot.run_id, "third:1").claim(1) == []
    assert states(store, slot.run_id) == "PC"
    assert resync(slot, (claim, None)).kept == [0]
    assert len(limits.pools()[0].holders) == 2, "it runs; the pool is over its limit until one of them ends"


def test_outputs_that_a_silent_slot_forgot_to_publish_become_chores() -> None:
    now = [1000.0]
    store = MemoryRunStore(clock=lambda: now[0])
    slot = start(store, [0])
    slot.claim()
    slot.advance(slot.done(0, publish=True))
    assert store.view(slot.run_id).status is RunStatus.FINISHING
    assert store.tick(slot.run_id, ["default"]) == []
    now[0] += 16
    assert store.tick(slot.run_id, ["default"])
    other = Slot(store, slot.run_id, "other:1")
    assert [chore.output for chore in other.advance(want=1).chores] == [0]
    assert other.advance(published=[0]).status == "SUCCEEDED"
