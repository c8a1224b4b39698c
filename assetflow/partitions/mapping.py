"""Which partitions of an upstream asset a partition needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from assetflow.errors import InvalidDefinitionError, InvariantViolationError
from assetflow.partitions.partitions_definition import DynamicPartitionsStore, PartitionsDefinition
from assetflow.partitions.subset import PartitionsSubset


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An asset that needs another one, and the moment at which it is asked which partitions do.

    Attributes:
        upstream: partitions of what is needed; None if it has none.
        downstream: partitions of what needs it; None if it has none.
        store: knows dynamic partitions.
        what: names the two in errors.
    """

    upstream: PartitionsDefinition | None
    downstream: PartitionsDefinition | None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    store: DynamicPartitionsStore | None = None
    what: str = "an upstream asset"

    def upstream_keys(self) -> Sequence[str]:
        """All partitions of what is needed."""
        return () if self.upstream is None else self.upstream.get_partition_keys(self.now, self.store)

    def downstream_keys(self) -> Sequence[str]:
        """All partitions of what needs it."""
        return () if self.downstream is None else self.downstream.get_partition_keys(self.now, self.store)


class PartitionMapping:
    """Which partitions of an upstream asset a partition needs; subclass it for your own.

    Your own overrides `get_upstream_partitions_for_partitions`; and `get_downstream_partitions_for_partitions`, if
    asking each partition what it needs takes too long.
    """

    __slots__ = ()

    def get_upstream_partitions_for_partitions(
        self, downstream_partitions_subset: PartitionsSubset | None, upstream_partitions_def: PartitionsDefinition
    ) -> PartitionsSubset:
        """The partitions that some partitions need.

        Args:
            downstream_partitions_subset: those that need them; None if what needs them has no partitions.
            upstream_partitions_def: of what is needed.
        """
        raise NotImplementedError(f"{type(self).__name__} has no get_upstream_partitions_for_partitions")

    def get_downstream_partitions_for_partitions(
        self, upstream_partitions_subset: PartitionsSubset, downstream_partitions_def: PartitionsDefinition | None
    ) -> PartitionsSubset:
        """The partitions that need any of some partitions. By default each is asked what it needs.

        Args:
            upstream_partitions_subset: those that are needed.
            downstream_partitions_def: of what needs them; None if it has no partitions.
        """
        wanted = upstream_partitions_subset
        if downstream_partitions_def is None:
            return wanted
        edge = Edge(upstream=wanted.partitions_def, downstream=downstream_partitions_def)
        keys = (key for key in edge.downstream_keys() if any(need in wanted for need in self.upstream_of(key, edge)))
        return downstream_partitions_def.subset_with_partition_keys(keys)

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:
        """The keys that one partition needs.

        Args:
            partition_key: None if what needs them has no partitions.
        """
        assert edge.upstream is not None, "what has no partitions is needed as a whole"
        needing = None
        if partition_key is not None and edge.downstream is not None:
            needing = PartitionsSubset(edge.downstream, (partition_key,))
        return self.get_upstream_partitions_for_partitions(needing, edge.upstream).get_partition_keys()

    def downstream_of(self, partition_keys: Sequence[str], edge: Edge) -> Sequence[str]:
        """The keys that need any of some partitions."""
        assert edge.upstream is not None and edge.downstream is not None
        needed = PartitionsSubset(edge.upstream, partition_keys)
        return self.get_downstream_partitions_for_partitions(needed, edge.downstream).get_partition_keys()

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """Whether what is read is the value of one partition, or a dict with that of each by its key.

        Args:
            count: how many are read.
        """
        return count == 1


class BuiltinMapping(PartitionMapping):
    """What those below have in common: they say which keys an edge needs, one key at a time."""

    __slots__ = ()

    def get_upstream_partitions_for_partitions(
        self, downstream_partitions_subset: PartitionsSubset | None, upstream_partitions_def: PartitionsDefinition
    ) -> PartitionsSubset:
        """The partitions that some partitions need."""
        needing = downstream_partitions_subset
        edge = Edge(upstream=upstream_partitions_def, downstream=None if needing is None else needing.partitions_def)
        keys: Sequence[str | None] = [None] if needing is None else needing.get_partition_keys()
        found = (need for key in keys for need in self.upstream_of(key, edge))
        return upstream_partitions_def.subset_with_partition_keys(found)

    def downstream_of(self, partition_keys: Sequence[str], edge: Edge) -> Sequence[str]:
        """The keys that need any of some partitions."""
        wanted = set(partition_keys)
        return [key for key in edge.downstream_keys() if not wanted.isdisjoint(self.upstream_of(key, edge))]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash((type(self), repr(_values(self))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, _values(self)))})"


