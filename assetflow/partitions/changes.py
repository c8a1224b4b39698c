"""Partitions that are to be added or removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assetflow.errors import ParameterCheckError
from assetflow.partitions.static import check_partition_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPartitions:
    """Dynamic partitions that are to be added, or removed.

    Attributes:
        name: of their definition.
        partition_keys: which.
        removes: whether they are to go.
    """

    name: str
    partition_keys: tuple[str, ...]
    removes: bool = False

    @property
    def partitions_def_name(self) -> str:
        """The name of their definition."""
        return self.name


class AddDynamicPartitionsRequest(ChangesPartitions):
    """What a sensor returns for dynamic partitions to be added; those that are there stay where they are.

    Args:
        partitions_def_name: name of their definition.
        partition_keys: which.

    Raises:
        CheckError, InvalidDefinitionError: something cannot be a name, or a key.
    """

    __slots__ = ()

    def __init__(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        super().__init__(name=_name(partitions_def_name), partition_keys=_keys(partition_keys))


class DeleteDynamicPartitionsRequest(ChangesPartitions):
    """What a sensor returns for dynamic partitions to be removed; what was made of them stays.

    Args:
        partitions_def_name: name of their definition.
        partition_keys: which.

    Raises:
        CheckError, InvalidDefinitionError: something cannot be a name, or a key.
    """

    __slots__ = ()

    def __init__(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        super().__init__(name=_name(partitions_def_name), partition_keys=_keys(partition_keys), removes=True)


def _name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise ParameterCheckError(
            f"partitions_def_name is the name of a DynamicPartitionsDefinition, not {name!r:.200}"
        )
    return name


def _keys(keys: Sequence[str]) -> tuple[str, ...]:
    if isinstance(keys, str):
        raise ParameterCheckError(f"partition_keys is a list of keys, not a single one: {keys!r:.200}")
    return tuple(map(check_partition_key, keys))
