"""Traces and structured logs of runs on workers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assetflow.client import submit
from assetflow.clock import wait_until
from assetflow.definitions.asset import asset
from assetflow.errors import RunFailed
from assetflow.span_ids import span_id, trace_id
from tests.support.collector import Collector, attributes, running_collector
from tests.support.fleet import Fleet, Worker, running_fleet


@dataclass
class Watched:
    fleet: Fleet
    worker: Worker
    collector: Collector


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A worker whose runs are traced, and whose log is for machines."""
    with running_collector() as collector, running_fleet(tmp_path_factory.mktemp("fleet")) as (fleet, _server):
        more = {"ASSETFLOW_OTEL_ENDPOINT": collector.url, "ASSETFLOW_LOG_FORMAT": "json"}
        yield Watched(fleet, fleet.start("-c", "1", environment=more), collector)


def traced(watched: Watched, run_id: str) -> list[object]:
    """The spans of a run, once that of the run itself is among them."""
    wanted = trace_id(run_id).to_bytes(16, "big")

    def found() -> list[object]:
        return [span for span in watched.collector.spans if span.trace_id == wanted]

    assert wait_until(lambda: any(span.name == "run" for span in found()), timeout=20)
    return found()


def test_a_run_is_a_trace_with_a_span_for_each_step_and_what_it_did(watched: Watched) -> None:
    @asset
    def slow():
        import threading

        from opentelemetry import trace

        with trace.get_tracer("mine").start_as_current_span("of the user"):
            threading.Event().wait(0.05)
        return 1

    @asset
    def after(slow):
        return slow + 1

    run = submit([slow, after])
    run.wait(timeout=30)
    spans = traced(watched, run.id)
    by_name = {span.name: span for span in spans}
    root, step = by_name["run"], by_name["slow"]
    assert root.parent_span_id == b"" and root.span_id == span_id(run.id).to_bytes(8, "big")
    assert attributes(root) == {"assetflow.run": run.id, "assetflow.status": "succeeded", "assetflow.steps": 2}
    assert step.parent_span_id == root.span_id and by_name["after"].parent_span_id == root.span_id
    told = attributes(step)
    assert told["assetflow.asset"] == "slow" and told["assetflow.outcome"] == "succeeded"
    assert told["assetflow.queue"] == "default" and told["assetflow.worker"]
    computes = [span for span in spans if span.name == "compute" and span.parent_span_id == step.span_id]
    assert len(computes) == 1
    took = (computes[0].end_time_unix_nano - computes[0].start_time_unix_nano) / 1e9
    assert 0.05 <= took <= (step.end_time_unix_nano - step.start_time_unix_nano) / 1e9
    assert root.start_time_unix_nano <= step.start_time_unix_nano
    assert wait_until(lambda: bool(watched.collector.named("of the user")), timeout=10)
    (own,) = watched.collector.named("of the user")
    assert (own.trace_id, own.parent_span_id) == (step.trace_id, step.span_id), "the user's span is below the step"


def test_tries_that_fail_are_spans_with_their_error(watched: Watched, tmp_path: Path) -> None:
    from assetflow.definitions.retry import RetryPolicy

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def hopeless():
        raise ValueError("no luck")

    run = submit([hopeless])
    with pytest.raises(RunFailed):
        run.wait(timeout=30)
    tries = [span for span in traced(watched, run.id) if span.name == "hopeless"]
    assert [attributes(span)["assetflow.outcome"] for span in tries] == ["retry", "failed"]
    assert len({span.span_id for span in tries}) == 2
    assert all("no luck" in span.status.message for span in tries)
    (root,) = [span for span in traced(watched, run.id) if span.name == "run"]
    assert root.status.message == "failed"


def test_log_lines_are_json_and_say_which_try_of_which_step_speaks(watched: Watched) -> None:
    @asset(key_prefix="deep")
    def talkative(context):
        import logging

        context.log.warning("by the context")
        logging.getLogger("some.library").warning("by a %s", "library", extra={"size": 3})
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            logging.getLogger("some.library").exception("it broke")

    run = submit([talkative])
    run.wait(timeout=30)
    assert wait_until(lambda: "it broke" in watched.worker.words, timeout=10)
    lines = [json.loads(line) for line in watched.worker.words.splitlines() if line.startswith("{")]
    spoken = {one["message"]: one for one in lines if one.get("run") == run.id}
    for message in ("by the context", "by a library", "it broke"):
        one = spoken[message]
        assert (one["step"], one["asset"], one["attempt"]) == ("deep__talkative", "deep/talkative", 0)
        assert one["time"].endswith("+00:00") and one["pid"] > 0
    assert spoken["by a library"]["size"] == 3 and spoken["by a library"]["level"] == "warning"
    assert "ZeroDivisionError" in spoken["it broke"]["error"]
    assert any("run" not in one for one in lines), "what is about no step says nothing of one"
