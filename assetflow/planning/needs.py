"""From how assets stand to which of them a run has to make."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.staleness import AssetStatus, StaleCause, StaleCauseCategory


class Need(StrEnum):
    """Whether an asset is made.

    Attributes:
        MAYBE: only if something that is made before turns out to be other data than it was.
    """

    RUN = "run"
    MAYBE = "maybe"
    SKIP = "skip"


_MORE = {Need.SKIP: 0, Need.MAYBE: 1, Need.RUN: 2}


def needs_of(
    graph: AssetGraph,
    chosen: Collection[AssetKey],
    statuses: Mapping[AssetKey, AssetStatus],
    wanted: Collection[AssetKey] = frozenset(),
) -> dict[AssetKey, Need]:
    """What has to be done with each chosen asset so that none of them is stale.

    Args:
        wanted: assets that are made in any case.
    """
    order = [key for key in graph.topological() if key in chosen]
    found = dict.fromkeys(order, Need.SKIP)
    while True:  # what one function makes together is made together, which may need others that come before it
        before = dict(found)
        for key in order:
            found[key] = max(found[key], _alone(graph, key, statuses[key], found, wanted), key=_MORE.__getitem__)
        for key in order:
            for other in _together(graph, key, found):
                found[other] = max(found[other], found[key], key=_MORE.__getitem__)
        if found == before:
            return found


def _alone(
    graph: AssetGraph,
    key: AssetKey,
    status: AssetStatus,
    found: Mapping[AssetKey, Need],
    wanted: Collection[AssetKey],
) -> Need:
    if key in wanted or any(not _may_pass(cause, found) for cause in status.own_causes):
        return Need.RUN
    above = [need for need in graph.read_for(key) if found.get(need, Need.SKIP) is not Need.SKIP]
    if not above:
        return Need.SKIP
    return Need.MAYBE if _can_compare(graph, key, status, above) else Need.RUN


def _may_pass(cause: StaleCause, found: Mapping[AssetKey, Need]) -> bool:
    """Whether what it reads is made anew by this run, and may then be again what it was made of."""
    above = cause.dependency
    changed = cause.category is StaleCauseCategory.DATA
    return changed and above is not None and found.get(above, Need.SKIP) is not Need.SKIP


def _can_compare(graph: AssetGraph, key: AssetKey, status: AssetStatus, above: list[AssetKey]) -> bool:
    """Whether it can be told, when its turn comes, that what it reads is what it had read."""
    asset = graph.assets_by_key[key]
    read = {} if status.latest is None else status.latest.inputs
    others = [need for need in above if need not in asset.keys]
    if any(read.get(need, (None, None))[1] is None for need in others):
        return False
    if not isinstance(asset.node_def, GraphDefinition):
        return True
    # The ops of a graph decide together, so each of them waits for all that the graph reads; if one of these may be
    # left out, they must not.
    return all(graph.assets_by_key[need].node_def.outs[_output(graph, need)].is_required for need in others)


def _output(graph: AssetGraph, key: AssetKey) -> str:
    return next(name for name, made in graph.assets_by_key[key].keys_by_output_name.items() if made == key)


def _together(graph: AssetGraph, key: AssetKey, found: Mapping[AssetKey, Need]) -> list[AssetKey]:
    """The assets that are made with it, as they are made by one function that is not asked for each alone."""
    asset = graph.assets_by_key[key]
    if found[key] is Need.SKIP or len(asset.keys) == 1:
        return []
    return [other for other in asset.keys if other in found and not (asset.can_subset and found[other] is Need.SKIP)]
