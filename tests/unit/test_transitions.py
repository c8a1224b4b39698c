from __future__ import annotations

import re

import pytest

from assetflow.runs.states import TERMINAL_STEPS, StepState
from assetflow.runs.transitions import TRANSITIONS, StepEvent, after, as_lua


@pytest.mark.parametrize("state", StepState)
@pytest.mark.parametrize("event", StepEvent)
def test_every_pair_is_a_move_or_a_refusal(state: StepState, event: StepEvent) -> None:
    assert after(state, event) is None or after(state, event) in StepState


def test_the_only_move_out_of_a_terminal_state_is_from_skipped_to_upstream_failed() -> None:
    moves = {(old, new) for (old, _), new in TRANSITIONS.items() if old in TERMINAL_STEPS}
    assert moves == {(StepState.SKIPPED, StepState.UPSTREAM_FAILED)}


def test_every_live_state_can_be_cancelled_and_reaches_an_end() -> None:
    for state in set(StepState) - TERMINAL_STEPS:
        assert after(state, StepEvent.CANCEL) is StepState.CANCELLED


def test_the_scripts_get_the_same_table() -> None:
    text = as_lua()
    rows = dict(re.findall(r"(\w)=\{(.*?)\}", text))
    found = {
        (StepState(state), StepEvent(event)): StepState(target)
        for state, moves in rows.items()
        for event, target in re.findall(r'\["(\w+)"\]="(\w)"', moves)
    }
    assert found == TRANSITIONS
