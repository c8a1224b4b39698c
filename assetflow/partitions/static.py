"""Partitions that are named one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.partitions.partitions_definition import DynamicPartitionsStore, PartitionsDefinition

RANGE_MARK = "..."


class StaticPartitionsDefinition(PartitionsDefinition):
    """Partitions that are named one by one, such as regions.

    Args:
        partition_keys: in their order.

    Raises:
        InvalidDefinitionError: a key is empty, or has "..." in it, which stands for a range on the command line.
        CheckError: a key is no text.
    """

    __slots__ = ("_keys", "_known")

    def __init__(self, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, str) or not isinstance(partition_keys, Sequence):
            raise CheckError(f"partition_keys is a list of str, not {partition_keys!r:.200}")
        for key in partition_keys:
            check_partition_key(key)
        self._keys = tuple(partition_keys)
        self._known = frozenset(partition_keys)

    def get_partition_keys(
        self,
        current_time: datetime | None = None,  # noqa: ARG002
        dynamic_partitions_store: DynamicPartitionsStore | None = None,  # noqa: ARG002
    ) -> Sequence[str]:
        """The keys, as they were given."""
        return self._keys

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,  # noqa: ARG002
        dynamic_partitions_store: DynamicPartitionsStore | None = None,  # noqa: ARG002
    ) -> bool:
        """Whether it is one of the keys."""
        return partition_key in self._known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StaticPartitionsDefinition) and self._keys == other._keys

    def __hash__(self) -> int:
        return hash(self._keys)

    def __str__(self) -> str:
        shown = ", ".join(self._keys[:3]) + (f", ... ({len(self._keys)})" if len(self._keys) > 3 else "")
        return f"partitions {shown}"

    def __repr__(self) -> str:
        return f"StaticPartitionsDefinition(partition_keys={list(self._keys)!r})"


def check_partition_key(key: object) -> str:
    """The key itself.

    Raises:
        CheckError: it is no text.
        InvalidDefinitionError: it cannot be a key.
    """
    if not isinstance(key, str):
        raise CheckError(f"a partition key is a str, not {type(key).__name__}: {key!r:.200}")
    if not key:
        raise InvalidDefinitionError("a partition key is empty", fix="give the partition a name")
    if RANGE_MARK in key:
        raise InvalidDefinitionError(
            f"partition key {key!r} contains {RANGE_MARK!r}, which stands for a range of partitions",
            fix="leave the three dots out",
        )
    return key
