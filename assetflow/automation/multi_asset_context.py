"""What a sensor that looks at several assets is told, and what it notes down of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import InvalidInvocationError, ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.lineage.syntax import resolve_selection
from assetflow.partitions.mappings import default_mapping
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.runs.log_records import EventLogRecord, EventRecordsFilter
from assetflow.runs.story import EventType

if TYPE_CHECKING:
    from assetflow.definitions.bundle import Definitions
    from assetflow.instance import DagsterInstance

_MOST = 10_000  # events of one asset that are looked at in one evaluation


class AssetCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a sensor has come with one asset.

    Attributes:
        seen: number of the last event that counts as seen.
        partition: which that was of.
        left: events before it that do not, by their partitions: the latest of each.
    """

    seen: int | None = None
    partition: str | None = None
    left: dict[str, int] = {}


_cursors = msgspec.json.Decoder(dict[str, AssetCursor])


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """What the function of a `multi_asset_sensor` is told.

    Attributes:
        asset_keys: of the assets it looks at.
    """

    __slots__ = ("_before", "_now", "asset_keys")

    def __init__(
        self,
        monitored_assets: Any,
        instance: DagsterInstance | Callable[[], DagsterInstance] | None = None,
        cursor: str | None = None,
        last_run_key: str | None = None,
        last_completion_time: float | None = None,
        repository_def: Definitions | None = None,
    ) -> None:
        super().__init__(instance, cursor, last_run_key, last_completion_time, repository_def)
        self.asset_keys = monitored_keys(monitored_assets, repository_def)
        try:
            self._before = _cursors.decode(cursor) if cursor else {}
        except msgspec.DecodeError:
            self._before = {}
        self._now = dict(self._before)

    @property
    def assets_defs_by_key(self) -> dict[AssetKey, AssetsDefinition | None]:
        """The definition of each asset; None where it is made elsewhere."""
        made = {} if self.repository_def is None else self.repository_def.graph().assets_by_key
        return {key: made.get(key) for key in self.asset_keys}

    def materialization_records_for_key(
        self, asset_key: CoercibleToAssetKey, limit: int | None = None
    ) -> list[EventLogRecord]:
        """Materializations of an asset that the sensor has not seen, the earliest first.

        Args:
            limit: how many at most; None for all.
        """
        key = self._known(asset_key)
        found = [*self._left(key), *self._after(key, limit)]
        return found[:limit]

    def latest_materialization_records_by_key(
        self, asset_keys: Iterable[CoercibleToAssetKey] | None = None
    ) -> dict[AssetKey, EventLogRecord | None]:
        """The latest materialization of each asset that the sensor has not seen; None where there is none.

        Args:
            asset_keys: of some of its assets; by default of all.
        """
        keys = self.asset_keys if asset_keys is None else [self._known(key) for key in asset_keys]
        return {key: next(iter(self._after(key, 1, ascending=False)), None) for key in keys}

    def latest_materialization_records_by_partition(
        self, asset_key: CoercibleToAssetKey, after_cursor_partition: bool = False
    ) -> dict[str, EventLogRecord]:
        """The latest unseen materialization of each partition of an asset, in the order of their events.

        Args:
            after_cursor_partition: only of partitions behind the one that was seen last.
        """
        key = self._known(asset_key)
        found: dict[str, EventLogRecord] = {}
        for record in self.materialization_records_for_key(key):
            if record.partition_key is not None:
                found.pop(record.partition_key, None)
                found[record.partition_key] = record
        seen = self._cursor_of(key).partition
        if after_cursor_partition and seen is not None:
            keys = list(self._partitions_of(key).get_partition_keys(dynamic_partitions_store=self._dynamic()))
            behind = set(keys[keys.index(seen) + 1 :]) if seen in keys else set(keys)
            found = {partition: record for partition, record in found.items() if partition in behind}
        return found

    def latest_materialization_records_by_partition_and_asset(self) -> dict[str, dict[AssetKey, EventLogRecord]]:
        """The same of all assets: by partition, then by asset."""
        found: dict[str, dict[AssetKey, EventLogRecord]] = {}
        for key in self.asset_keys:
            for partition, record in self.latest_materialization_records_by_partition(key).items():
                found.setdefault(partition, {})[key] = record
        return found

    def get_cursor_partition(self, asset_key: CoercibleToAssetKey) -> str | None:
        """The partition of an asset that was seen last; None if there is none."""
        return self._cursor_of(self._known(asset_key)).partition

    def all_partitions_materialized(
        self, asset_key: CoercibleToAssetKey, partitions: Sequence[str] | None = None
    ) -> bool:
        """Whether partitions of an asset were ever materialized.

        Args:
            partitions: which; by default all there are.
        """
        key = self._known(asset_key)
        if partitions is None:
            partitions = self._partitions_of(key).get_partition_keys(dynamic_partitions_store=self._dynamic())
        made = self.instance.get_materialization_count_by_partition([key])[key]
        return all(made.get(partition) for partition in partitions)

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: CoercibleToAssetKey, to_asset_key: CoercibleToAssetKey
    ) -> list[str]:
        """The partitions of another asset that need a partition of this one.

        Raises:
            InvalidInvocationError: one of the two assets is not known, or has no partitions.
        """
        above, below = AssetKey.from_coercible(from_asset_key), AssetKey.from_coercible(to_asset_key)
        upstream, downstream = self._partitions_of(above), self._partitions_of(below)
        subset = self._mapping(above, below, upstream, downstream).get_downstream_partitions_for_partitions(
            upstream.subset_with_partition_keys([partition_key]), downstream
        )
        return list(subset.get_partition_keys())

    def advance_cursor(self, materialization_records_by_key: Mapping[AssetKey, EventLogRecord | None]) -> None:
        """Take these events for seen, and with them all before them; of an asset with partitions, those of its own.

        Events of other partitions before them are kept until one of their partition is seen.
        """
        for asset_key, record in materialization_records_by_key.items():
            if record is not None:
                key = self._known(asset_key)
                self._now[key.to_string()] = self._advanced(key, record)
        self._note()

    def advance_all_cursors(self) -> None:
        """Take everything there is by now for seen."""
        for key in self.asset_keys:
            newest = next(iter(self._after(key, 1, ascending=False)), None)
            before = self._cursor_of(key)
            seen = before.seen if newest is None else newest.storage_id
            partition = before.partition if newest is None else newest.partition_key
            self._now[key.to_string()] = AssetCursor(seen, partition)
        self._note()

    def _advanced(self, key: AssetKey, record: EventLogRecord) -> AssetCursor:
        before = self._now.get(key.to_string(), AssetCursor())
        left, number = dict(before.left), record.storage_id
        if before.seen is not None and number <= before.seen:  # one that had been left
            partition = record.partition_key or ""
            if left.get(partition) == number:
                del left[partition]
            return AssetCursor(before.seen, before.partition, left)
        for one in self._events(key, None, before.seen, number + 1):
            if one.partition_key is not None:
                left[one.partition_key] = one.storage_id
        if record.partition_key is not None:
            left.pop(record.partition_key, None)
        return AssetCursor(number, record.partition_key, left)

    def _note(self) -> None:
        self.update_cursor(msgspec.json.encode(self._now).decode())

    def _cursor_of(self, key: AssetKey) -> AssetCursor:
        return self._before.get(key.to_string(), AssetCursor())

    def _left(self, key: AssetKey) -> list[EventLogRecord]:
        numbers = sorted(self._cursor_of(key).left.values())
        return [record for number in numbers for record in self._events(key, 1, number - 1, number + 1)]

    def _after(self, key: AssetKey, limit: int | None, *, ascending: bool = True) -> list[EventLogRecord]:
        return self._events(key, limit, self._cursor_of(key).seen, None, ascending=ascending)

    def _events(
        self, key: AssetKey, limit: int | None, after: int | None, before: int | None, *, ascending: bool = True
    ) -> list[EventLogRecord]:
        wanted = EventRecordsFilter(
            EventType.ASSET_MATERIALIZATION, asset_key=key, after_cursor=after, before_cursor=before
        )
        return self.instance.get_event_records(wanted, limit=limit or _MOST, ascending=ascending)

    def _known(self, asset_key: CoercibleToAssetKey) -> AssetKey:
        key = AssetKey.from_coercible(asset_key)
        if key not in self.asset_keys:
            raise InvalidInvocationError(
                f"Asset key {key} not monitored in sensor.", fix=f"it monitors {list(self.asset_keys)}"
            )
        return key

    def _partitions_of(self, key: AssetKey) -> PartitionsDefinition:
        asset = None if self.repository_def is None else self.repository_def.graph().assets_by_key.get(key)
        if asset is None or asset.partitions_def is None:
            raise InvalidInvocationError(
                f"Asset key {key} is not partitioned, or its definition is not known here",
                fix="give the context the definitions: repository_def=defs",
            )
        return asset.partitions_def  # type: ignore[no-any-return]

    def _mapping(
        self, above: AssetKey, below: AssetKey, upstream: PartitionsDefinition, downstream: PartitionsDefinition
    ) -> Any:
        assert self.repository_def is not None, "the partitions are known of it"
        graph = self.repository_def.graph()
        asset = graph.assets_by_key[below]
        names = [name for name in asset.keys_by_input_name if graph.resolved_input(asset, name) == above]
        given = next((asset.partitioning.mappings[one] for one in names if one in asset.partitioning.mappings), None)
        return given or default_mapping(upstream, downstream)

    def _dynamic(self) -> Any:
        return self.instance if hasattr(self.instance, "get_dynamic_partitions") else None


def monitored_keys(monitored: Any, definitions: Definitions | None) -> tuple[AssetKey, ...]:
    """The assets that are meant: a list of keys, or a selection that is looked up in definitions.

    Raises:
        InvalidInvocationError: it is a selection, and there are no definitions.
    """
    if isinstance(monitored, list | tuple) and all(isinstance(one, AssetKey) for one in monitored):
        return tuple(dict.fromkeys(monitored))
    if definitions is None:
        raise InvalidInvocationError(
            "a sensor that monitors a selection of assets has to know the definitions",
            fix="give the context the definitions: repository_def=defs",
        )
    return tuple(resolve_selection(definitions.graph(), monitored))


def check_monitored(monitored: Any) -> None:
    """Check that something are keys, or a selection; ParameterCheckError if not."""
    if isinstance(monitored, list | tuple) and not all(isinstance(one, AssetKey) for one in monitored):
        raise ParameterCheckError(f"monitored_assets are keys, or an AssetSelection, not {monitored!r:.200}")
