"""From a selection to a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from assetflow.collecting import collecting_later
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.placement import placement_of
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.drafts import Drafts
from assetflow.planning.parts import Part, parts_of
from assetflow.planning.pieces import pieces_of
from assetflow.planning.plan import Plan, Step
from assetflow.planning.step_names import named_after, own_names, unique_names
from assetflow.planning.targets import Divided, WantedPartitions, targets_of


@collecting_later()
def make_plan(
    graph: AssetGraph,
    keys: Sequence[AssetKey],
    checks: Collection[AssetCheckKey] | None = None,
    observed: Collection[AssetKey] = frozenset(),
    *,
    gathered: Collection[AssetsDefinition] = frozenset(),
    with_code_versions: bool = False,
    partitions: WantedPartitions | None = None,
) -> Plan:
    """The steps that materialize these assets and check them, each after the steps it needs.

    Args:
        checks: which checks to do; None for all of these assets.
        observed: sources to look at.
        gathered: graphs whose ops wait for everything that the graph reads.
        with_code_versions: name the code that makes each asset.
        partitions: which partitions to make of the assets that have such; each is a step of its own.

    What they need and is not selected is read from storage. The same graph and keys give the same plan.

    Raises:
        InvalidInvocationError, UnknownPartitionError, InvalidDefinitionError: about partitions; see `targets_of`.
    """
    wanted_checks = graph.checks_of(keys) if checks is None else checks
    order = parts_of(graph, set(keys), wanted_checks, observed, gathered)
    divided = Divided(
        graph,
        datetime.now(UTC) if partitions is None else partitions.now,
        None if partitions is None else partitions.store,
    )
    pieces = pieces_of(order, targets_of(graph, keys, wanted_checks, partitions, divided), divided)
    drafts = Drafts(graph, pieces, divided, graph.code_versions.of if with_code_versions else _nobody_looks)
    found = [drafts.of(piece) for piece in pieces]
    producers = {output.index: index for index, draft in enumerate(found) for output in draft.outputs}
    parents = [sorted({producers[item.output] for item in one.inputs if item.output is not None}) for one in found]
    children: list[list[int]] = [[] for _ in found]
    for index, above in enumerate(parents):
        for parent in above:
            children[parent].append(index)
    ranks = [1] * len(found)
    for index in range(len(found) - 1, -1, -1):
        ranks[index] = 1 + max((ranks[child] for child in children[index]), default=0)
    own = own_names(graph)
    names = dict(zip(map(id, order), unique_names(order, own), strict=True))
    placement = {id(part): placement_of(part.call.op.tags) for part in order}
    times = Counter(id(piece.part) for piece in pieces)
    steps = []
    for index, (piece, draft) in enumerate(zip(pieces, found, strict=True)):
        part, place, below = piece.part, placement[id(piece.part)], children[index]
        steps.append(
            Step(
                index=index,
                key=named_after(names[id(part)], piece.partitions if times[id(part)] > 1 else ()),
                inputs=draft.inputs,
                outputs=draft.outputs,
                queue=place.queue,
                pool=place.pool,
                timeout=place.timeout,
                rank=ranks[index],
                line=below[0]
                if len(below) == 1
                and len(parents[below[0]]) == 1
                and placement[id(pieces[below[0]].part)].goes_along_with(place)
                else None,
                retry=draft.retry,
                owner=_owner(part),
                node=part.call.path,
                alias=own.get(part.asset, ""),
                check=_check(part),
                observes=part.call.op.observes is not None,
                partitions=piece.partitions,
            )
        )
    return Plan(steps=tuple(steps))


def _nobody_looks(_key: AssetKey) -> None:
    """The code version where none is wanted."""


def _owner(part: Part) -> tuple[str, ...]:
    if part.call.op.observes is not None:
        return part.call.op.observes.parts
    if part.call.op.only_checks:
        return min(part.asset.check_keys).asset_key.parts
    return min(part.asset.keys).parts if part.call.path else ()


def _check(part: Part) -> str:
    return min(part.asset.check_keys).name if part.call.op.only_checks else ""
