"""The partitions that a value is made or read for."""

from __future__ import annotations

from dataclasses import dataclass

from assetflow.errors import InvariantViolationError
from assetflow.partitions.multi import MultiPartitionsDefinition
from assetflow.partitions.names import partition_segment
from assetflow.partitions.partitions_definition import PartitionKeyRange, PartitionsDefinition
from assetflow.partitions.time_window import TimeWindow
from assetflow.partitions.time_windows import TimeWindowPartitionsDefinition


@dataclass(frozen=True, slots=True)
class ValuePartitions:
    """Some partitions of an asset.

    Attributes:
        definition: all partitions of the asset.
        keys: those that are made or read, in the order of the definition.
        keyed: whether their values are a dict by key, as opposed to the value of one.
    """

    definition: PartitionsDefinition
    keys: tuple[str, ...]
    keyed: bool = False

    @property
    def key(self) -> str:
        """The one key; one in several dimensions has them by name.

        Raises:
            InvariantViolationError: there are several, or none.
        """
        if len(self.keys) != 1:
            raise InvariantViolationError(
                f"there are {len(self.keys)} partitions, so there is no one partition key",
                fix="ask for the partition keys, or for the range of keys",
            )
        return self.told_apart(self.keys[0])

    @property
    def all_keys(self) -> list[str]:
        """The keys; those in several dimensions have them by name."""
        return [self.told_apart(key) for key in self.keys]

    @property
    def key_range(self) -> PartitionKeyRange:
        """First and last key; InvariantViolationError if there is none."""
        return PartitionKeyRange(self._end(0), self._end(-1))

    @property
    def time_window(self) -> TimeWindow:
        """From the beginning of the first window to the end of the last.

        Raises:
            InvariantViolationError: they are no windows of time, or there are none.
        """
        if isinstance(self.definition, MultiPartitionsDefinition):
            return self._window_of_dimension(self.definition)
        if not isinstance(self.definition, TimeWindowPartitionsDefinition):
            raise InvariantViolationError(f"these partitions are no windows of time: {self.definition}")
        first, last = (self.definition.time_window_for_partition_key(key) for key in self.key_range)
        return TimeWindow(first.start, last.end)

    def only(self, key: str) -> ValuePartitions:
        """One of them alone."""
        return ValuePartitions(self.definition, (key,))

    def segments(self, key: str) -> tuple[str, ...]:
        """Where the value of a partition is kept below that of its asset; dimensions are folders in each other."""
        found = self.told_apart(key)
        keys = getattr(found, "keys_by_dimension", None)
        return tuple(map(partition_segment, keys.values() if keys else (found,)))

    def told_apart(self, key: str) -> str:
        """A key with its dimensions, if it has several."""
        return self.definition.parsed(key) if isinstance(self.definition, MultiPartitionsDefinition) else key

    def _window_of_dimension(self, definition: MultiPartitionsDefinition) -> TimeWindow:
        times = {
            name: found
            for name, found in definition.partitions_defs
            if isinstance(found, TimeWindowPartitionsDefinition)
        }
        if len(times) != 1:
            raise InvariantViolationError(
                f"{len(times)} of the dimensions are windows of time, so there is no one window: {definition}"
            )
        ((name, windows),) = times.items()
        first, last = (definition.parsed(key).keys_by_dimension[name] for key in self.key_range)
        return TimeWindow(
            windows.time_window_for_partition_key(first).start, windows.time_window_for_partition_key(last).end
        )

    def _end(self, place: int) -> str:
        if not self.keys:
            raise InvariantViolationError("no partition is needed, so there is neither a range nor a window of them")
        return self.told_apart(self.keys[place])
