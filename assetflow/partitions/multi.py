"""Partitions in several dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from assetflow.errors import CheckError, InvalidDefinitionError, InvariantViolationError, UnknownPartitionError
from assetflow.partitions.partitions_definition import (
    PARTITION_TAG,
    DynamicPartitionsStore,
    Partition,
    PartitionsDefinition,
)

_BETWEEN = "|"


class PartitionDimensionDefinition(NamedTuple):
    """One dimension.

    Attributes:
        name: of the dimension.
        partitions_def: its partitions.
    """

    name: str
    partitions_def: PartitionsDefinition


class MultiPartitionKey(str):
    """The key of a partition in several dimensions: the keys in each, in the order of the dimensions' names.

    Attributes:
        keys_by_dimension: the key in each dimension, which it is made of.

    Raises:
        CheckError: a key is no text, or has "|" in it.
    """

    __slots__ = ("keys_by_dimension",)
    keys_by_dimension: Mapping[str, str]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> MultiPartitionKey:
        """Write the keys one behind the other."""
        for name, key in keys_by_dimension.items():
            if not isinstance(key, str) or _BETWEEN in key:
                raise CheckError(f"the key of dimension {name!r} is a str without {_BETWEEN!r}, not {key!r}")
        made = super().__new__(cls, _BETWEEN.join(keys_by_dimension[name] for name in sorted(keys_by_dimension)))
        made.keys_by_dimension = dict(sorted(keys_by_dimension.items()))
        return made

    def __reduce__(self) -> Any:
        return MultiPartitionKey, (dict(self.keys_by_dimension),)

    def __repr__(self) -> str:
        return f"MultiPartitionKey({dict(self.keys_by_dimension)!r})"


class MultiPartitionsDefinition(PartitionsDefinition):
    """Partitions in two dimensions or more: one for each combination of their keys.

    Args:
        partitions_defs: the partitions of each dimension, by its name.

    Raises:
        InvariantViolationError: there are not at least two dimensions.
        InvalidDefinitionError: a dimension has several dimensions itself.
    """

    __slots__ = ("_dimensions",)

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition]) -> None:
        if not isinstance(partitions_defs, Mapping):
            raise CheckError(f"partitions_defs maps names to partitions, unlike {partitions_defs!r}")
        if len(partitions_defs) < 2:
            raise InvariantViolationError(
                f"a MultiPartitionsDefinition has at least 2 dimensions, and this one has {len(partitions_defs)}",
                fix="with one dimension, use its definition itself",
            )
        for name, found in partitions_defs.items():
            if not isinstance(name, str) or not isinstance(found, PartitionsDefinition):
                raise CheckError(f"the partitions of dimension {name!r} are a PartitionsDefinition, not {found!r:.200}")
            if isinstance(found, MultiPartitionsDefinition):
                raise InvalidDefinitionError(
                    f"dimension {name!r} has several dimensions itself", fix="name all dimensions in one definition"
                )
        self._dimensions = tuple(
            PartitionDimensionDefinition(name, partitions_defs[name]) for name in sorted(partitions_defs)
        )

    @property
    def partitions_defs(self) -> list[PartitionDimensionDefinition]:
        """The dimensions, in the order of their names."""
        return list(self._dimensions)

    @property
    def partition_dimension_names(self) -> list[str]:
        """Their names."""
        return [dimension.name for dimension in self._dimensions]

    def dimension(self, name: str) -> PartitionsDefinition:
        """The partitions of one dimension.

        Raises:
            InvariantViolationError: there is no such dimension.
        """
        for dimension in self._dimensions:
            if dimension.name == name:
                return dimension.partitions_def
        raise InvariantViolationError(
            f"there is no dimension {name!r}", where=str(self), fix=", ".join(self.partition_dimension_names)
        )

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """All combinations there are, as `MultiPartitionKey`."""
        names = self.partition_dimension_names
        sides = [
            dimension.partitions_def.get_partition_keys(current_time, dynamic_partitions_store)
            for dimension in self._dimensions
        ]
        return [MultiPartitionKey(dict(zip(names, keys, strict=True))) for keys in product(*sides)]

    def get_num_partitions(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> int:
        """How many combinations there are."""
        count = 1
        for dimension in self._dimensions:
            count *= dimension.partitions_def.get_num_partitions(current_time, dynamic_partitions_store)
        return count

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Whether each dimension has its part of the key."""
        keys = partition_key.split(_BETWEEN)
        return len(keys) == len(self._dimensions) and all(
            dimension.partitions_def.has_partition_key(key, current_time, dynamic_partitions_store)
            for dimension, key in zip(self._dimensions, keys, strict=True)
        )

    def parsed(self, partition_key: str) -> MultiPartitionKey:
        """The key with its dimensions told apart; a key that has them told apart already is taken as it is.

        Raises:
            UnknownPartitionError: it has not as many parts as there are dimensions.
        """
        if isinstance(partition_key, MultiPartitionKey):
            return partition_key
        keys = partition_key.split(_BETWEEN)
        if len(keys) != len(self._dimensions):
            raise UnknownPartitionError(
                f"Could not find a partition with key `{partition_key}`",
                where=str(self),
                fix=f"write {_BETWEEN.join(self.partition_dimension_names)}",
            )
        return MultiPartitionKey(dict(zip(self.partition_dimension_names, keys, strict=True)))

    def partition_of(self, partition_key: str) -> Partition:
        """The partition of a key; its value has those of all dimensions by name."""
        keys = self.parsed(partition_key).keys_by_dimension
        return Partition(partition_key, {name: self.dimension(name).partition_of(key) for name, key in keys.items()})

    def tags_of(self, partition_key: str) -> Mapping[str, str]:
        """The tags of a run that makes a partition: the whole key, and that in each dimension."""
        keys = self.parsed(partition_key).keys_by_dimension
        return {PARTITION_TAG: str(partition_key)} | {f"{PARTITION_TAG}/{name}": key for name, key in keys.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MultiPartitionsDefinition) and self._dimensions == other._dimensions

    def __hash__(self) -> int:
        return hash(self._dimensions)

    def __str__(self) -> str:
        return "partitions in " + ", ".join(f"{name} ({found})" for name, found in self._dimensions)

    def __repr__(self) -> str:
        return f"MultiPartitionsDefinition({dict(self._dimensions)!r})"
