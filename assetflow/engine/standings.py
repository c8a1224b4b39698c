"""How assets and their partitions stand: made, failed, skipped, being made, or missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import repeat
from typing import NamedTuple

from assetflow.engine.request import RunRequest
from assetflow.errors import AssetflowError
from assetflow.keys import AssetKey
from assetflow.log import logger
from assetflow.partitions.partitions_definition import BACKFILL_TAG
from assetflow.runs.event_log import Catalog, EventLog
from assetflow.runs.states import RunStatus

_NOT_OVER = tuple(status.value for status in RunStatus if not status.is_terminal)
_MOST_RUNS = 1000

OpenRequest = Callable[[bytes, str], RunRequest]


class PartitionState(StrEnum):
    """How a partition stands."""

    MATERIALIZED = "materialized"
    FAILED = "failed"
    SKIPPED = "skipped"
    RUNNING = "running"
    MISSING = "missing"


OUTCOMES = {
    "failed": PartitionState.FAILED,
    "upstream failed": PartitionState.FAILED,
    "skipped": PartitionState.SKIPPED,
}
_STATES = (
    PartitionState.MISSING,
    PartitionState.MATERIALIZED,
    PartitionState.FAILED,
    PartitionState.SKIPPED,
    PartitionState.RUNNING,
)
_MARKS = {state: mark for mark, state in enumerate(_STATES)}
_ALIKE = re.compile(rb"(.)\1*", re.DOTALL)


class UnderWay(NamedTuple):
    """The run that is to make something, and has not done so yet."""

    run_id: str
    is_backfill: bool


class Stretch(NamedTuple):
    """Partitions that follow each other and stand alike.

    Attributes:
        first, last: their keys; both belong to it.
        size: how many they are.
    """

    first: str
    last: str
    size: int
    state: PartitionState


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionStandings:
    """How the partitions of an asset stand, in the order of their definition.

    Attributes:
        stretches: all of them, so that a hundred thousand that stand alike are as short as one.
        partitions: how many there are.
    """

    stretches: tuple[Stretch, ...]
    partitions: int

    @property
    def counts(self) -> dict[PartitionState, int]:
        """How many stand in each way; all ways are in it."""
        found = dict.fromkeys(PartitionState, 0)
        for one in self.stretches:
            found[one.state] += one.size
        return found

    def ranges(self, *states: PartitionState) -> list[tuple[str, str]]:
        """First and last key of each stretch that stands in one of these ways."""
        return [(one.first, one.last) for one in self.stretches if one.state in states]


class Standings:
    """Looks up how assets stand. Plans of runs that are not over are read once.

    Args:
        log, catalog: of the history.
        open_request: reads a run's sealed request.
        environment: that is meant.
    """

    def __init__(self, log: EventLog, catalog: Catalog, open_request: OpenRequest, environment: str) -> None:
        self._log = log
        self.catalog = catalog
        self._open_request = open_request
        self._environment = environment
        self._requests: dict[str, RunRequest | None] = {}

    def under_way(self, keys: Collection[AssetKey]) -> dict[AssetKey, dict[str, UnderWay]]:
        """What runs that are not over are to make of some assets, by partition; an empty one for a whole asset."""
        wanted = set(keys)
        found: dict[AssetKey, dict[str, UnderWay]] = {key: {} for key in wanted}
        live = {entry.run_id: entry for entry in self._log.runs(_MOST_RUNS, statuses=_NOT_OVER)}
        for run_id in self._requests.keys() - live.keys():
            del self._requests[run_id]
        for run_id, entry in live.items():
            request = self.request(run_id) if entry.environment == self._environment else None
            if request is None:
                continue
            over = self._log.over(run_id)
            about = UnderWay(run_id, BACKFILL_TAG in request.tags)
            for step in request.plan.steps:
                if step.index not in over:
                    for key in wanted.intersection(step.asset_keys):
                        found[key].update(dict.fromkeys(step.partitions or ("",), about))
        return found

    def request(self, run_id: str) -> RunRequest | None:
        """What a run was asked for; None if that is not known, or cannot be read here."""
        if run_id not in self._requests:
            entry = self._log.run(run_id)
            try:
                self._requests[run_id] = None if entry is None else self._open_request(entry.envelope, run_id)
            except AssetflowError as error:
                logger.warning("what run %s is to make cannot be told: %s", run_id, error.message)
                self._requests[run_id] = None
        return self._requests[run_id]

    def of(self, key: AssetKey, partition_keys: Sequence[str]) -> PartitionStandings:
        """How the partitions of an asset stand.

        Args:
            partition_keys: all of them, in order.
        """
        special: dict[str, PartitionState] = {
            one.partition: OUTCOMES[one.outcome] for one in self.catalog.unmade([key]) if one.outcome in OUTCOMES
        }
        special.update(dict.fromkeys(self.under_way([key])[key], PartitionState.RUNNING))
        return standings(partition_keys, self.catalog.partitions(key), special)


def standings(
    partition_keys: Sequence[str], made: Collection[str], special: Mapping[str, PartitionState]
) -> PartitionStandings:
    """How partitions stand, joined to stretches.

    Args:
        partition_keys: all of them, in order.
        made: those that are materialized.
        special: those that stand otherwise, whether or not they are materialized.
    """
    # As bytes, one for each partition, so that joining a hundred thousand of them takes no loop.
    known = dict.fromkeys(made, _MARKS[PartitionState.MATERIALIZED])
    known.update((key, _MARKS[state]) for key, state in special.items())
    marks = bytes(map(known.get, partition_keys, repeat(_MARKS[PartitionState.MISSING])))
    stretches = []
    for found in _ALIKE.finditer(marks):
        first, end = found.span()
        state = _STATES[marks[first]]
        stretches.append(Stretch(str(partition_keys[first]), str(partition_keys[end - 1]), end - first, state))
    return PartitionStandings(stretches=tuple(stretches), partitions=len(partition_keys))
