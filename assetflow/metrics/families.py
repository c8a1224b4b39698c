"""What is measured: each number with its name, its labels and what it means.

Everything is read from the store when somebody asks. No worker has to be reached for it, and none has numbers that
would be lost with it or counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetflow.engine.tallying import SETTLE_BUCKETS, STEP_BUCKETS
from assetflow.runs.gauges import Gauges
from assetflow.runs.limits import Limits
from assetflow.runs.registry import DEAD_AFTER, WorkerRegistry, WorkerView
from assetflow.runs.states import RunStatus

Labels = tuple[str, ...]
Values = Mapping[Any, float]  # by the values of the labels, a tuple of texts
Counted = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All numbers of one name.

    Attributes:
        kind: ``gauge``, ``counter`` or ``histogram``.
        name: without the ending that Prometheus wants for a counter.
        labels: names of the labels.
        values: of a gauge or counter, by the values of its labels.
        buckets: of a histogram, by the values of its labels: upper bounds with how many were not above, and the sum.
    """

    kind: str
    name: str
    help: str
    labels: Labels = ()
    values: Values = field(default_factory=dict)
    buckets: Mapping[Labels, tuple[list[tuple[str, float]], float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the numbers come from."""

    gauges: Gauges
    limits: Limits
    registry: WorkerRegistry


def measure(sources: Sources) -> list[Family]:
    """All numbers, now.

    Raises:
        ServiceUnreachableError: the server does not answer.
    """
    return [
        *_queues(sources),
        *_workers(sources.registry.workers(), sources.registry.quarantined()),
        *_limits(sources.limits),
        *_recording(sources.gauges),
        *_counted(sources.gauges.counted()),
    ]


def _gauge(name: str, text: str, labels: Labels, values: Values) -> Family:
    return Family(kind="gauge", name=f"assetflow_{name}", help=text, labels=labels, values=values)


def _counter(name: str, text: str, labels: Labels, values: Values) -> Family:
    return Family(kind="counter", name=f"assetflow_{name}", help=text, labels=labels, values=values)


def _queues(sources: Sources) -> Iterator[Family]:
    queues = {one.queue: one for one in sources.gauges.queues()}
    served = {queue for view in sources.registry.workers() for queue in view.info.queues}
    names = sorted(queues.keys() | served)

    def each(attribute: str) -> dict[Labels, float]:
        return {(name,): float(getattr(queues[name], attribute)) if name in queues else 0.0 for name in names}

    of_queue = ("queue",)
    yield _gauge("ready_steps", "Steps that could be run now.", of_queue, each("ready"))
    yield _gauge("running_steps", "Steps that slots hold.", of_queue, each("running"))
    yield _gauge("oldest_ready_step_seconds", "How long a ready step has waited, at least.", of_queue, each("waited"))
    statuses = sources.gauges.statuses()
    values = {(status.lower(),): float(count) for status, count in statuses.items()}
    yield _gauge("live_runs", "Runs that are not over, by status.", ("status",), values)


def _workers(views: Iterable[WorkerView], quarantined: Iterable[str]) -> Iterator[Family]:
    alive = [view for view in views if view.last_beat <= DEAD_AFTER]
    workers: dict[Labels, float] = {}
    slots: dict[Labels, float] = {}
    busy = 0.0
    for view in alive:
        busy += view.busy
        for queue in view.info.queues:
            workers[(queue,)] = workers.get((queue,), 0.0) + 1
            slots[(queue,)] = slots.get((queue,), 0.0) + view.info.slots
    yield _gauge("workers", "Workers that are alive and serve the queue.", ("queue",), workers)
    yield _gauge("slots", "Steps that these workers can run at once.", ("queue",), slots)
    yield _gauge("busy_slots", "Slots that work on a run.", (), {(): busy})
    last = max((view.last_beat for view in alive), default=0.0)
    yield _gauge(
        "worker_silence_seconds", "Since the worker was heard of that was not heard of longest.", (), {(): last}
    )
    hosts = {(host,): 1.0 for host in quarantined}
    yield _gauge("host_quarantined", "Hosts on which workers died again and again.", ("host",), hosts)


def _limits(limits: Limits) -> Iterator[Family]:
    uses = limits.pools()
    bounded = {(use.name,): float(use.limit) for use in uses if use.limit is not None}
    yield _gauge("pool_limit", "Steps of the pool that may run at once.", ("pool",), bounded)
    used = {(use.name,): float(len(use.holders)) for use in uses}
    yield _gauge("pool_used", "Steps that hold a token of the pool.", ("pool",), used)
    waiting = {(use.name,): float(use.waiting) for use in uses}
    yield _gauge("pool_waiting", "Steps that wait for a token of the pool.", ("pool",), waiting)


def _recording(gauges: Gauges) -> Iterator[Family]:
    runs, lag = gauges.unrecorded(time.time())
    yield _gauge("unrecorded_runs", "Runs that are not in the history to their end.", (), {(): float(runs)})
    yield _gauge("recorder_lag_seconds", "Since the oldest run ended that is not recorded to its end.", (), {(): lag})


def _counted(counted: Counted) -> Iterator[Family]:
    outcomes = {tuple(name[1:3]): value for name, value in counted.items() if name[0] == "steps" and len(name) == 3}
    yield _counter("steps", "Tries of steps, by how they ended.", ("queue", "outcome"), outcomes)
    # From 0 on: what grows from nothing to 1 has not increased for Prometheus, and nobody would be told of the first.
    lost: dict[Labels, float] = {(queue,): 0.0 for queue, _ in outcomes}
    for (queue, outcome), value in outcomes.items():
        if outcome == "lost":
            lost[(queue,)] += value
    yield _counter("reclaims", "Tries that were taken back because a process or worker died.", ("queue",), lost)
    runs: dict[Labels, float] = {(status.lower(),): 0.0 for status in RunStatus if status.is_terminal}
    runs |= {(name[1],): value for name, value in counted.items() if name[0] == "runs" and len(name) == 2}
    yield _counter("runs", "Runs that have ended, by status.", ("status",), runs)
    busy = {(name[1],): value for name, value in counted.items() if name[0] == "busy" and len(name) == 2}
    yield _counter("step_busy_seconds", "Seconds that slots have spent in steps.", ("queue",), busy)
    yield Family(
        kind="histogram",
        name="assetflow_step_duration_seconds",
        help="Loading, computing and storing of one try of one step, by asset.",
        labels=("asset",),
        buckets=_histograms(counted, "seconds", STEP_BUCKETS, 1),
    )
    yield Family(
        kind="histogram",
        name="assetflow_settle_latency_seconds",
        help="From the end of a step to its being settled.",
        buckets=_histograms(counted, "settle", SETTLE_BUCKETS, 0),
    )


def _histograms(
    counted: Counted, kind: str, bounds: tuple[float, ...], labels: int
) -> dict[Labels, tuple[list[tuple[str, float]], float]]:
    """From the counts of single buckets to those that Prometheus wants: each with all below it."""
    single: dict[Labels, dict[str, float]] = {}
    for name, value in counted.items():
        if name[0] == kind and len(name) == labels + 2:
            single.setdefault(name[1 : 1 + labels], {})[name[-1]] = value
    found = {}
    for key, counts in single.items():
        total, buckets = 0.0, []
        for bound in bounds:
            total += counts.get(f"{bound:g}", 0.0)
            buckets.append((f"{bound:g}", total))
        buckets.append(("+Inf", total + counts.get("inf", 0.0)))
        found[key] = (buckets, counts.get("sum", 0.0))
    return found
