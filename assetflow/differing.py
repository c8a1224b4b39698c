"""How what two environments have published of an asset differs."""

from __future__ import annotations

from collections.abc import Sequence

from assetflow.comparing.values import Difference, compare
from assetflow.environments import Environments
from assetflow.errors import InvariantViolationError
from assetflow.io.manifests import Manifest, same_bytes
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.values import AssetValueLoader

_PARTITIONS_SHOWN = 8
_KEY_LABELS = ("primary_key", "key")


def compared(
    graph: AssetGraph,
    environments: Environments,
    key: AssetKey,
    one: AssetValueLoader,
    other: AssetValueLoader,
    names: tuple[str, str],
    keys: Sequence[str] = (),
    partition: str = "",
) -> Difference:
    """How the published values of an asset differ; of several partitions only which of them do.

    Args:
        one, other: load from the two environments.
        names: of the two.
        keys: columns that tell the rows of frames apart; by default what the definition's metadata says.
        partition: whose values are looked into, of an asset that has partitions.

    Raises:
        UnknownPartitionError: the asset has no such partition.
        InvalidInvocationError: a partition is named, and it has none.
    """
    before, after = published(one, key, partition), published(other, key, partition)
    if not before and not after:
        return Difference(same=True, summary="in neither of them")
    if not before or not after:
        missing, there = names if not before else (names[1], names[0])
        return _unmade(environments, missing, there)
    if not partition and graph.assets_by_key[key].partitions_def is not None:
        return _partitions_compared(before, after, names)
    if same_bytes(before[partition], after[partition]):
        return Difference(same=True, summary="the same bytes")
    values = [loader.load_published(key, partition or None) for loader in (one, other)]
    return compare(values[0], values[1], tuple(keys) or row_keys(graph, key))


def row_keys(graph: AssetGraph, key: AssetKey) -> tuple[str, ...]:
    """The columns that tell the rows of an asset apart, as its definition says."""
    metadata = graph.assets_by_key[key].metadata_by_key.get(key) or {}
    told = next((metadata[label] for label in _KEY_LABELS if label in metadata), ())
    return (told,) if isinstance(told, str) else tuple(told)


def published(loader: AssetValueLoader, key: AssetKey, partition: str = "") -> dict[str, Manifest]:
    """What is published of an asset, or of one of its partitions; nothing if nobody keeps versions of it."""
    try:
        if not partition:
            return loader.published(key)
        found = loader.keeper(key).current(loader.path(key, partition))
        return {} if found is None else {partition: found}
    except InvariantViolationError:
        return {}


def _unmade(environments: Environments, missing: str, other: str) -> Difference:
    """Only one has made it; who reads from the other sees the same all the same."""
    if other in environments.chain(missing):
        return Difference(same=True, summary=f"{missing} has not made it, and reads it from {other}")
    return Difference(same=False, summary=f"{missing} has not made it")


def _partitions_compared(before: dict[str, Manifest], after: dict[str, Manifest], names: tuple[str, str]) -> Difference:
    """Which partitions have other bytes, or are in one of them only; their values are not looked into."""
    every = list(dict.fromkeys([*before, *after]))
    told = {
        "changed": [one for one in every if one in before and one in after and not same_bytes(before[one], after[one])],
        f"only in {names[0]}": [one for one in every if one not in after],
        f"only in {names[1]}": [one for one in every if one not in before],
    }
    count, total = sum(map(len, told.values())), f"{len(every):,} partition{'s' if len(every) != 1 else ''}"
    if not count:
        return Difference(same=True, summary=f"the same bytes in {total}")
    details = [f"{word}: {_listed(ones)}" for word, ones in told.items() if ones]
    return Difference(same=False, summary=f"{count:,} of {total} differ", details=details)


def _listed(partitions: list[str]) -> str:
    shown = ", ".join(partitions[:_PARTITIONS_SHOWN])
    return (
        shown if len(partitions) <= _PARTITIONS_SHOWN else f"{shown}, and {len(partitions) - _PARTITIONS_SHOWN:,} more"
    )
