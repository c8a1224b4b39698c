"""What every RunStore does. The memory store and the Redis store pass the same suite."""

from __future__ import annotations

import pytest

from assetflow.clock import wait_until
from assetflow.errors import ConflictError, LostPlaceError, RunNotFoundError
from assetflow.runs.claims import Advance, Outcome, version_in
from assetflow.runs.facts import FactKind
from assetflow.runs.states import RunStatus
from assetflow.runs.states import StepState as S
from assetflow.runs.store import Proof, RunStore
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.key_leaks import leaked_keys
from tests.support.store_driver import Slot, new_run, start, states


def test_roots_are_ready_and_the_rest_waits(store: RunStore) -> None:
    slot = start(store, [0, 1, 0])
    assert states(store, slot.run_id) == "RWR"
    assert store.view(slot.run_id).status is RunStatus.RUNNING


def test_a_run_without_steps_succeeds_at_once(store: RunStore) -> None:
    slot = start(store, [])
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_creating_a_run_again_changes_nothing(store: RunStore) -> None:
    run = new_run([0, 0])
    assert store.create(run).announcements
    Slot(store, run.run_id).claim(1)
    assert store.create(run).run_id == run.run_id
    assert states(store, run.run_id).count("C") == 1


def test_a_run_key_leads_to_the_run_that_has_it(store: RunStore) -> None:
    first = new_run([0], run_key="nightly")
    second = new_run([0], run_key="nightly")
    store.create(first)
    assert store.create(second).run_id == first.run_id
    with pytest.raises(RunNotFoundError):
        store.view(second.run_id)


def test_a_run_key_with_another_request_is_a_conflict(store: RunStore) -> None:
    store.create(new_run([0], run_key="nightly"))
    with pytest.raises(ConflictError):
        store.create(new_run([0], run_key="nightly", fingerprint="another"))


def test_higher_rank_is_claimed_first(store: RunStore) -> None:
    slot = start(store, [0, 0, 0], ranks=[1, 5, 3])
    assert [slot.claim(1) for _ in range(3)] == [[1], [2], [0]]


def test_the_hint_is_claimed_if_it_is_ready(store: RunStore) -> None:
    slot = start(store, [0, 0, 0], ranks=[9, 1, 1])
    assert slot.claim(1, hint=2) == [2]
    assert slot.claim(1, hint=2) == [0]


def test_a_slot_claims_only_from_its_queue(store: RunStore) -> None:
    run = new_run([0, 0], queues=[0, 1])
    store.create(run)
    assert Slot(store, run.run_id, "w:1").claim() == [0]
    assert Slot(store, run.run_id, "w:2", queue="gpu").claim() == [1]


def test_a_child_is_ready_when_all_its_parents_have_settled(store: RunStore) -> None:
    slot = start(store, [0, 0, 2])
    slot.claim()
    slot.advance(slot.done(0, unlocks=[2]))
    assert states(store, slot.run_id) == "SCW"
    slot.advance(slot.done(1, unlocks=[2]))
    assert states(store, slot.run_id) == "SSR"


def test_a_line_of_steps_is_claimed_as_one_batch(store: RunStore) -> None:
    slot = start(store, [0, 1, 1], lines={0: 1, 1: 2})
    assert slot.claim(8) == [0, 1, 2]
    slot.advance(slot.done(0, unlocks=[1]), slot.done(1, unlocks=[2]), slot.done(2))
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_the_rest_of_a_line_goes_back_to_waiting_when_its_head_is_retried(store: RunStore) -> None:
    slot = start(store, [0, 1], lines={0: 1})
    slot.claim()
    slot.advance(slot.to_retry(0, delay_ms=60_000), slot.unstarted(1))
    assert states(store, slot.run_id) == "DW"


def test_a_step_of_a_line_is_closed_with_the_head_that_fails(store: RunStore) -> None:
    slot = start(store, [0, 1], lines={0: 1})
    slot.claim()
    slot.advance(slot.failed(0, closes=[1]))
    assert states(store, slot.run_id) == "FU"
    assert store.view(slot.run_id).status is RunStatus.FAILED


