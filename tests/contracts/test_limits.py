"""Pools bound the steps that run at once, run limits the runs. Tokens belong to claims, never to time."""

from __future__ import annotations

from assetflow.runs.limits import Limits
from assetflow.runs.states import RunStatus
from assetflow.runs.store import Proof, RunStore
from tests.support.key_leaks import leaked_keys
from tests.support.store_driver import Slot, new_run, start, states


def test_no_more_steps_run_at_once_than_their_pool_has_tokens(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 2)
    first = start(store, [0] * 5, pools=[0] * 5)
    slots = [first, *(Slot(store, first.run_id, f"other:{number}") for number in range(3))]
    claimed = [slot.claim(1) for slot in slots]
    assert [len(found) for found in claimed] == [1, 1, 0, 0]
    assert sorted(states(store, first.run_id)) == sorted("CCPPP")
    [use] = limits.pools()
    assert (use.name, use.limit, len(use.holders), use.waiting) == ("door", 2, 2, 3)


def test_a_run_that_waits_for_nothing_but_a_pool_is_left_to_wait(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    holder, waits = start(store, [0], pools=[0]), start(store, [0], pools=[0])
    holder.claim()
    waits.claim()
    store.tick(waits.run_id, ["default"])
    assert (store.view(waits.run_id).status, states(store, waits.run_id)) == (RunStatus.RUNNING, "P")


def test_a_step_that_needs_a_token_is_claimed_alone(store: RunStore, limits: Limits) -> None:
    slot = start(store, [0] * 4, pools=[0, 0, -1, -1])
    assert slot.claim(8) == [0]


def test_who_settles_hands_the_token_to_the_next_that_waits(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    slot = start(store, [0] * 3, pools=[0] * 3)
    other = Slot(store, slot.run_id, "other:1")
    assert (slot.claim(1), other.claim(1)) == ([0], [])
    assert slot.advance(slot.done(0), want=1).claims[0].step == 1
    assert other.claim(1) == []


def test_a_token_goes_from_one_run_to_another_that_waits_and_wakes_it(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    first, second = start(store, [0], pools=[0]), start(store, [0], pools=[0])
    assert first.claim() == [0]
    assert second.claim(announcement="1") == []
    assert states(store, second.run_id) == "P"
    reply = first.advance(first.done(0))
    woken = [item for item in reply.announcements if item.run_id == second.run_id]
    assert [(item.queue, item.hint) for item in woken] == [("default", 0)]
    third = start(store, [0], pools=[0])
    assert third.claim() == [], "the token was handed on, and cannot be taken by one who comes later"
    assert second.claim(announcement=woken[0].mark) == [0]


def test_the_run_with_the_higher_priority_gets_the_token_first(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    holder, low, high = (start(store, [0], pools=[0], priority=priority) for priority in (0, -5, 5))
    assert holder.claim() == [0]
    assert (low.claim(), high.claim()) == ([], [])
    holder.advance(holder.done(0))
    assert (states(store, low.run_id), states(store, high.run_id)) == ("P", "R")


def test_a_failed_a_lost_and_a_given_back_step_free_their_token(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    slot = start(store, [0] * 3, pools=[0] * 3)
    slot.claim(1)
    slot.advance(slot.failed(0))
    assert slot.claim(1) == [1]
    slot.advance(slot.unstarted(1))
    assert slot.claim(1) == [1]
    store.reclaim(slot.run_id, slot.name, Proof.WORKER_DIED)
    other = Slot(store, slot.run_id, "other:1")
    assert other.claim(1) != []
    assert len(limits.pools()[0].holders) == 1


def test_a_retry_frees_the_token_while_it_waits(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    slot = start(store, [0, 0], pools=[0, 0])
    slot.claim(1)
    slot.advance(slot.to_retry(0, delay_ms=60_000))
    assert slot.claim(1) == [1]


def test_a_cancelled_run_keeps_a_token_only_until_its_slot_has_stopped(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    first, second = start(store, [0, 0], pools=[0, 0]), start(store, [0], pools=[0])
    first.claim(1)
    second.claim()
    store.cancel(first.run_id)
    assert states(store, second.run_id) == "P", "the cancelled step may still be at the door"
    first.advance()
    assert states(store, second.run_id) == "R"
    assert second.claim() == [0]


def test_a_run_that_ends_leaves_neither_tokens_nor_waiters(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    first, second = start(store, [0], pools=[0]), start(store, [0], pools=[0])
    first.claim()
    second.claim()
    store.cancel(second.run_id)
    first.advance(first.done(0))
    [use] = limits.pools()
    assert (use.holders, use.waiting) == ((), 0)


def test_a_paused_run_does_not_sit_on_a_token(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    holder, waits, other = (start(store, [0], pools=[0]) for _ in range(3))
    holder.claim()
    waits.claim()
    other.claim()
    holder.advance(holder.done(0))
    assert states(store, waits.run_id) == "R"
    store.pause(waits.run_id)
    assert states(store, other.run_id) == "R"
    assert other.claim() == [0]
    store.resume(waits.run_id)
    assert waits.claim() == []
    other.advance(other.done(0))
    assert waits.claim() == [0]


def test_a_raised_limit_lets_in_those_that_wait(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    slots = [start(store, [0], pools=[0]) for _ in range(4)]
    assert [slot.claim() for slot in slots] == [[0], [], [], []]
    woken = limits.set_pool_limit("door", 3)
    assert {item.run_id for item in woken} == {slots[1].run_id, slots[2].run_id}
    assert [slot.claim() for slot in slots[1:]] == [[0], [0], []]
    limits.set_pool_limit("door", None)
    assert slots[3].claim() == [0]


def test_a_full_pool_does_not_hold_up_what_needs_none(store: RunStore, limits: Limits) -> None:
    limits.set_pool_limit("door", 1)
    slot = start(store, [0] * 20, pools=[0] * 19 + [-1])
    Slot(store, slot.run_id, "other:1").claim(1)
    assert slot.claim(1) == [19]


def test_a_run_above_its_limit_waits_until_another_ends(store: RunStore, limits: Limits) -> None:
    limits.set_run_limit("team=web", 1)
    first, second = (start(store, [0], limits=("*", "team", "team=web")) for _ in range(2))
    other = start(store, [0], limits=("*", "team", "team=ml"))
    assert [store.view(slot.run_id).status for slot in (first, second, other)] == [
        RunStatus.RUNNING,
        RunStatus.QUEUED,
        RunStatus.RUNNING,
    ]
    assert second.claim() == []
    [use] = limits.run_limits()
    assert (use.holders, use.waiting) == ((first.run_id,), 1)
    first.claim()
    reply = first.advance(first.done(0))
    assert [item.run_id for item in reply.announcements] == [second.run_id]
    assert second.claim() == [0]


def test_waiting_runs_begin_by_priority_then_by_age(store: RunStore, limits: Limits) -> None:
    limits.set_run_limit("*", 1)
    holder, old, young, urgent = (start(store, [0], limits=("*",), priority=p) for p in (0, 0, 0, 9))
    order = []
    for _ in range(4):
        [at_work] = [s for s in (holder, old, young, urgent) if store.view(s.run_id).status is RunStatus.RUNNING]
        order.append(at_work)
        at_work.claim()
        at_work.advance(at_work.done(0))
    assert order == [holder, urgent, old, young]


def test_a_waiting_run_can_be_cancelled(store: RunStore, limits: Limits) -> None:
    limits.set_run_limit("*", 1)
    first, second = (start(store, [0], limits=("*",)) for _ in range(2))
    assert store.cancel(second.run_id)[0] is RunStatus.CANCELLED
    assert limits.run_limits()[0].waiting == 0
    first.claim()
    first.advance(first.done(0))
    assert store.view(second.run_id).status is RunStatus.CANCELLED


def test_a_raised_run_limit_begins_those_that_wait(store: RunStore, limits: Limits) -> None:
    limits.set_run_limit("*", 1)
    slots = [start(store, [0], limits=("*",)) for _ in range(3)]
    woken = limits.set_run_limit("*", 2)
    assert {item.run_id for item in woken} == {slots[1].run_id}
    limits.set_run_limit("*", None)
    assert store.view(slots[2].run_id).status is RunStatus.RUNNING


def test_limits_leave_no_keys_behind(redis_client: object) -> None:
    from assetflow.stores.redis.limits import RedisLimits
    from assetflow.stores.redis.run_store import RedisRunStore

    store, limits = RedisRunStore(redis_client), RedisLimits(redis_client)  # type: ignore[arg-type]
    limits.set_pool_limit("door", 1)
    limits.set_run_limit("*", 1)
    first = start(store, [0, 0], pools=[0, 0], limits=("*",))
    second = start(store, [0], pools=[0], limits=("*",))
    first.claim(1)
    first.advance(first.done(0), want=1)
    first.advance(first.done(1))
    second.claim()
    second.advance(second.done(0))
    limits.set_pool_limit("door", None)
    limits.set_run_limit("*", None)
    assert leaked_keys(redis_client) == []  # type: ignore[arg-type]


def test_creating_a_waiting_run_again_changes_nothing(store: RunStore, limits: Limits) -> None:
    limits.set_run_limit("*", 1)
    start(store, [0], limits=("*",))
    run = new_run([0], limits=("*",))
    store.create(run)
    assert store.create(run).run_id == run.run_id
    assert store.view(run.run_id).status is RunStatus.QUEUED
