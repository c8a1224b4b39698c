"""Partitions that are added while the world goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from assetflow.errors import CheckError, InvalidInvocationError
from assetflow.partitions.changes import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from assetflow.partitions.partitions_definition import DynamicPartitionsStore, PartitionsDefinition


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Partitions that are added while the world goes on, such as customers or files.

    Args:
        partition_fn: gives the keys when they are asked for; takes the current time.
        name: under which an instance keeps them. One of the two is given.

    Raises:
        CheckError: none or both are given.
    """

    __slots__ = ("name", "partition_fn")

    def __init__(self, partition_fn: Callable[[Any], Sequence[Any]] | None = None, name: str | None = None) -> None:
        if (partition_fn is None) == (name is None):
            raise CheckError("a DynamicPartitionsDefinition has either a name or a partition_fn")
        if name is not None and (not isinstance(name, str) or not name):
            raise CheckError(f"name of a DynamicPartitionsDefinition is a str, not {name!r}")
        if partition_fn is not None and not callable(partition_fn):
            raise CheckError(f"partition_fn is a function, not {partition_fn!r}")
        self.partition_fn = partition_fn
        self.name = name

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """The keys there are now.

        Raises:
            InvalidInvocationError: they are kept by an instance, and none was given.
        """
        if self.partition_fn is not None:
            return [str(getattr(key, "name", key)) for key in self.partition_fn(current_time)]
        return self._store(dynamic_partitions_store).get_dynamic_partitions(str(self.name))

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Whether there is one of this key."""
        if self.partition_fn is not None:
            return partition_key in self.get_partition_keys(current_time)
        return self._store(dynamic_partitions_store).has_dynamic_partition(str(self.name), partition_key)

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """What a sensor returns for partitions to be added."""
        return AddDynamicPartitionsRequest(self._named(), partition_keys)

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """What a sensor returns for partitions to be removed."""
        return DeleteDynamicPartitionsRequest(self._named(), partition_keys)

    def _named(self) -> str:
        if self.name is None:
            raise CheckError("partitions that a function gives are not added or removed by others")
        return self.name

    def _store(self, given: DynamicPartitionsStore | None) -> DynamicPartitionsStore:
        if given is None:
            raise InvalidInvocationError(
                f"the dynamic partitions {self.name!r} are kept by an instance, and none was given",
                fix="pass dynamic_partitions_store=instance",
            )
        return given

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DynamicPartitionsDefinition):
            return NotImplemented
        return (self.name, self.partition_fn) == (other.name, other.partition_fn)

    def __hash__(self) -> int:
        return hash((self.name, self.partition_fn))

    def __str__(self) -> str:
        return f"dynamic partitions {self.name or 'of a function'}"

    def __repr__(self) -> str:
        return f"DynamicPartitionsDefinition(name={self.name!r})"
