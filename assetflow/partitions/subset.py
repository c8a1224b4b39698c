"""Some of the partitions of a definition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from assetflow.errors import DamagedRecordError

if TYPE_CHECKING:
    from assetflow.partitions.partitions_definition import PartitionKeyRange, PartitionsDefinition


class PartitionsSubset:
    """Some of the partitions of a definition, each once, in the order in which they were given.

    Args:
        partitions_def: whose partitions they are.
        partition_keys: their keys.
    """

    __slots__ = ("_keys", "partitions_def")

    def __init__(self, partitions_def: PartitionsDefinition, partition_keys: Iterable[str] = ()) -> None:
        self.partitions_def = partitions_def
        self._keys = dict.fromkeys(partition_keys)

    def get_partition_keys(self) -> list[str]:
        """Their keys."""
        return list(self._keys)

    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """These and others."""
        return PartitionsSubset(self.partitions_def, (*self._keys, *partition_keys))

    def get_partition_keys_not_in_subset(self, all_keys: Sequence[str] | None = None) -> list[str]:
        """The others.

        Args:
            all_keys: of which; by default of all that there are now.
        """
        keys = self.partitions_def.get_partition_keys() if all_keys is None else all_keys
        return [key for key in keys if key not in self._keys]

    def get_partition_key_ranges(self, all_keys: Sequence[str] | None = None) -> list[tuple[str, str]]:
        """First and last key of each unbroken stretch, in the order of the definition.

        Args:
            all_keys: of which; by default of all that there are now. What is not among them comes last, one by one.
        """
        keys = self.partitions_def.get_partition_keys() if all_keys is None else all_keys
        ranges: list[tuple[str, str]] = []
        seen, begun = 0, False
        for key in keys:
            if key not in self._keys:
                begun = False
                continue
            seen += 1
            first = ranges.pop()[0] if begun else key
            ranges.append((first, key))
            begun = True
        if seen < len(self._keys):
            known = set(keys)
            ranges += [(key, key) for key in self._keys if key not in known]
        return ranges

    def serialize(self) -> str:
        """The subset as text: ranges, so that a hundred thousand keys are as short as two."""
        return json.dumps({"ranges": self.get_partition_key_ranges()}, separators=(",", ":"))

    @staticmethod
    def deserialize(
        partitions_def: PartitionsDefinition, text: str, all_keys: Sequence[str] | None = None
    ) -> PartitionsSubset:
        """What `serialize` has written.

        Raises:
            DamagedRecordError: it is not that.
        """
        try:
            ranges = [(str(first), str(last)) for first, last in json.loads(text)["ranges"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedRecordError(f"these are no partitions: {text[:100]!r} ({error!r})") from None
        return PartitionsSubset(partitions_def, keys_of_ranges(partitions_def, ranges, all_keys))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, partition_key: object) -> bool:
        return partition_key in self._keys

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PartitionsSubset):
            return NotImplemented
        return self.partitions_def == other.partitions_def and self._keys.keys() == other._keys.keys()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PartitionsSubset({len(self._keys)} of {self.partitions_def})"


def keys_of_ranges(
    partitions_def: PartitionsDefinition,
    ranges: Iterable[PartitionKeyRange | tuple[str, str]],
    all_keys: Sequence[str] | None = None,
) -> list[str]:
    """The keys in ranges; of a range of one key that one, also if it does not exist any more."""
    keys = partitions_def.get_partition_keys() if all_keys is None else all_keys
    places = {key: place for place, key in enumerate(keys)}
    found: list[str] = []
    for first, last in ranges:
        if first == last:
            found.append(first)
            continue
        for key in (first, last):
            if key not in places:
                raise partitions_def.unknown(key, keys)
        found += keys[places[first] : places[last] + 1]
    return found
