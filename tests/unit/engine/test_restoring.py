"""How a run stands by what it has told."""

from __future__ import annotations

import msgspec

from assetflow.engine.restoring import standing_of
from assetflow.keys import Version
from assetflow.planning.plan import Plan, SettledOutput, Step, StepInput, StepOutput
from assetflow.runs.facts import Fact, FactKind, OutputDetail, StepDetail


def step(index: int, *needs: int) -> Step:
    """Step i makes the outputs 2i and 2i + 1; it needs outputs of others."""
    made = tuple(
        StepOutput(index=2 * index + n, key=(f"s{index}{n}",), name=f"o{n}", required=n == 0) for n in range(2)
    )
    inputs = tuple(StepInput(name=f"n{need}", key=("x",), output=need) for need in needs)
    return Step(index=index, key=f"s{index}", outputs=made, inputs=inputs)


def succeeded(index: int, *outputs: int, token: int = 5, inner: tuple[int, ...] = ()) -> Fact:
    made = [OutputDetail(output=one, key=("x",), version=Version(token, one).name) for one in outputs]
    detail = StepDetail(outputs=made, inner=[(one, None) for one in inner])
    return Fact(
        id="1", kind=FactKind.STEP_SUCCEEDED, at=1.0, steps=(index,), token=token, raw=msgspec.json.encode(detail)
    )


def told(kind: FactKind, *steps: int) -> Fact:
    return Fact(id="1", kind=kind, at=1.0, steps=steps, token=3)


PLAN = Plan(steps=(step(0), step(1, 0), step(2, 1), step(3, 2), step(4, 0, 2)))


def letters(*facts: Fact) -> str:
    return "".join(state.value for state in standing_of(PLAN, facts).states)


def test_of_a_run_that_has_told_nothing_the_roots_are_ready() -> None:
    assert letters() == "RWWWW"
    assert standing_of(PLAN, []).waits == (0, 1, 1, 1, 2)


def test_what_was_committed_is_over_with_its_version() -> None:
    found = standing_of(PLAN, [succeeded(0, 0, 1, token=9)])
    assert "".join(state.value for state in found.states) == "SRRWW"
    assert found.versions == {0: Version(9, 0), 1: Version(9, 1)}
    assert found.unpublished == (0, 1)
    assert (found.waits, found.token) == ((0, 0, 0, 1, 1), 9)


def test_what_was_claimed_or_delayed_is_ready_again_with_its_retries() -> None:
    facts = [told(FactKind.STEP_STARTED, 0), told(FactKind.STEP_LOST, 0), told(FactKind.STEP_RETRY, 0)]
    assert letters(*facts) == "RWWWW"
    assert standing_of(PLAN, facts).retries == (1, 0, 0, 0, 0)


def test_what_was_not_emitted_prunes_although_nobody_told_so() -> None:
    assert letters(succeeded(0, 0)) == "SRKWW"


def test_what_failed_dooms_although_nobody_told_so() -> None:
    assert letters(told(FactKind.STEP_FAILED, 0)) == "FUUUU"


def test_doom_goes_before_pruning() -> None:
    assert letters(succeeded(0, 0), told(FactKind.STEP_SKIPPED, 2), told(FactKind.STEP_FAILED, 1)) == "SFKUU"
    plan = Plan(steps=(step(0), step(1), step(2, 1, 2)))
    facts = [succeeded(0, 0), told(FactKind.STEP_FAILED, 1)]
    assert "".join(state.value for state in standing_of(plan, facts).states) == "SFU"


def test_a_value_that_is_no_asset_counts_as_emitted() -> None:
    found = standing_of(PLAN, [succeeded(0, inner=(0, 1))])
    assert "".join(state.value for state in found.states) == "SRRWW"
    assert found.versions == {0: Version(5, 0), 1: Version(5, 0)}
    assert found.unpublished == ()


def test_a_step_that_was_skipped_and_then_done_is_done() -> None:
    assert letters(told(FactKind.STEP_SKIPPED, 0), succeeded(0, 0, 1)) == "SRRWW"


def test_what_was_left_as_it_was_keeps_its_version_and_is_not_published_again() -> None:
    before = Version(3, 7)
    kept = [SettledOutput(0, before.name, "d"), SettledOutput(1, None, "e")]
    raw = msgspec.json.encode(StepDetail(unchanged=True, kept=kept))
    found = standing_of(PLAN, [Fact(id="1", kind=FactKind.STEP_SUCCEEDED, at=1.0, steps=(0,), token=9, raw=raw)])
    assert "".join(state.value for state in found.states) == "SRRWW"
    assert found.versions == {0: before, 1: Version(9, 0)}
    assert found.unpublished == ()
