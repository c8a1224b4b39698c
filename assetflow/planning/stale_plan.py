"""A plan of only what is stale, in which steps whose inputs may turn out to be unchanged know what to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.cells import Cell, CellStatus
from assetflow.planning.makers import Makers
from assetflow.planning.needs import Need, needs_of
from assetflow.planning.plan import COMPARED, Plan, SettledOutput, Step, StepBaseline
from assetflow.planning.planner import make_plan
from assetflow.planning.stale_cells import plan_stale_cells
from assetflow.planning.staleness import AssetStatus, Records, Seen, judge
from assetflow.planning.targets import Divided, WantedPartitions, targets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePlan:
    """What has to be done so that nothing chosen is stale.

    Attributes:
        needs: whether each chosen asset is made.
        statuses: how each of them stands, and all that they need.
        cells: the same of each partition, where assets have such.
        skipped: how many partitions are left, of assets that have such.
    """

    plan: Plan
    needs: Mapping[AssetKey, Need]
    statuses: Mapping[AssetKey, AssetStatus]
    cells: Mapping[Cell, AssetStatus] = field(default_factory=dict)
    skipped: Mapping[AssetKey, int] = field(default_factory=dict)


def make_stale_plan(
    graph: AssetGraph,
    keys: Sequence[AssetKey],
    checks: Collection[AssetCheckKey],
    observed: Collection[AssetKey],
    records: Records,
    *,
    wanted: Collection[AssetKey] = frozenset(),
    partitions: WantedPartitions | None = None,
) -> StalePlan:
    """Plan what is stale among these assets, and what may be once that is made.

    Args:
        checks: those that would be done if all assets were made.
        observed: sources to look at; what is seen there counts for later plans.
        wanted: assets that are made in any case.
        partitions: of assets that have such, which; all by default.

    Raises:
        UnknownPartitionError, InvalidInvocationError: about partitions; see `targets_of`.
    """
    chosen = set(keys)
    if any(graph.assets_by_key[key].partitions_def is not None for key in keys):
        asked = partitions or WantedPartitions(keys=None)
        return _of_cells(*plan_stale_cells(graph, keys, checks, observed, records, wanted=wanted, partitions=asked))
    if partitions is not None and partitions.keys is not None:
        targets_of(
            graph, keys, checks, partitions, Divided(graph, partitions.now, partitions.store)
        )  # says what is wrong
    statuses = judge(graph, records, keys)
    needs = needs_of(graph, chosen, statuses, wanted)
    making = [key for key in keys if needs[key] is not Need.SKIP]
    evaluated = records.checked(checks) if checks else {}
    doing = _checks(graph, chosen, making, checks, statuses, evaluated)
    maybe = frozenset(key for key in making if needs[key] is Need.MAYBE)
    gathered = {
        asset for asset in (graph.assets_by_key[key] for key in maybe) if isinstance(asset.node_def, GraphDefinition)
    }
    plan = make_plan(graph, making, doing, observed, gathered=gathered, with_code_versions=True)
    makers = Makers(graph.assets_by_key, graph.checks_by_key, graph.observations_by_key, graph.sources_by_key)
    baselines = _Baselines(graph=graph, maybe=maybe, makers=makers, statuses=statuses, evaluated=evaluated)
    steps = tuple(msgspec.structs.replace(step, baseline=baselines.of(step)) for step in plan.steps)
    schema = COMPARED if any(step.baseline is not None for step in steps) else plan.schema
    return StalePlan(plan=msgspec.structs.replace(plan, steps=steps, schema=schema), needs=needs, statuses=statuses)


def _of_cells(plan: Plan, needs: Mapping[Cell, Need], statuses: Mapping[Cell, CellStatus]) -> StalePlan:
    by_key: dict[AssetKey, Need] = {}
    newest: dict[AssetKey, AssetStatus] = {}
    skipped: Counter[AssetKey] = Counter()
    cells = {cell: status.told(cell[0]) for cell, status in statuses.items()}
    for (key, part), need in needs.items():
        before = by_key.get(key, Need.SKIP)
        by_key[key] = before if need is Need.SKIP or before is Need.RUN else need
        skipped[key] += bool(part) and need is Need.SKIP
        told, last = cells[key, part], newest.get(key)
        made = None if told.latest is None else told.latest.at
        if last is None or (made is not None and (last.latest is None or made > last.latest.at)):
            newest[key] = told
    return StalePlan(plan=plan, needs=by_key, statuses=newest, cells=cells, skipped=dict(+skipped))


def _checks(
    graph: AssetGraph,
    chosen: Collection[AssetKey],
    making: Sequence[AssetKey],
    checks: Collection[AssetCheckKey],
    statuses: Mapping[AssetKey, AssetStatus],
    evaluated: Mapping[AssetCheckKey, Seen],
) -> set[AssetCheckKey]:
    """Those of what is made, those that were asked for without their assets, and those that still hold others up."""
    made = set(making)
    read = {need for key in making for need in graph.read_for(key)}
    definitions = set(graph.checks_by_key.values())
    blocking = {spec.key for definition in definitions for spec in definition.check_specs if spec.blocking}
    return {
        key
        for key in checks
        if key.asset_key in made
        or key.asset_key not in chosen
        or (key in blocking and key.asset_key in read and not _has_passed(key, statuses, evaluated))
    }


def _has_passed(
    key: AssetCheckKey, statuses: Mapping[AssetKey, AssetStatus], evaluated: Mapping[AssetCheckKey, Seen]
) -> bool:
    """Whether a check was done since its asset was made, and holds nothing up."""
    status, seen = statuses.get(key.asset_key), evaluated.get(key)
    made = None if status is None else status.latest
    return seen is not None and not seen.stops and made is not None and seen.at >= made.at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Baselines:
    """What steps compare with.

    Attributes:
        maybe: assets that are made only if their inputs have changed.
    """

    graph: AssetGraph
    maybe: frozenset[AssetKey]
    makers: Makers
    statuses: Mapping[AssetKey, AssetStatus]
    evaluated: Mapping[AssetCheckKey, Seen]

    def of(self, step: Step) -> StepBaseline | None:
        """What one step compares with; None if it is run in any case."""
        if step.observes:
            return None
        asset = self.makers.of(step)
        assert asset is not None, "the plan was made of this graph"
        if step.check:
            return self._of_check(step, asset)
        if not self.maybe & (asset.keys if step.node else set(step.asset_keys)):
            return None
        reads = self._reads(step, asset)
        outputs = tuple(
            SettledOutput(made.index, latest.version, latest.data_version, latest.environment)
            for made in step.outputs
            if made.key and (latest := self.statuses[AssetKey.of_parts(made.key)].latest) is not None
        )
        return StepBaseline(reads=reads, outputs=outputs) if reads else None

    def _reads(self, step: Step, asset: AssetsDefinition) -> tuple[tuple[int, str], ...] | None:
        """The inputs that this run makes, with the data that was read of each; None if that is not known."""
        # The ops of a graph decide alike, since those that run need what the others have made.
        own = self.maybe & (asset.keys if step.node else set(step.asset_keys))
        found: dict[int, str] = {}
        for item in step.inputs:
            if item.output is None or not item.key:
                continue
            need = AssetKey.of_parts(item.key)
            for key in own:
                latest = self.statuses[key].latest
                told = None if latest is None else latest.inputs.get(need)
                if told is None and need not in self.graph.read_for(key):
                    continue
                if told is None or told[1] is None or found.setdefault(item.output, told[1]) != told[1]:
                    return None
        return tuple(sorted(found.items()))

    def _of_check(self, step: Step, asset: AssetsDefinition) -> StepBaseline | None:
        """A check need not be done again of what has not changed since it was done."""
        names = {output.name for output in step.outputs}
        keys = [spec.key for name, spec in asset.op.checks.items() if name in names]
        if not all(key.asset_key in self.maybe and _has_passed(key, self.statuses, self.evaluated) for key in keys):
            return None
        reads = {}
        for item in step.inputs:
            if item.output is not None and item.key:
                status = self.statuses.get(AssetKey.of_parts(item.key))
                if status is None or status.latest is None or status.latest.data_version is None:
                    return None
                reads[item.output] = status.latest.data_version
        return StepBaseline(reads=tuple(sorted(reads.items())), outputs=()) if reads else None
