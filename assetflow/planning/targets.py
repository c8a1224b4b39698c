"""Which partitions of which assets are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.errors import InvalidDefinitionError, InvalidInvocationError, ParameterCheckError, UnknownPartitionError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.partitions.mapping import Edge, PartitionMapping
from assetflow.partitions.mappings import default_mapping
from assetflow.partitions.partitions_definition import (
    DynamicPartitionsStore,
    PartitionKeyRange,
    PartitionsDefinition,
)

Targets = Mapping[AssetsDefinition, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPartitions:
    """The partitions that somebody asks for.

    Attributes:
        keys: of the asset that comes first, one by one and in ranges; None for all that each asset has.
        exact: of each asset, which, instead of `keys`, which is empty then; what has partitions and is not in it, none.
        made: partitions of assets that are left out, because they are there already.
        is_job: all assets have to be divided in the same way, as those of one run of a job are.
        now: for which moment it is told which partitions there are.
        store: knows dynamic partitions.
    """

    keys: tuple[str | PartitionKeyRange, ...] | None
    exact: Mapping[AssetKey, Sequence[PartitionKeyRange]] | None = None
    made: Mapping[AssetKey, Collection[str]] = field(default_factory=dict)
    is_job: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    store: DynamicPartitionsStore | None = None


class Divided:
    """How the assets of a graph are divided, at one moment.

    Args:
        now: for which it is told which partitions there are.
        store: knows dynamic partitions.
    """

    def __init__(self, graph: AssetGraph, now: datetime, store: DynamicPartitionsStore | None) -> None:
        self._graph = graph
        self.now = now
        self.store = store
        self._edges: dict[tuple[AssetsDefinition, str], tuple[PartitionMapping, Edge]] = {}

    def by(self, asset: AssetsDefinition) -> PartitionsDefinition | None:
        """The partitions of what a definition makes, or, if it only checks, of the asset that it checks."""
        if asset.keys or not asset.check_keys:
            return asset.partitions_def
        return self.of(min(asset.check_keys).asset_key)

    def of(self, key: AssetKey) -> PartitionsDefinition | None:
        """The partitions of an asset or a source; None if it has none."""
        maker = self._graph.assets_by_key.get(key) or self._graph.sources_by_key.get(key)
        return None if maker is None else maker.partitions_def

    def keys_of(self, definition: PartitionsDefinition) -> Sequence[str]:
        """All partitions there are."""
        return definition.get_partition_keys(self.now, self.store)

    def edge(self, asset: AssetsDefinition, name: str, key: AssetKey) -> tuple[PartitionMapping, Edge]:
        """Which partitions of an input are needed, and between which two that is asked.

        Args:
            name: of the input.
            key: of the asset that it stands for.
        """
        found = self._edges.get((asset, name))
        if found is None:
            upstream = self.of(key)
            own = self.by(asset)
            mapping = asset.partitioning.mappings.get(name) or default_mapping(upstream, own)
            edge = Edge(
                upstream=upstream,
                downstream=own,
                now=self.now,
                store=self.store,
                what=f"{key.to_user_string()} ({asset.node_def.where}, argument {name})",
            )
            found = self._edges[(asset, name)] = (mapping, edge)
        return found


def targets_of(
    graph: AssetGraph,
    keys: Collection[AssetKey],
    checks: Collection[AssetCheckKey],
    wanted: WantedPartitions | None,
    divided: Divided,
) -> dict[AssetsDefinition, Sequence[str]]:
    """The partitions to make of each definition that has such, in the order of its own.

    What has the partitions of the asset that comes first gets the same keys; what has others gets those that need
    these.

    Raises:
        InvalidInvocationError: partitions are not said, and some asset has such; or an asset has none of these.
        UnknownPartitionError: there is no partition of a key.
        ParameterCheckError: partitions are said, and no asset has such.
        InvalidDefinitionError: the assets of a job are divided in different ways.
    """
    chosen = set(keys)
    making = [graph.assets_by_key[key] for key in graph.topological() if key in chosen]
    checking = [graph.checks_by_key[key] for key in sorted(checks)]
    parted = [asset for asset in dict.fromkeys((*making, *checking)) if divided.by(asset) is not None]
    if not parted:
        if wanted is not None and wanted.keys is not None and wanted.exact is None:
            raise ParameterCheckError(
                f"partition {', '.join(map(_written, wanted.keys[:3]))} is asked for, and none of the selected assets "
                "has partitions"
            )
        return {}
    if wanted is None:
        names = ", ".join(list(dict.fromkeys(map(_name, parted)))[:5])
        raise InvalidInvocationError(
            f"{names} {'has' if len(parted) == 1 else 'have'} partitions, and it is not said which to make",
            where=str(parted[0].location),
            fix="give partition_key=..., or on the command line --partition KEY; `assetflow backfill` makes many",
        )
    if wanted.exact is not None:
        return {asset: _exactly(asset, chosen, wanted.exact, divided) for asset in parted}
    if wanted.keys is None:
        return _missing({asset: divided.keys_of(_definition(asset, divided)) for asset in parted}, chosen, wanted.made)
    definitions = list(dict.fromkeys(_definition(asset, divided) for asset in parted))
    if wanted.is_job and len(definitions) > 1:
        raise InvalidDefinitionError(
            "When an assets job contains multiple partitions assets, they must have the same partitions definitions",
            where="; ".join(str(definition) for definition in definitions),
            fix="`assetflow backfill` and submit(partitions=...) make assets that are divided in different ways",
        )
    return _missing(_spread(graph, chosen, parted, wanted.keys, divided), chosen, wanted.made)


def _exactly(
    asset: AssetsDefinition,
    chosen: Collection[AssetKey],
    exact: Mapping[AssetKey, Sequence[PartitionKeyRange]],
    divided: Divided,
) -> Sequence[str]:
    """The partitions that are asked for of any of the assets that a definition makes, or checks."""
    definition = _definition(asset, divided)
    keys = asset.keys & set(chosen) if asset.keys else {min(asset.check_keys).asset_key}
    with _telling_whose(asset):
        wanted = {
            one
            for key in keys
            for some in exact.get(key, ())
            for one in definition.get_partition_keys_in_range(some, divided.store, divided.now)
        }
    return [key for key in divided.keys_of(definition) if key in wanted]


def _missing(
    found: dict[AssetsDefinition, Sequence[str]],
    chosen: Collection[AssetKey],
    made: Mapping[AssetKey, Collection[str]],
) -> dict[AssetsDefinition, Sequence[str]]:
    """Without the partitions of which everything that is asked for is there."""
    if not made:
        return found
    left = {}
    for asset, keys in found.items():
        there = [set(made.get(key, ())) for key in (asset.keys or {min(asset.check_keys).asset_key}) if key in chosen]
        left[asset] = [key for key in keys if not all(key in one for one in there)] if there else keys
    return left


def _spread(
    graph: AssetGraph,
    chosen: Collection[AssetKey],
    parted: Sequence[AssetsDefinition],
    asked: Sequence[str | PartitionKeyRange],
    divided: Divided,
) -> dict[AssetsDefinition, Sequence[str]]:
    """From the keys of the first asset to those of all."""
    first = _definition(parted[0], divided)
    keys: list[str] = []
    for one in asked:
        with _telling_whose(parted[0]):
            if isinstance(one, PartitionKeyRange):
                keys += first.get_partition_keys_in_range(one, divided.store, divided.now)
            else:
                keys.append(first.check_key(one, divided.now, divided.store))
    found: dict[AssetsDefinition, Sequence[str]] = {}
    given = set(keys)
    same = [key for key in divided.keys_of(first) if key in given]
    for asset in parted:
        definition = _definition(asset, divided)
        if definition == first:
            found[asset] = same
            continue
        needing = _needing(graph, chosen, asset, found, divided)
        if needing is None:
            unknown = [key for key in keys if not definition.has_partition_key(key, divided.now, divided.store)]
            if unknown:
                raise InvalidInvocationError(
                    f"{_name(asset)} has no partition {unknown[0]}, and needs none of the assets that have it",
                    where=str(asset.location),
                    fix=f"select it on its own: it has {definition}",
                )
            needing = given
        found[asset] = [key for key in divided.keys_of(definition) if key in needing]
    return found


def _needing(
    graph: AssetGraph,
    chosen: Collection[AssetKey],
    asset: AssetsDefinition,
    found: Targets,
    divided: Divided,
) -> set[str] | None:
    """The partitions that need some of those that are made before; None if nothing is made before that they need."""
    needing: set[str] | None = None
    for name in asset.keys_by_input_name:
        key = graph.resolved_input(asset, name)
        maker = graph.assets_by_key.get(key) if key is not None and key in chosen else None
        if key is None or maker is None or maker is asset or maker not in found:
            continue
        mapping, edge = divided.edge(asset, name, key)
        needing = (needing or set()).union(mapping.downstream_of(found[maker], edge))
    return needing


@contextmanager
def _telling_whose(asset: AssetsDefinition) -> Iterator[None]:
    """Say of a partition that does not exist which asset has no such."""
    try:
        yield
    except UnknownPartitionError as error:
        where = f"{_name(asset)} ({asset.location}), which has {error.where}"
        raise UnknownPartitionError(error.message, where=where, fix=error.fix) from None


def _definition(asset: AssetsDefinition, divided: Divided) -> PartitionsDefinition:
    definition = divided.by(asset)
    assert definition is not None, "only those that are divided are asked"
    return definition


def _written(asked: str | PartitionKeyRange) -> str:
    return f"{asked.start}...{asked.end}" if isinstance(asked, PartitionKeyRange) else asked


def _name(asset: AssetsDefinition) -> str:
    keys = asset.keys or {min(asset.check_keys).asset_key}
    return ", ".join(sorted(key.to_user_string() for key in keys))
