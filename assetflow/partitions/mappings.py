"""Which windows of time, and which partitions in several dimensions, a partition needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from assetflow.errors import InvalidDefinitionError
from assetflow.partitions.mapping import (
    AllPartitionMapping,
    BuiltinMapping,
    Edge,
    IdentityPartitionMapping,
    PartitionMapping,
)
from assetflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.partitions.time_windows import TimeWindowPartitionsDefinition

_GRAINS = {
    "hour": re.compile(r"\d+ \* \* \* \*"),
    "day": re.compile(r"\d+ \d+ \* \* \*"),
    "week": re.compile(r"\d+ \d+ \* \* \d"),
    "month": re.compile(r"\d+ \d+ \d+ \* \*"),
}


class TimeWindowPartitionMapping(BuiltinMapping):
    """A window needs the windows that lie in the same stretch of time; those that do not exist are left out.

    Args:
        start_offset: how many windows of what is needed later the first of them is; usually 0 or less.
        end_offset: the same of the last. -1 and -1 is the window before; an asset may need itself that way.
    """

    __slots__ = ("end_offset", "start_offset")

    def __init__(self, start_offset: int = 0, end_offset: int = 0) -> None:
        self.start_offset = start_offset
        self.end_offset = end_offset

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:
        """The keys of these windows."""
        upstream, downstream = _windows(edge)
        assert partition_key is not None, "windows of time have keys"
        window = downstream.time_window_for_partition_key(partition_key)
        places, count = upstream.places_within(window, edge.now), upstream.get_num_partitions(edge.now)
        first, last = max(0, places.start + self.start_offset), min(count, places.stop + self.end_offset)
        return upstream.keys_at(first, max(first, last))

    def downstream_of(self, partition_keys: Sequence[str], edge: Edge) -> Sequence[str]:
        """The keys of the windows that need any of these."""
        upstream, downstream = _windows(edge)
        if len(partition_keys) * 4 > upstream.get_num_partitions(edge.now):
            return super().downstream_of(partition_keys, edge)
        found: dict[str, None] = {}
        wanted = set(partition_keys)
        keys = downstream.get_partition_keys(edge.now)
        for key in partition_keys:
            places = downstream.places_within(upstream.time_window_for_partition_key(key), edge.now)
            reach = 2 + 2 * max(abs(self.start_offset), abs(self.end_offset)) * max(1, len(places))
            for near in keys[max(0, places.start - reach) : places.stop + reach]:
                if near not in found and not wanted.isdisjoint(self.upstream_of(near, edge)):
                    found[near] = None
        order = {key: place for place, key in enumerate(keys)}
        return sorted(found, key=order.__getitem__)

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """Whether a window can never need two: they are equally long, or each lies in one that is longer."""
        upstream, downstream = _windows(edge)
        if self.start_offset != self.end_offset or upstream.timezone != downstream.timezone:
            return False
        if upstream.cron_schedule == downstream.cron_schedule:
            return True
        above, below = (_grain(found.cron_schedule) for found in (upstream, downstream))
        if below == "hour":
            return above in ("day", "week", "month") and _same(upstream, downstream, 1)
        return below == "day" and above in ("week", "month") and _same(upstream, downstream, 2)


class MultiToSingleDimensionPartitionMapping(BuiltinMapping):
    """A partition in several dimensions needs that of the same key in one of them; or the other way round.

    Args:
        partition_dimension_name: which; by default the only one with these partitions.
    """

    __slots__ = ("partition_dimension_name",)

    def __init__(self, partition_dimension_name: str | None = None) -> None:
        self.partition_dimension_name = partition_dimension_name

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:
        """All that have this key in the dimension; or the key in the dimension."""
        assert partition_key is not None
        name = dimension_between(edge, self.partition_dimension_name)
        if isinstance(edge.downstream, MultiPartitionsDefinition):
            return (edge.downstream.parsed(partition_key).keys_by_dimension[name],)
        assert isinstance(edge.upstream, MultiPartitionsDefinition)
        sides = [
            [partition_key] if own == name else found.get_partition_keys(edge.now, edge.store)
            for own, found in edge.upstream.partitions_defs
        ]
        names = edge.upstream.partition_dimension_names
        if not edge.upstream.dimension(name).has_partition_key(partition_key, edge.now, edge.store):
            return ()
        return [MultiPartitionKey(dict(zip(names, keys, strict=True))) for keys in product(*sides)]

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """Whether what is needed has one dimension."""
        return not isinstance(edge.upstream, MultiPartitionsDefinition)


def default_mapping(upstream: PartitionsDefinition | None, downstream: PartitionsDefinition | None) -> PartitionMapping:
    """Which partitions need which where nobody says so.

    Windows need the windows in the same stretch of time; what has no partitions needs all; one with several dimensions
    and one with the partitions of one of these go by that dimension; all others go by the key.
    """
    if upstream is None or downstream is None:
        return AllPartitionMapping()
    if isinstance(upstream, TimeWindowPartitionsDefinition) and isinstance(downstream, TimeWindowPartitionsDefinition):
        return TimeWindowPartitionMapping()
    several = isinstance(upstream, MultiPartitionsDefinition) + isinstance(downstream, MultiPartitionsDefinition)
    if several == 1:
        return MultiToSingleDimensionPartitionMapping()
    return IdentityPartitionMapping()


def dimension_between(edge: Edge, name: str | None) -> str:
    """The dimension by which an asset with several and one with one go together.

    Raises:
        InvalidDefinitionError: it is not said, and cannot be told.
    """
    sides = (edge.upstream, edge.downstream)
    multi = [side for side in sides if isinstance(side, MultiPartitionsDefinition)]
    single = [side for side in sides if not isinstance(side, MultiPartitionsDefinition)]
    if len(multi) != 1:
        raise InvalidDefinitionError(
            f"the partition mapping for {edge.what} is for partitions in several dimensions on one side, and in one "
            "on the other",
            fix="take another partition mapping",
        )
    names = multi[0].partition_dimension_names
    fitting = [own for own, found in multi[0].partitions_defs if found == single[0]]
    if name is None and len(fitting) == 1:
        return fitting[0]
    if name is None or name not in names:
        raise InvalidDefinitionError(
            f"it is not said by which dimension {edge.what} is needed"
            if name is None
            else f"the partition mapping for {edge.what} names the dimension {name!r}, which there is not",
            fix=f"AssetIn(partition_mapping=MultiToSingleDimensionPartitionMapping({names[0]!r})); there are "
            f"{' and '.join(names)}",
        )
    return name


def _windows(edge: Edge) -> tuple[TimeWindowPartitionsDefinition, TimeWindowPartitionsDefinition]:
    upstream, downstream = edge.upstream, edge.downstream
    if not isinstance(upstream, TimeWindowPartitionsDefinition) or not isinstance(
        downstream, TimeWindowPartitionsDefinition
    ):
        raise InvalidDefinitionError(
            f"the partition mapping for {edge.what} is for windows of time on both sides",
            fix="take another partition mapping",
        )
    return upstream, downstream


def _grain(cron: str) -> str:
    """How long the windows between the fire times are, if they are of a usual length."""
    return next((grain for grain, form in _GRAINS.items() if form.fullmatch(cron)), "")


def _same(one: TimeWindowPartitionsDefinition, other: TimeWindowPartitionsDefinition, fields: int) -> bool:
    """Whether two begin at the same minute, and the same hour if `fields` is 2."""
    return one.cron_schedule.split()[:fields] == other.cron_schedule.split()[:fields]
