"""Counting what is recorded: outcomes and durations of steps, for whoever measures.

It is done where facts are recorded, by one process for all workers: no worker has numbers of its own that would have
to be added up, or that would be gone with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assetflow.planning.plan import Plan, Step
from assetflow.runs.entries import AttemptEntry, Entries
from assetflow.runs.gauges import Gauges
from assetflow.runs.states import RunStatus

STEP_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)  # seconds
SETTLE_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)  # seconds
MOST_NAMES = 100  # of steps that are told apart; a server of metrics should not drown in them
OTHERS = "(others)"
_RAN = ("succeeded", "failed", "retry")
_ENDS = {status.value for status in RunStatus if status.is_terminal}


class Tallying:
    """Adds up entries.

    Args:
        gauges: where the sums are kept.
    """

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._names: set[str] | None = None

    def add(self, entries: Entries, plans: Mapping[str, Plan | None]) -> None:
        """Count what was just recorded.

        Args:
            plans: of the runs it is about; None for one that cannot be read here.
        """
        counts: dict[tuple[str, ...], float] = {}
        for entry in entries.attempts:
            plan = plans.get(entry.run_id)
            if plan is not None:
                self._attempt(entry, plan.steps[entry.step], counts)
        for status in entries.statuses:
            if status.status in _ENDS:
                _add(counts, ("runs", status.status.lower()))
        if counts:
            self._gauges.count(counts)

    def _attempt(self, entry: AttemptEntry, step: Step, counts: dict[tuple[str, ...], float]) -> None:
        _add(counts, ("steps", step.queue, entry.outcome))
        if entry.outcome not in _RAN:
            return
        _observe(counts, ("seconds", self._bounded(label_of(step))), entry.seconds, STEP_BUCKETS)
        _add(counts, ("busy", step.queue), entry.seconds)
        if entry.started is not None:
            # The worker's clock and the server's: what is negative is skew and says nothing.
            late = max(0.0, entry.ended - entry.started - entry.seconds)
            _observe(counts, ("settle",), late, SETTLE_BUCKETS)

    def _bounded(self, name: str) -> str:
        if self._names is None:
            self._names = {parts[1] for parts in self._gauges.counted() if parts[0] == "seconds"}
        if name in self._names:
            return name
        if len(self._names) >= MOST_NAMES:
            return OTHERS
        self._names.add(name)
        return name


def label_of(step: Step) -> str:
    """What a step is called in numbers: as its asset, whichever partition it makes."""
    keys: Iterable[tuple[str, ...]] = (output.key for output in step.outputs if output.key)
    key = next(iter(keys), ())
    return "/".join(key) if key else step.key.partition("[")[0]


def _add(counts: dict[tuple[str, ...], float], name: tuple[str, ...], amount: float = 1.0) -> None:
    counts[name] = counts.get(name, 0.0) + amount


def _observe(
    counts: dict[tuple[str, ...], float], name: tuple[str, ...], value: float, buckets: tuple[float, ...]
) -> None:
    """Into the one bucket that it falls into; whoever reads adds those below."""
    bound = next((bucket for bucket in buckets if value <= bucket), None)
    _add(counts, (*name, "inf" if bound is None else f"{bound:g}"))
    _add(counts, (*name, "sum"), value)
