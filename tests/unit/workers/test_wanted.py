"""How many workers are wanted."""

from __future__ import annotations

from assetflow.runs.gauges import QueueGauge
from workers.pools import WorkerKind
from workers.wanted import Durations, Load, Scale, enough, load_of

KIND = WorkerKind(name="k", queues=("a", "b"), concurrency=2, min=1, max=8, clear_seconds=10, calm_seconds=60)


def test_nothing_to_do_wants_the_fewest() -> None:
    assert enough(KIND, Load(), 5) == 1


def test_as_many_as_clear_what_is_ready_in_time() -> None:
    assert enough(KIND, Load(ready=100, step_seconds=1.0), 1) == 5  # 100 s of work, in 10 s, two at once
    assert enough(KIND, Load(ready=1000, step_seconds=1.0), 1) == 8
    assert enough(KIND, Load(ready=1000, step_seconds=0.001), 1) == 1, "tiny steps are done by one in no time"
    assert enough(KIND, Load(ready=3, step_seconds=3600), 1) == 2, "no more slots than steps"


def test_what_runs_keeps_its_slots() -> None:
    assert enough(KIND, Load(running=6), 4) == 3
    assert enough(KIND, Load(running=6, ready=2, step_seconds=100), 4) == 4


def test_more_are_wanted_when_steps_wait_longer_than_they_should() -> None:
    slow = Load(ready=50, step_seconds=0.01, waited=11.0)
    assert enough(KIND, slow, 1) == 2 and enough(KIND, slow, 4) == 6 and enough(KIND, slow, 8) == 8


def test_none_can_be_the_fewest_and_one_ready_step_wants_one() -> None:
    kind = WorkerKind(name="k", min=0, max=3)
    assert enough(kind, Load(), 0) == 0
    assert enough(kind, Load(ready=1), 0) == 1
    assert enough(kind, Load(running=1), 1) == 1


def test_it_grows_at_once_and_shrinks_when_all_was_calm_for_long() -> None:
    scale = Scale(KIND)
    assert scale.wanted(Load(), 1, 0.0) == 1
    assert scale.wanted(Load(ready=100), 1, 1.0) == 5
    assert scale.wanted(Load(), 5, 2.0) == 5, "a moment without work says nothing"
    assert scale.wanted(Load(ready=60), 5, 30.0) == 5
    assert scale.wanted(Load(), 5, 62.0) == 3, "less was enough for a minute, but not nothing"
    assert scale.wanted(Load(), 3, 91.0) == 1


def test_the_load_of_a_kind_is_that_of_its_queues() -> None:
    queues = [
        QueueGauge(queue="a", ready=3, running=1, waited=2.0),
        QueueGauge(queue="b", ready=1, waited=5.0),
        QueueGauge(queue="other", ready=99, waited=99.0),
    ]
    load = load_of(KIND, queues, {"a": 4.0, "b": 14.0})
    assert (load.ready, load.running, load.waited) == (4, 1, 5.0)
    assert load.step_seconds == (4 * 4.0 + 14.0) / 5


def test_durations_are_those_of_lately() -> None:
    durations = Durations()
    first = {("steps", "a", "succeeded"): 10.0, ("busy", "a"): 10.0, ("steps", "a", "skipped"): 50.0}
    assert durations.learn(first)["a"] == 1.0
    later = {("steps", "a", "succeeded"): 12.0, ("busy", "a"): 30.0, ("steps", "a", "skipped"): 50.0}
    assert durations.learn(later)["a"] == 10.0, "two steps in twenty seconds"
    assert durations.learn(later)["a"] == 10.0, "what is known stays known"
