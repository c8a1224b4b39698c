"""A run that is created as it stood before: both stores go on from there."""

from __future__ import annotations

import msgspec

from assetflow.keys import Version
from assetflow.runs.states import RunStatus
from assetflow.runs.states import StepState as S
from assetflow.runs.store import RunStore, Standing
from tests.support.store_driver import Slot, new_run, states


def brought_back(store: RunStore, letters: str, waits: tuple[int, ...], **more: object) -> Slot:
    """A run whose steps stand as the letters say; step i has output i."""
    standing = Standing(
        states=tuple(S(letter) for letter in letters),
        waits=waits,
        retries=more.pop("retries", (0,) * len(waits)),  # type: ignore[arg-type]
        versions={index: Version(7, index + 1) for index, letter in enumerate(letters) if letter == "S"},
        unpublished=more.pop("unpublished", ()),  # type: ignore[arg-type]
        token=7,
    )
    run = new_run([1 if index else 0 for index in range(len(waits))])
    run = msgspec.structs.replace(run, standing=standing)
    store.create(run)
    return Slot(store, run.run_id)


def test_what_was_committed_is_over_and_the_rest_goes_on(store: RunStore) -> None:
    slot = brought_back(store, "SRWK", (0, 0, 1, 0), retries=(0, 2, 0, 0))
    assert states(store, slot.run_id) == "SRWK"
    view = store.view(slot.run_id)
    assert (view.status, view.left, view.retries[1]) == (RunStatus.RUNNING, 2, 2)
    assert store.versions(slot.run_id, [0, 1]) == [Version(7, 1), None]
    assert slot.claim(4) == [1]
    assert slot.held[1].token > 7
    assert slot.held[1].retries == 2
    slot.advance(slot.done(1, unlocks=[2]), want=1)
    slot.advance(slot.done(2))
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_what_people_may_not_see_yet_is_published_before_the_run_ends(store: RunStore) -> None:
    slot = brought_back(store, "SS", (0, 0), unpublished=(0, 1))
    assert store.view(slot.run_id).status is RunStatus.FINISHING
    chores = slot.advance(want=1).chores
    assert [(chore.output, chore.token, chore.nonce) for chore in chores] == [(0, 7, 1), (1, 7, 2)]
    slot.advance(published=[0])
    assert not store.view(slot.run_id).status.is_terminal
    slot.advance(published=[1])
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED


def test_what_had_failed_has_failed(store: RunStore) -> None:
    slot = brought_back(store, "FUR", (0, 0, 0))
    assert slot.claim() == [2]
    slot.advance(slot.done(2))
    assert store.view(slot.run_id).status is RunStatus.FAILED


def test_a_run_of_which_everything_was_done_is_over_at_once(store: RunStore) -> None:
    slot = brought_back(store, "SK", (0, 0))
    assert store.view(slot.run_id).status is RunStatus.SUCCEEDED
