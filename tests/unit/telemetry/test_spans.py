"""Spans, made of what is recorded."""

from __future__ import annotations

import msgspec

from assetflow.planning.plan import Plan, Step, StepOutput
from assetflow.run_ids import new_run_id
from assetflow.runs.entries import FactEntry
from assetflow.runs.facts import StepDetail
from assetflow.span_ids import span_id, trace_id
from assetflow.telemetry.spans import spans_of

RUN = new_run_id()
PLAN = Plan(
    steps=(
        Step(
            index=0,
            key="deep__sales",
            inputs=(),
            outputs=(StepOutput(index=0, key=("deep", "sales")),),
            queue="q",
            rank=1,
        ),
    )
)


def fact(kind: str, detail: object, at: float = 110.0, steps: str = "0") -> FactEntry:
    return FactEntry(
        RUN, 100_000, int(at * 1000), 0, at, kind, steps, 105_000_000, msgspec.json.encode(detail).decode()
    )


def test_ids_are_derived_and_differ() -> None:
    assert trace_id(RUN) != trace_id(new_run_id()) and 0 < trace_id(RUN) < 2**128
    assert trace_id("no ulid at all") > 0
    ids = {span_id(RUN), span_id(RUN, 0, 1), span_id(RUN, 0, 2), span_id(RUN, 1, 1), span_id(RUN, 0, 1, "load")}
    assert len(ids) == 5 and all(0 < one < 2**64 for one in ids)


def test_a_try_has_a_part_for_each_thing_it_did() -> None:
    detail = StepDetail(slot="w1:c", started=105.0, seconds=3.0, load=0.5, store=1.0)
    whole, *parts = spans_of(fact("step_succeeded", detail), PLAN)
    assert (whole.name, whole.began, whole.ended, whole.error) == ("deep__sales", 105.0, 108.0, None)
    assert whole.attributes["assetflow.asset"] == "deep/sales" and whole.attributes["assetflow.worker"] == "w1"
    assert [(one.name, one.began, one.ended) for one in parts] == [
        ("load", 105.0, 105.5), ("compute", 105.5, 107.0), ("store", 107.0, 108.0),
    ]  # fmt: skip
    assert {one.parent for one in parts} == {whole.id} and whole.parent == span_id(RUN)


def test_of_a_try_that_was_lost_its_claim_tells_when_it_began() -> None:
    (span,) = spans_of(fact("step_lost", {"slot": "w1:c", "proof": "child", "blamed": True}), PLAN)
    assert (span.began, span.ended, span.error) == (105.0, 110.0, "lost")


def test_a_run_begins_when_it_was_made() -> None:
    (span,) = spans_of(fact("run_ended", {"status": "FAILED"}, steps=""), PLAN)
    assert (span.began, span.ended, span.parent, span.error) == (100.0, 110.0, 0, "failed")


def test_what_took_no_time_or_cannot_be_read_has_no_span() -> None:
    assert list(spans_of(fact("step_succeeded", StepDetail(unchanged=True)), PLAN)) == []
    assert list(spans_of(fact("step_skipped", {}), PLAN)) == []
    assert list(spans_of(fact("step_succeeded", {"seconds": "later"}), PLAN)) == []
    assert list(spans_of(fact("step_succeeded", StepDetail(seconds=1.0)), None)) == []
