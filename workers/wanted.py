"""How many workers of a kind are wanted, from what is ready, how long it has waited, and how long it will take."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assetflow.runs.gauges import QueueGauge
from workers.pools import WorkerKind

USUAL_SECONDS = 1.0  # that a step is taken to last before any has been recorded
_GROWTH = 0.5  # by which share there become more when steps wait for too long


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the queues of a kind have to do.

    Attributes:
        ready, running: steps.
        waited: seconds that a ready step has waited.
        step_seconds: that a step takes, by what was seen so far.
    """

    ready: int = 0
    running: int = 0
    waited: float = 0.0
    step_seconds: float = USUAL_SECONDS


def load_of(kind: WorkerKind, queues: Iterable[QueueGauge], seconds: Mapping[str, float]) -> Load:
    """The load of a kind.

    Args:
        seconds: that a step of each queue takes.
    """
    mine = [one for one in queues if one.queue in kind.queues]
    steps = sum(one.ready + one.running for one in mine)
    expected = sum((one.ready + one.running) * seconds.get(one.queue, USUAL_SECONDS) for one in mine)
    return Load(
        ready=sum(one.ready for one in mine),
        running=sum(one.running for one in mine),
        waited=max((one.waited for one in mine), default=0.0),
        step_seconds=expected / steps if steps else USUAL_SECONDS,
    )


def enough(kind: WorkerKind, load: Load, there: int) -> int:
    """How many workers are enough right now; between the kind's bounds.

    Args:
        there: how many there are.
    """
    work = load.ready * load.step_seconds
    # A slot that has only tiny steps to do takes them by the hundred; one that has a long one takes that alone.
    slots = min(load.ready, math.ceil(work / kind.clear_seconds)) if load.ready else 0
    busy = min(load.running, there * kind.concurrency)
    found = math.ceil((busy + slots) / kind.concurrency)
    if load.ready and load.waited > kind.clear_seconds:  # what was expected of them has not come true
        found = max(found, there + max(1, math.ceil(there * _GROWTH)))
    return max(kind.min, min(kind.max, found))


class Scale:
    """How many workers of a kind there should be. It grows at once, and shrinks only when all has long been calm."""

    def __init__(self, kind: WorkerKind) -> None:
        self.kind = kind
        self._seen: deque[tuple[float, int]] = deque()

    def wanted(self, load: Load, there: int, now: float) -> int:
        """How many there should be.

        Args:
            there: how many there are.
            now: seconds, on a clock that does not go back.
        """
        found = enough(self.kind, load, there)
        self._seen.append((now, found))
        while self._seen[0][0] < now - self.kind.calm_seconds:
            self._seen.popleft()
        return max(count for _, count in self._seen)


class Durations:
    """How long steps of each queue take: lately, if any were recorded lately, else since counting began."""

    def __init__(self) -> None:
        self._before: Mapping[tuple[str, ...], float] = {}
        self._known: dict[str, float] = {}

    def learn(self, counted: Mapping[tuple[str, ...], float]) -> Mapping[str, float]:
        """What is known now.

        Args:
            counted: see `Gauges.counted`.
        """
        steps: dict[str, tuple[float, float]] = {}
        for name, total in counted.items():
            if name[0] == "steps" and name[2] in ("succeeded", "failed", "retry"):
                all_of_it, lately = steps.get(name[1], (0.0, 0.0))
                steps[name[1]] = (all_of_it + total, lately + total - self._before.get(name, 0.0))
        for queue, (total, lately) in steps.items():
            busy = counted.get(("busy", queue), 0.0)
            if lately > 0:
                self._known[queue] = (busy - self._before.get(("busy", queue), 0.0)) / lately
            elif queue not in self._known and total > 0:
                self._known[queue] = busy / total
        self._before = dict(counted)
        return self._known
