"""What a step can tell the history besides what it makes."""

from __future__ import annotations

from collections.abc import Iterable

from assetflow.partitions.changes import ChangesPartitions
from assetflow.partitions.static import check_partition_key


class StepInstance:
    """``context.instance``: what is told here counts when the step has succeeded, and not if it fails.

    Attributes:
        changes: of dynamic partitions, in their order.
    """

    __slots__ = ("changes",)

    def __init__(self) -> None:
        self.changes: list[ChangesPartitions] = []

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add dynamic partitions; those that are there stay where they are.

        Args:
            partitions_def_name: name of their definition.

        Raises:
            CheckError, InvalidDefinitionError: something cannot be a key.
        """
        keys = tuple(map(check_partition_key, partition_keys))
        self.changes.append(ChangesPartitions(name=partitions_def_name, partition_keys=keys))

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove a dynamic partition. What was made of it stays."""
        keys = (check_partition_key(partition_key),)
        self.changes.append(ChangesPartitions(name=partitions_def_name, partition_keys=keys, removes=True))
