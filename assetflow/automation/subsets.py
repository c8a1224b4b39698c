"""Some of an asset's partitions, as keys and as ranges. An asset without partitions has one, of an empty key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

Subset = frozenset[str]
Ranges = list[tuple[str, str]]

WHOLE: Sequence[str] = ("",)
NONE: Subset = frozenset()


class Keys:
    """All partitions of an asset, in order.

    Args:
        keys: those of its definition.
    """

    __slots__ = ("_places", "all", "keys")

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys
        self.all: Subset = frozenset(keys)
        self._places: Mapping[str, int] | None = None

    @property
    def places(self) -> Mapping[str, int]:
        """The place of each."""
        if self._places is None:
            self._places = {key: place for place, key in enumerate(self.keys)}
        return self._places

    def ranges(self, subset: Collection[str]) -> Ranges:
        """First and last key of each unbroken stretch; keys that do not exist any more are left out."""
        if not subset:
            return []
        if len(subset) == len(self.keys):
            return [(str(self.keys[0]), str(self.keys[-1]))]
        places = self.places
        found: list[tuple[int, int]] = []
        for place in sorted(places[key] for key in subset if key in places):
            if found and place == found[-1][1] + 1:
                found[-1] = (found[-1][0], place)
            else:
                found.append((place, place))
        return [(str(self.keys[first]), str(self.keys[last])) for first, last in found]

    def subset(self, ranges: Iterable[tuple[str, str]]) -> Subset:
        """The keys in ranges, as far as they still exist."""
        found: set[str] = set()
        for first, last in ranges:
            if first in self.places and last in self.places:
                found.update(self.keys[self.places[first] : self.places[last] + 1])
        return frozenset(found)
