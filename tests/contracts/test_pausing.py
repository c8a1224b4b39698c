"""Runs that are paused, resumed, or given up because nobody can open them."""

from __future__ import annotations

from assetflow.runs.facts import FactKind
from assetflow.runs.states import RunStatus
from assetflow.runs.store import Proof, RunStore
from tests.support.store_driver import Slot, start, states


def test_nothing_of_a_paused_run_is_claimed_and_what_runs_is_kept(store: RunStore) -> None:
    slot = start(store, [0, 0, 1])
    slot.claim(1)
    assert store.pause(slot.run_id)[0] is RunStatus.PAUSED
    assert slot.claim() == []
    slot.advance(slot.done(0, unlocks=[2]))
    assert states(store, slot.run_id) == "SRR"
    assert store.tick(slot.run_id, ["default"]) == []


def test_a_resumed_run_goes_on(store: RunStore) -> None:
    slot = start(store, [0])
    store.pause(slot.run_id)
    status, announcements = store.resume(slot.run_id)
    assert status is RunStatus.RUNNING
    assert [store.resume(slot.run_id)[0], store.pause(slot.run_id)[0]] == [RunStatus.RUNNING, RunStatus.PAUSED]
    store.resume(slot.run_id)
    assert slot.claim() == [0]
    assert [fact.kind for fact in store.facts(slot.run_id)][1:3] == [FactKind.RUN_PAUSED, FactKind.RUN_RESUMED]
    del announcements


def test_a_paused_run_whose_last_step_ends_is_over(store: RunStore) -> None:
    slot = start(store, [0])
    slot.claim()
    store.pause(slot.run_id)
    slot.advance(slot.done(0))
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_a_paused_run_can_be_cancelled(store: RunStore) -> None:
    slot = start(store, [0])
    store.pause(slot.run_id)
    assert store.cancel(slot.run_id)[0] is RunStatus.CANCELLED


def test_an_ended_run_is_neither_paused_nor_resumed(store: RunStore) -> None:
    slot = start(store, [])
    assert store.pause(slot.run_id)[0] is RunStatus.SUCCEEDED
    assert store.resume(slot.run_id)[0] is RunStatus.SUCCEEDED


def test_deaths_before_a_claim_are_counted(store: RunStore) -> None:
    slot = start(store, [0])
    assert [store.boot_failed(slot.run_id, "{}") for _ in range(2)] == [1, 2]
    slot.claim()
    assert store.boot_failed(slot.run_id, "{}") == 1, "somebody could open it: these deaths had another cause"


def test_an_aborted_run_has_failed_and_nothing_of_it_counts(store: RunStore) -> None:
    slot = start(store, [0, 0, 1])
    slot.claim(1)
    assert store.abort(slot.run_id, '{"slot": "w"}')[0] is RunStatus.CANCELLING
    assert slot.advance(slot.done(0, unlocks=[2])).refused == [0]
    assert store.view(slot.run_id).status is RunStatus.FAILED
    assert [fact.detail for fact in store.facts(slot.run_id) if fact.kind is FactKind.RUN_ABORTED] == [{"slot": "w"}]
    assert store.abort(slot.run_id, "{}")[0] is RunStatus.FAILED


def test_a_step_whose_process_was_killed_for_its_time_ends_as_it_is_judged(store: RunStore) -> None:
    slot = start(store, [0, 0, 1])
    slot.claim()
    store.reclaim(slot.run_id, slot.name, Proof.TIMED_OUT, culprit=0, outcome=slot.failed(0, closes=[2]))
    assert states(store, slot.run_id) == "FRU"
    again = start(store, [0])
    again.claim()
    store.reclaim(again.run_id, again.name, Proof.TIMED_OUT, culprit=0, outcome=again.to_retry(0))
    [claim] = Slot(store, again.run_id, "other:1").advance(want=1).claims
    assert (claim.retries, claim.child_losses) == (1, 0)