def test_what_was_not_emitted_prunes_what_needs_it(store: RunStore) -> None:
    slot = start(store, [0, 1, 1, 0])
    slot.claim()
    slot.advance(slot.done(0, closes=[1, 2]), slot.done(3))
    assert states(store, slot.run_id) == "SKKS"
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_a_step_below_a_failure_and_a_skip_is_upstream_failed_whichever_came_first(store: RunStore) -> None:
    ends = set()
    for order in ((0, 1), (1, 0)):
        slot = start(store, [0, 0, 2])
        slot.claim()
        outcomes = {0: slot.done(0, closes=[2]), 1: slot.failed(1, closes=[2])}
        for step in order:
            slot.advance(outcomes[step])
        ends.add((states(store, slot.run_id), store.view(slot.run_id).status))
    assert ends == {("SFU", RunStatus.FAILED)}


def test_a_failure_stops_only_what_is_downstream(store: RunStore) -> None:
    slot = start(store, [0, 1, 0, 1])
    slot.claim()
    slot.advance(slot.failed(0, closes=[1]), slot.done(2, unlocks=[3]))
    assert states(store, slot.run_id) == "FUSR"
    slot.claim()
    slot.advance(slot.done(3))
    assert store.view(slot.run_id).status is RunStatus.FAILED


def test_versions_are_those_of_the_claims_that_settled(store: RunStore) -> None:
    slot = start(store, [0, 1])
    slot.claim()
    claim = slot.held[0]
    slot.advance(slot.done(0, unlocks=[1]))
    assert store.versions(slot.run_id, [0, 1]) == [claim.version, None]


def test_tokens_rise_through_a_run(store: RunStore) -> None:
    slot = start(store, [0] * 20)
    tokens = []
    while claims := slot.advance(want=1).claims:
        tokens += [claim.token for claim in claims]
    assert tokens == sorted(set(tokens))


def test_a_repeated_batch_gets_the_same_reply_and_settles_nothing_twice(store: RunStore) -> None:
    slot = start(store, [0, 1, 1])
    slot.claim(1)
    reply = slot.advance(slot.done(0, unlocks=[1, 2]), want=1)
    assert slot.again() == reply
    assert slot.again() == reply
    assert states(store, slot.run_id) in ("SCR", "SRC")
    assert store.view(slot.run_id).left == 2


def test_a_batch_out_of_order_is_told_so(store: RunStore) -> None:
    slot = start(store, [0, 0])
    slot.batch = 5
    with pytest.raises(LostPlaceError):
        slot.claim()


