"""A part of a plan is a plan: its steps are counted anew, and what others have made is read from storage."""

from __future__ import annotations

from assetflow.planning.narrowing import narrowed, with_inner_makers
from assetflow.planning.plan import Plan, Step, StepInput, StepOutput, waits_of


def plan() -> Plan:
    """a makes two outputs, b needs the first; c, inside a graph, needs b's value that has no key; d needs all."""
    return Plan(
        steps=(
            Step(index=0, key="a", outputs=(StepOutput(index=0, key=("a1",)), StepOutput(index=1, key=("a2",)))),
            Step(
                index=1, key="g.b", owner=("c",), node=("b",), line=2, outputs=(StepOutput(index=2, key=()),),
                inputs=(StepInput(name="x", key=("a1",), output=0),),
            ),
            Step(
                index=2, key="g.c", owner=("c",), node=("c",), outputs=(StepOutput(index=3, key=("c",)),),
                inputs=(StepInput(name="x", key=(), output=2),),
            ),
            Step(
                index=3, key="d", outputs=(StepOutput(index=4, key=("d",)),),
                inputs=(
                    StepInput(name="a2", key=("a2",), output=1),
                    StepInput(name="c", key=("c",), output=3),
                    StepInput(name="source", key=("source",)),
                    StepInput(name="before", key=("a1",), output=0, loads=False),
                ),
            ),
        )
    )  # fmt: skip


def test_what_others_have_made_is_read_in_the_version_they_made() -> None:
    part = narrowed(plan(), {1, 2, 3}, {0: "v0", 1: None})
    assert [(step.index, step.key) for step in part.steps] == [(0, "g.b"), (1, "g.c"), (2, "d")]
    assert [output.index for step in part.steps for output in step.outputs] == [0, 1, 2]
    assert part.steps[0].inputs == (StepInput(name="x", key=("a1",), version="v0"),)
    assert part.steps[0].line == 1
    assert part.steps[1].inputs == (StepInput(name="x", key=(), output=0),)
    assert part.steps[2].inputs == (
        StepInput(name="a2", key=("a2",)),
        StepInput(name="c", key=("c",), output=1),
        StepInput(name="source", key=("source",)),
        StepInput(name="before", key=("a1",), loads=False, version="v0"),
    )
    assert waits_of(part) == [0, 1, 1]
    assert Plan.from_json(part.to_json()) == part


def test_a_line_whose_end_is_left_out_ends_there() -> None:
    assert narrowed(plan(), {1}, {0: "v0"}).steps[0].line is None


def test_values_that_only_their_run_can_read_are_made_again() -> None:
    assert with_inner_makers(plan(), {2}) == {1, 2}
    assert with_inner_makers(plan(), {3}) == {3}