class IdentityPartitionMapping(BuiltinMapping):
    """A partition needs that of the same key."""

    __slots__ = ()

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:
        """The same key.

        Raises:
            InvariantViolationError: there is no such partition upstream.
        """
        assert edge.upstream is not None
        if partition_key is None or not edge.upstream.has_partition_key(partition_key, edge.now, edge.store):
            raise InvariantViolationError(
                f"partition {partition_key} needs the partition of the same key of {edge.what}, and there is none",
                where=str(edge.upstream),
                fix="say which it needs: AssetIn(partition_mapping=...)",
            )
        return (partition_key,)

    def downstream_of(self, partition_keys: Sequence[str], edge: Edge) -> Sequence[str]:
        """The same keys, as far as there are such."""
        there = set(edge.downstream_keys())
        return [key for key in partition_keys if key in there]

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """It is one value."""
        return True


class AllPartitionMapping(BuiltinMapping):
    """Every partition needs all that there are."""

    __slots__ = ()

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:  # noqa: ARG002
        """All keys."""
        return edge.upstream_keys()

    def downstream_of(self, partition_keys: Sequence[str], edge: Edge) -> Sequence[str]:
        """All keys."""
        return edge.downstream_keys() if partition_keys else ()

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """It is a dict, also with one key."""
        return False


class LastPartitionMapping(BuiltinMapping):
    """Every partition needs the last one that there is."""

    __slots__ = ()

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:  # noqa: ARG002
        """The last key."""
        return edge.upstream_keys()[-1:]

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """It is one value."""
        return True


class SpecificPartitionsPartitionMapping(BuiltinMapping):
    """Every partition needs the same ones.

    Args:
        partition_keys: which.
    """

    __slots__ = ("partition_keys",)

    def __init__(self, partition_keys: Iterable[str]) -> None:
        self.partition_keys = tuple(partition_keys)

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:  # noqa: ARG002
        """These keys.

        Raises:
            InvalidDefinitionError: one of them does not exist.
        """
        assert edge.upstream is not None
        for key in self.partition_keys:
            if not edge.upstream.has_partition_key(key, edge.now, edge.store):
                raise InvalidDefinitionError(
                    f"the partition mapping for {edge.what} names the partition {key!r}, which there is not",
                    where=str(edge.upstream),
                    fix="name others",
                )
        return self.partition_keys

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """Whether it is one."""
        return len(self.partition_keys) == 1


class StaticPartitionMapping(BuiltinMapping):
    """Which partitions need which is said key by key.

    Args:
        downstream_partition_keys_by_upstream_partition_key: for each key upstream the key that needs it,
            or those that do.
    """

    __slots__ = ("_downstream", "_upstream")

    def __init__(self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Sequence[str]]) -> None:
        self._downstream: dict[str, list[str]] = {}
        self._upstream: dict[str, list[str]] = {}
        for upstream, found in downstream_partition_keys_by_upstream_partition_key.items():
            keys = [found] if isinstance(found, str) else list(found)
            self._downstream[upstream] = keys
            for key in keys:
                self._upstream.setdefault(key, []).append(upstream)

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:
        """The keys that were said."""
        for given, known in ((self._downstream, edge.upstream_keys()), (self._upstream, edge.downstream_keys())):
            unknown = sorted(given.keys() - set(known))
            if unknown:
                raise InvalidDefinitionError(
                    f"the partition mapping for {edge.what} names partitions that do not exist: {', '.join(unknown)}",
                    fix=f"there are {', '.join(list(known)[:5])}{', ...' if len(known) > 5 else ''}",
                )
        return self._upstream.get(partition_key or "", ())

    def downstream_of(self, partition_keys: Sequence[str], edge: Edge) -> Sequence[str]:  # noqa: ARG002
        """The keys that were said."""
        return list(dict.fromkeys(key for needed in partition_keys for key in self._downstream.get(needed, ())))

    def gives_one(self, edge: Edge, count: int) -> bool:  # noqa: ARG002
        """Whether no partition needs several."""
        return all(len(keys) == 1 for keys in self._upstream.values())


def _values(mapping: PartitionMapping) -> tuple[object, ...]:
    names = [name for kind in type(mapping).__mro__ for name in getattr(kind, "__slots__", ())]
    return tuple(getattr(mapping, name) for name in names)
