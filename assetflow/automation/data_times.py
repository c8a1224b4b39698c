"""How old the data is that assets are made of: measured at the roots, not when the assets were made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assetflow.definitions.freshness_policy import FreshnessPolicy
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.runs.log_records import EventLogRecord, EventRecordsFilter
from assetflow.runs.story import EventType

if TYPE_CHECKING:
    from assetflow.instance import DagsterInstance

_MOST = 500  # materializations of one asset that are looked through for the one that was read


class DataTimes:
    """Answers for one moment; asks the history about each materialization once.

    Args:
        graph: who needs whom.
        instance: the history.
    """

    def __init__(self, graph: AssetGraph, instance: DagsterInstance) -> None:
        self._graph = graph
        self._instance = instance
        self._newest: dict[AssetKey, EventLogRecord | None] = {}
        self._known: dict[tuple[AssetKey, int], float | None] = {}

    def of(self, key: AssetKey) -> datetime | None:
        """The age of the oldest root data that an asset is made of; None if some of it was never made."""
        newest = self.newest(key)
        found = None if newest is None else self._of(key, newest)
        return None if found is None else datetime.fromtimestamp(found, UTC)

    def newest(self, key: AssetKey) -> EventLogRecord | None:
        """The latest materialization of an asset."""
        if key not in self._newest:
            self._newest[key] = next(iter(self._records(key, None, 1)), None)
        return self._newest[key]

    def read_by(self, record: EventLogRecord, key: AssetKey) -> EventLogRecord | None:
        """The materialization of an asset that was read for another one; None if there was none."""
        newest = self.newest(key)
        version = record.event_log_entry.inputs.get(key)
        if newest is None:
            return None
        if version is not None:
            if newest.event_log_entry.version == version:
                return newest
            for one in self._records(key, None, _MOST):
                if one.event_log_entry.version == version:
                    return one
        return newest if newest.storage_id < record.storage_id else self._before(key, record.storage_id)

    def _of(self, key: AssetKey, record: EventLogRecord) -> float | None:
        place = (key, record.storage_id)
        if place not in self._known:
            parents = [parent for parent in self._graph.upstream(key) if parent in self._graph.assets_by_key]
            times = [self._of_parent(record, parent) for parent in parents]
            oldest = [time for time in times if time is not None]
            self._known[place] = record.timestamp if not parents else min(oldest) if len(oldest) == len(times) else None
        return self._known[place]

    def _of_parent(self, record: EventLogRecord, parent: AssetKey) -> float | None:
        read = self.read_by(record, parent)
        return None if read is None else self._of(parent, read)

    def _before(self, key: AssetKey, number: int) -> EventLogRecord | None:
        return next(iter(self._records(key, number, 1)), None)

    def _records(self, key: AssetKey, before: int | None, limit: int) -> list[EventLogRecord]:
        wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=key, before_cursor=before)
        return self._instance.get_event_records(wanted, limit=limit)


def policies_of(graph: AssetGraph) -> Mapping[AssetKey, FreshnessPolicy]:
    """The assets of which it is said how fresh they are to be."""
    return {
        key: policy
        for asset in dict.fromkeys(graph.assets_by_key.values())
        for key, policy in asset.freshness_policies_by_key.items()
    }
