"""A plan of only those partitions that are stale, in which steps whose inputs may come out as they were can tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.partitions.partitions_definition import PartitionKeyRange
from assetflow.planning.cells import Cell, CellJudge, CellStatus
from assetflow.planning.needs import Need
from assetflow.planning.plan import COMPARED, Plan, SettledOutput, Step, StepBaseline
from assetflow.planning.planner import make_plan
from assetflow.planning.staleness import Latest, Records, StaleCauseCategory
from assetflow.planning.targets import Divided, WantedPartitions, targets_of

_MORE = {Need.SKIP: 0, Need.MAYBE: 1, Need.RUN: 2}


def plan_stale_cells(
    graph: AssetGraph,
    keys: Sequence[AssetKey],
    checks: Collection[AssetCheckKey],
    observed: Collection[AssetKey],
    records: Records,
    *,
    wanted: Collection[AssetKey],
    partitions: WantedPartitions,
) -> tuple[Plan, dict[Cell, Need], dict[Cell, CellStatus]]:
    """What has to be done so that none of the chosen partitions is stale.

    Args:
        checks: those that would be done if everything were made.
        observed: sources to look at.
        wanted: assets that are made in any case.
        partitions: which; all by default.

    Returns:
        the plan, whether each cell is made, and how each of them stands.

    Raises:
        UnknownPartitionError, InvalidInvocationError: see `targets_of`.
    """
    divided = Divided(graph, partitions.now or datetime.now(UTC), partitions.store)
    targets = targets_of(graph, keys, checks, partitions, divided)
    chosen = set(keys)
    order = [key for key in graph.topological() if key in chosen]
    judge = CellJudge.of(graph, divided, order, records)
    cells = [
        (key, str(part))
        for key in order
        for part in (targets.get(graph.assets_by_key[key], ()) if divided.of(key) is not None else ("",))
    ]
    statuses = {cell: judge.status(cell) for cell in cells}
    needs = _needs(graph, cells, statuses, wanted)
    making: dict[AssetKey, list[str]] = {}
    for cell in cells:
        if needs[cell] is not Need.SKIP:
            making.setdefault(cell[0], []).append(cell[1])
    exact = {
        key: [PartitionKeyRange(part, part) for part in parts]
        for key, parts in making.items()
        if divided.of(key) is not None
    }
    doing = {check for check in checks if check.asset_key in making or check.asset_key not in chosen}
    wanted_parts = WantedPartitions(keys=(), exact=exact, now=divided.now, store=partitions.store)
    plan = make_plan(
        graph,
        [key for key in order if key in making],
        doing,
        observed,
        with_code_versions=True,
        partitions=wanted_parts,
    )
    steps = tuple(msgspec.structs.replace(step, baseline=_baseline(step, needs, statuses)) for step in plan.steps)
    schema = COMPARED if any(step.baseline is not None for step in steps) else plan.schema
    return msgspec.structs.replace(plan, steps=steps, schema=schema), needs, statuses


def _needs(
    graph: AssetGraph, cells: Sequence[Cell], statuses: Mapping[Cell, CellStatus], wanted: Collection[AssetKey]
) -> dict[Cell, Need]:
    found = dict.fromkeys(cells, Need.SKIP)
    together = [cell for cell in cells if len(graph.assets_by_key[cell[0]].keys) > 1]
    while True:
        before = dict(found) if together else None
        for cell in cells:
            found[cell] = max(found[cell], _alone(graph, cell, statuses[cell], found, wanted), key=_MORE.__getitem__)
        for key, part in together:
            asset = graph.assets_by_key[key]
            for other in asset.keys if found[key, part] is not Need.SKIP else ():
                place = (other, part)
                if place in found and not (asset.can_subset and found[place] is Need.SKIP):
                    found[place] = max(found[place], found[key, part], key=_MORE.__getitem__)
        if before is None or found == before:
            return found


def _alone(
    graph: AssetGraph, cell: Cell, status: CellStatus, found: Mapping[Cell, Need], wanted: Collection[AssetKey]
) -> Need:
    def is_made(need: Cell) -> bool:
        return found.get(need, Need.SKIP) is not Need.SKIP

    def may_pass(about: Cell | None, category: StaleCauseCategory) -> bool:
        return category is StaleCauseCategory.DATA and about is not None and is_made(about)

    if cell[0] in wanted or any(not may_pass(one.about, one.cause.category) for one in status.causes):
        return Need.RUN
    above = [need for need in status.needs if is_made(need)]
    if not above:
        return Need.SKIP
    asset = graph.assets_by_key[cell[0]]
    read = {} if status.latest is None else status.latest.reads
    can_compare = (
        not isinstance(asset.node_def, GraphDefinition)
        and not asset.backfill_policy.makes_several
        and all(read.get(need, (None, None))[1] is not None for need in above if need[0] not in asset.keys)
    )
    return Need.MAYBE if can_compare else Need.RUN


def _baseline(step: Step, needs: Mapping[Cell, Need], statuses: Mapping[Cell, CellStatus]) -> StepBaseline | None:
    """What a step compares its inputs with; None if it is run in any case."""
    if step.check or step.observes or step.node or len(step.partitions) > 1:
        return None
    part = step.partitions[0] if step.partitions else ""
    cells = [(key, part) for key in step.asset_keys]
    if not cells or any(needs.get(cell) is not Need.MAYBE for cell in cells):
        return None
    latest = [statuses[cell].latest for cell in cells]
    reads: dict[int, str] = {}
    for item in step.inputs:
        if item.output is None or not item.key:
            continue
        told = _read((AssetKey.of_parts(item.key), item.partition), latest)
        if told is None or reads.setdefault(item.output, told) != told:
            return None
    outputs = tuple(
        SettledOutput(made.index, one.version, one.data_version, one.environment)
        for made in step.outputs
        if made.key and (one := statuses[AssetKey.of_parts(made.key), part].latest) is not None
    )
    return StepBaseline(reads=tuple(sorted(reads.items())), outputs=outputs) if reads else None


def _read(need: Cell, latest: Sequence[Latest | None]) -> str | None:
    """The data that was read of a cell for all of some; None if that is not known, or differs."""
    found = {None if one is None else one.reads.get(need, (None, None))[1] for one in latest}
    return found.pop() if len(found) == 1 else None
