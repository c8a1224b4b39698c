"""Which partitions in several dimensions a partition in several dimensions needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from assetflow.errors import InvalidDefinitionError
from assetflow.partitions.mapping import BuiltinMapping, Edge, IdentityPartitionMapping, PartitionMapping
from assetflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition


@dataclass(frozen=True, slots=True)
class DimensionPartitionMapping:
    """By which dimension of what needs it a dimension goes, and how.

    Attributes:
        dimension_name: of what needs it.
        partition_mapping: which keys of the one dimension a key of the other needs; by default the same.
    """

    dimension_name: str
    partition_mapping: PartitionMapping = field(default_factory=IdentityPartitionMapping)


class MultiPartitionMapping(BuiltinMapping):
    """A partition in several dimensions needs one in several dimensions, which go by each other one by one.

    Args:
        downstream_mappings_by_upstream_dimension: for each dimension of what is needed the one it goes by; of one
            that is not named, all keys are needed.
    """

    __slots__ = ("downstream_mappings_by_upstream_dimension",)

    def __init__(self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]) -> None:
        self.downstream_mappings_by_upstream_dimension = dict(downstream_mappings_by_upstream_dimension)

    def upstream_of(self, partition_key: str | None, edge: Edge) -> Sequence[str]:
        """All keys that agree with it in every dimension that is named.

        Raises:
            InvalidDefinitionError: one of the two has one dimension only, or a dimension is named that there is not.
        """
        assert partition_key is not None
        upstream, downstream = _both(edge)
        own = downstream.parsed(partition_key).keys_by_dimension
        sides = []
        for name, keys_def in upstream.partitions_defs:
            mapping = self.downstream_mappings_by_upstream_dimension.get(name)
            if mapping is None:
                sides.append(keys_def.get_partition_keys(edge.now, edge.store))
            else:
                between = self._between(name, mapping, edge)
                sides.append(mapping.partition_mapping.upstream_of(own[mapping.dimension_name], between))
        names = upstream.partition_dimension_names
        self._check(names, downstream.partition_dimension_names, edge)
        return [MultiPartitionKey(dict(zip(names, keys, strict=True))) for keys in product(*sides)]

    def gives_one(self, edge: Edge, count: int) -> bool:
        """Whether that is so in every dimension."""
        upstream, _ = _both(edge)
        named = self.downstream_mappings_by_upstream_dimension
        return all(
            name in named and named[name].partition_mapping.gives_one(self._between(name, named[name], edge), count)
            for name in upstream.partition_dimension_names
        )

    def _between(self, name: str, mapping: DimensionPartitionMapping, edge: Edge) -> Edge:
        """The two dimensions that go by each other."""
        upstream, downstream = _both(edge)
        self._check(upstream.partition_dimension_names, downstream.partition_dimension_names, edge)
        return Edge(
            upstream=upstream.dimension(name),
            downstream=downstream.dimension(mapping.dimension_name),
            now=edge.now,
            store=edge.store,
            what=f"dimension {name!r} of {edge.what}",
        )

    def _check(self, above: Sequence[str], below: Sequence[str], edge: Edge) -> None:
        named = self.downstream_mappings_by_upstream_dimension
        for unknown, known in (
            (sorted(named.keys() - set(above)), above),
            (sorted({one.dimension_name for one in named.values()} - set(below)), below),
        ):
            if unknown:
                raise InvalidDefinitionError(
                    f"the partition mapping for {edge.what} names the dimension {unknown[0]!r}, which there is not",
                    fix=f"there are {' and '.join(known)}",
                )


def _both(edge: Edge) -> tuple[MultiPartitionsDefinition, MultiPartitionsDefinition]:
    upstream, downstream = edge.upstream, edge.downstream
    if not (isinstance(upstream, MultiPartitionsDefinition) and isinstance(downstream, MultiPartitionsDefinition)):
        raise InvalidDefinitionError(
            f"the partition mapping for {edge.what} is for partitions in several dimensions on both sides",
            fix="take another mapping, or MultiToSingleDimensionPartitionMapping if one side has one dimension",
        )
    return upstream, downstream
