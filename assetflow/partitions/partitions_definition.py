"""What every set of partitions has."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from assetflow.errors import CheckError, UnknownPartitionError
from assetflow.partitions.subset import PartitionsSubset

PARTITION_TAG = "assetflow/partition"
BACKFILL_TAG = "assetflow/backfill"


class DynamicPartitionsStore(Protocol):
    """Knows the partitions that are added while the world goes on."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The keys, in the order in which they were added."""

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether there is one of this key."""


class Partition(NamedTuple):
    """One partition.

    Attributes:
        name: its key.
        value: what the key stands for: the key itself, or a `TimeWindow`.
    """

    name: str
    value: Any


class PartitionKeyRange(NamedTuple):
    """Partitions from one to another, in the order of their definition.

    Attributes:
        start: key of the first.
        end: key of the last, which belongs to the range.
    """

    start: str
    end: str


class PartitionsDefinition(ABC):
    """A set of partitions, each with a key, in an order.

    Methods that list partitions take the moment for which they do; by default it is now.
    """

    __slots__ = ()

    @abstractmethod
    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """The keys of all partitions there are.

        Args:
            current_time: for which to tell; now by default.
            dynamic_partitions_store: knows those that are added as time goes by, such as an instance.
        """

    def get_partitions(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[Partition]:
        """All partitions there are."""
        return [self.partition_of(key) for key in self.get_partition_keys(current_time, dynamic_partitions_store)]

    def partition_of(self, partition_key: str) -> Partition:
        """The partition of a key."""
        return Partition(partition_key, partition_key)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Whether there is a partition of this key."""
        return partition_key in set(self.get_partition_keys(current_time, dynamic_partitions_store))

    def get_num_partitions(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> int:
        """How many partitions there are."""
        return len(self.get_partition_keys(current_time, dynamic_partitions_store))

    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """The key of the first partition; None if there is none."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[0] if keys else None

    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """The key of the last partition there is; None if there is none."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[-1] if keys else None

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
        current_time: datetime | None = None,
    ) -> Sequence[str]:
        """The keys from one to another, both included.

        Raises:
            UnknownPartitionError: one of the two is no key.
            CheckError: the first is behind the last.
        """
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        places = {key: place for place, key in enumerate(keys)}
        for key in partition_key_range:
            if key not in places:
                raise self.unknown(key, keys)
        first, last = (places[key] for key in partition_key_range)
        if first > last:
            raise CheckError(
                f"a range of partitions begins at {partition_key_range.start} and ends before it, at "
                f"{partition_key_range.end}: write {partition_key_range.end}..{partition_key_range.start}"
            )
        return keys[first : last + 1]

    def check_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str:
        """The key itself.

        Raises:
            UnknownPartitionError: there is no such partition.
        """
        if not self.has_partition_key(partition_key, current_time, dynamic_partitions_store):
            raise self.unknown(partition_key, self.get_partition_keys(current_time, dynamic_partitions_store))
        return partition_key

    def unknown(self, partition_key: str, keys: Sequence[str]) -> UnknownPartitionError:
        """The error for a key that is none."""
        near = difflib.get_close_matches(partition_key, keys[-1000:], 3, cutoff=0.7)
        there = f"{keys[0]} to {keys[-1]}" if len(keys) > 1 else "".join(keys)
        return UnknownPartitionError(
            f"Could not find a partition with key `{partition_key}`",
            where=str(self),
            fix=(f"did you mean {' or '.join(near)}? " if near else "")
            + (f"there are {len(keys)}: {there}" if keys else "there are no partitions yet"),
        )

    def empty_subset(self) -> PartitionsSubset:
        """None of the partitions."""
        return self.subset_with_partition_keys(())

    def subset_with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Some of the partitions."""
        return PartitionsSubset(self, partition_keys)

    def tags_of(self, partition_key: str) -> Mapping[str, str]:
        """The tags of a run that makes a partition."""
        return {PARTITION_TAG: partition_key}