def test_an_outcome_with_a_foreign_nonce_is_refused(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    forged = Outcome(0, slot.held[0].nonce + 1, "S", (0,))
    reply = slot.advance(forged)
    assert (reply.accepted, reply.refused) == ([], [0])
    assert states(store, slot.run_id) == "C"


def test_claims_that_are_not_named_stay_held(store: RunStore) -> None:
    slot = start(store, [0, 0])
    slot.claim(2)
    slot.advance(slot.unstarted(1))
    assert states(store, slot.run_id) == "CR"
    assert store.holds(slot.run_id, slot.name, 0, slot.held[0].nonce)


def test_a_dead_slot_loses_its_claims_and_only_the_running_step_is_blamed(store: RunStore) -> None:
    slot = start(store, [0, 0])
    slot.claim(2)
    store.reclaim(slot.run_id, slot.name, Proof.CHILD_DIED, culprit=1)
    assert states(store, slot.run_id) == "RR"
    other = Slot(store, slot.run_id, "worker:2")
    claims = {claim.step: claim for claim in other.advance(want=2).claims}
    claims |= {claim.step: claim for claim in other.advance(want=2).claims}
    assert (claims[0].child_losses, claims[1].child_losses) == (0, 1)


def test_a_dead_worker_loses_all_its_slots(store: RunStore) -> None:
    first = start(store, [0, 0, 0])
    second = Slot(store, first.run_id, "worker:2")
    stranger = Slot(store, first.run_id, "worker2:1")
    first.claim(1), second.claim(1), stranger.claim(1)
    store.reclaim(first.run_id, "worker", Proof.WORKER_DIED)
    assert sorted(states(store, first.run_id)) == ["C", "R", "R"]
    assert store.holds(first.run_id, "worker2:1", *next((c.step, c.nonce) for c in stranger.held.values()))


def test_it_is_told_which_workers_hold_something_of_a_run(store: RunStore) -> None:
    first = start(store, [0, 0, 0])
    other = Slot(store, first.run_id, "worker2:1")
    assert store.holders(first.run_id) == set()
    first.claim(1), other.claim(1)
    assert store.holders(first.run_id) == {"worker", "worker2"}
    store.reclaim(first.run_id, "worker", Proof.WORKER_DIED)
    assert store.holders(first.run_id) == {"worker2"}
    assert store.holders("01ARZ3NDEKTSV4RRFFQ69G5FAV") == set()


def test_the_late_outcome_of_a_reclaimed_slot_finds_its_place_lost(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    store.reclaim(slot.run_id, slot.name, Proof.WORKER_DIED)
    with pytest.raises(LostPlaceError):
        slot.advance(slot.done(0))


def test_a_reclaimed_line_is_taken_apart(store: RunStore) -> None:
    slot = start(store, [0, 1], lines={0: 1})
    slot.claim()
    store.reclaim(slot.run_id, slot.name, Proof.DRAINED)
    assert states(store, slot.run_id) == "RW"


def test_a_step_with_a_history_is_claimed_alone(store: RunStore) -> None:
    slot = start(store, [0, 0, 0])
    slot.claim(1)
    slot.advance(slot.to_retry(0))
    assert wait_until(lambda: (store.tick(slot.run_id), states(store, slot.run_id)[0])[1] == "R", timeout=5)
    assert slot.claim(8, hint=0) == [0]
    assert slot.held[0].retries == 1


def test_a_delayed_step_waits_for_its_time(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    slot.advance(slot.to_retry(0, delay_ms=150))
    assert slot.claim() == []
    assert wait_until(lambda: slot.claim() == [0], timeout=5)


def test_a_run_is_not_over_while_something_is_unpublished(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    assert slot.advance(slot.done(0, publish=True)).status == "FINISHING"
    assert slot.advance(published=[0]).status == "SUCCEEDED"


def test_what_a_dead_slot_did_not_publish_is_handed_to_another(store: RunStore) -> None:
    run = new_run([0])
    slot = Slot(store, run.run_id)
    slot.claim(announcement=store.create(run).announcements[0].mark)
    claim = slot.held[0]
    slot.advance(slot.done(0, publish=True))
    assert store.reclaim(slot.run_id, slot.name, Proof.WORKER_DIED), "somebody has to be woken"
    other = Slot(store, slot.run_id, "worker:2")
    chores = other.advance(want=1).chores
    assert [(chore.output, chore.token, chore.nonce) for chore in chores] == [(0, claim.token, claim.nonce)]
    assert other.advance(published=[0]).status == "SUCCEEDED"


def test_a_cancelled_run_commits_and_claims_nothing(store: RunStore) -> None:
    slot = start(store, [0, 0, 1])
    slot.claim(1)
    held = next(iter(slot.held))
    assert store.cancel(slot.run_id)[0] is RunStatus.CANCELLING
    assert not store.holds(slot.run_id, slot.name, held, slot.held[held].nonce)
    reply = slot.advance(slot.done(held), want=4)
    assert (reply.refused, reply.claims, reply.status) == ([held], [], "CANCELLED")
    assert set(store.view(slot.run_id).states) == {S.CANCELLED}


def test_cancelling_a_run_that_nobody_works_on_ends_it_at_once(store: RunStore) -> None:
    slot = start(store, [0, 1])
    assert store.cancel(slot.run_id)[0] is RunStatus.CANCELLED
    assert store.cancel(slot.run_id)[0] is RunStatus.CANCELLED


def test_the_death_of_a_slot_completes_a_cancellation(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    store.cancel(slot.run_id)
    store.reclaim(slot.run_id, slot.name, Proof.WORKER_DIED)
    assert store.view(slot.run_id).status is RunStatus.CANCELLED


def test_a_finished_run_refuses_late_outcomes(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    outcome = slot.done(0)
    slot.advance(outcome)
    assert Slot(store, slot.run_id, "late:1").advance(outcome).refused == [0]
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_wake_ups_are_capped_and_repeated_only_when_answered(store: RunStore) -> None:
    run = new_run([0] * 100)
    sent = store.create(run).announcements
    assert 1 <= len(sent) <= 16
    assert len({mark.mark for mark in sent}) == len(sent)
    slot = Slot(store, run.run_id)
    assert store.tick(run.run_id) == []
    assert slot.advance(announcement=sent[0].mark).announcements, "an answered wake-up makes room for another"


def test_an_unanswered_wake_up_is_lost_only_where_a_slot_is_idle(store: RunStore) -> None:
    run = new_run([0])
    assert store.create(run).announcements
    assert not wait_until(lambda: bool(store.tick(run.run_id)), timeout=2.5)
    assert store.tick(run.run_id, idle=["default"])
    assert store.tick(run.run_id, idle=["default"]) == []


def test_nobody_is_woken_for_a_queue_that_no_worker_serves(redis_client: object) -> None:
    store = RedisRunStore(redis_client)  # type: ignore[arg-type]
    run = new_run([0])
    assert store.create(run).announcements == []
    assert store.tick(run.run_id, idle=["default"]) == []
    redis_client.hset("af:q", "default", 1)  # type: ignore[attr-defined]
    assert store.tick(run.run_id)


def test_facts_tell_the_story_in_order_and_from_any_point(store: RunStore) -> None:
    slot = start(store, [0, 1])
    slot.claim()
    slot.advance(slot.done(0, unlocks=[1]))
    slot.claim()
    slot.advance(slot.failed(1))
    facts = store.facts(slot.run_id)
    assert [fact.kind for fact in facts] == [
        FactKind.RUN_STARTED,
        FactKind.STEP_SUCCEEDED,
        FactKind.STEP_FAILED,
        FactKind.RUN_ENDED,
    ]
    assert store.facts(slot.run_id, after=facts[1].id) == facts[2:]
    assert facts[-1].detail == {"status": "FAILED"}
    assert store.facts(slot.run_id, after=facts[-1].id, block=0.05) == []


def test_a_fan_out_larger_than_one_call_is_finished(store: RunStore) -> None:
    children = list(range(1, 5001))
    run = new_run([0] + [1] * 5000)
    store.create(run)
    slot = Slot(store, run.run_id)
    slot.claim(1)
    reply = slot.advance(slot.done(0, unlocks=children))
    while reply.more:
        reply = slot.advance()
    assert states(store, run.run_id) == "S" + "R" * 5000


def test_a_run_with_many_steps_is_cancelled_as_a_whole(store: RunStore) -> None:
    run = new_run([0] * 12_000 + [1] * 13_000)
    store.create(run)
    slot = Slot(store, run.run_id)
    slot.claim(1)
    assert store.cancel(run.run_id)[0] is RunStatus.CANCELLING
    assert set(states(store, run.run_id)) == {"X"}
    assert slot.claim() == []
    assert store.view(run.run_id).status is RunStatus.CANCELLED


def test_many_roots_are_accepted(store: RunStore) -> None:
    run = new_run([0] * 2500)
    store.create(run)
    assert states(store, run.run_id) == "R" * 2500


def test_runs_are_listed_newest_first(store: RunStore) -> None:
    first, second = start(store, [0]), start(store, [])
    assert store.live_runs() == [first.run_id]
    assert store.recent_runs()[:2] == [second.run_id, first.run_id]


def test_an_unknown_run_is_said_to_be_unknown(store: RunStore) -> None:
    with pytest.raises(RunNotFoundError):
        store.view("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    with pytest.raises(RunNotFoundError):
        Slot(store, "01ARZ3NDEKTSV4RRFFQ69G5FAV").claim()


def test_an_ended_run_leaves_no_key_for_ever(redis_client: object) -> None:
    store = RedisRunStore(redis_client)  # type: ignore[arg-type]
    slot = start(store, [0, 1, 0], run_key="once")
    slot.claim()
    slot.advance(slot.done(0, unlocks=[1], publish=True), slot.failed(2))
    slot.claim(published=[0])
    slot.advance(slot.done(1))
    assert store.view(slot.run_id).status is RunStatus.FAILED
    assert leaked_keys(redis_client) == []  # type: ignore[arg-type]


def test_what_is_settled_may_be_told_along_with_claims(store: RunStore) -> None:
    slot = start(store, [0, 1, 0])
    slot.claim(1)
    made = slot.held[0].version
    slot.batch += 1
    request = Advance(slot.name, slot.batch, (slot.done(0, unlocks=[1]),), want=2, nonce=7, tells=True)
    for reply in (store.advance(slot.run_id, request), store.advance(slot.run_id, request)):
        assert [claim.step for claim in reply.claims]
        assert not reply.settled or version_in(reply.settled, 0) == made
        assert [version_in(reply.settled, output) for output in (1, 2, 99)] == [None] * 3
    assert store.versions(slot.run_id, [0]) == [made]
