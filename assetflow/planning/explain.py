"""A plan in words: what runs, what it reads and from where, what may be skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.makers import Makers
from assetflow.planning.needs import Need
from assetflow.planning.plan import Plan, Step, StepInput
from assetflow.planning.staleness import AssetStatus, StaleCause, StaleCauseCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class StepExplanation:
    """What a person wants to know of one step.

    Attributes:
        step: its name.
        checks: the checks it does.
        assets: what it makes.
        reads_from_run: inputs that this run makes before.
        reads_from_storage: inputs that must be there already.
        environments: for those that are read there, the other environment.
        conditional_on: assets that may not be made, in which case this step is skipped.
        may_leave_out: assets it may itself end without.
        need: whether it is run.
        reason: why, in a few words; empty where nothing is known of what was run before.
        if_changed: inputs on which it depends whether it is run.
        seconds: how long it took lately; None if it is not known.
        partitions: that it makes.
        call: name that it shares with the steps which do the same for other partitions.
    """

    step: str
    assets: tuple[AssetKey, ...]
    checks: tuple[AssetCheckKey, ...]
    group: str
    queue: str
    rank: int
    description: str
    reads_from_run: tuple[AssetKey, ...]
    reads_from_storage: tuple[AssetKey, ...]
    environments: Mapping[AssetKey, str]
    conditional_on: tuple[AssetKey, ...]
    may_leave_out: tuple[AssetKey, ...]
    max_retries: int
    need: Need
    reason: str
    if_changed: tuple[AssetKey, ...]
    seconds: float | None
    partitions: tuple[str, ...] = ()
    call: str = ""


def explain(
    plan: Plan,
    graph: AssetGraph,
    statuses: Mapping[AssetKey, AssetStatus] | None = None,
    durations: Mapping[AssetKey, float] | None = None,
    cells: Mapping[tuple[AssetKey, str], AssetStatus] | None = None,
) -> list[StepExplanation]:
    """One explanation for each step, in the order of the plan.

    Args:
        statuses: how assets stand, if that is known.
        durations: how long making each takes, in seconds, as far as that is known.
        cells: how partitions stand, if that is known.
    """
    makers = Makers(graph.assets_by_key, graph.checks_by_key, graph.observations_by_key, graph.sources_by_key)
    maker = {output.index: step for step in plan.steps for output in step.outputs}
    made = {output.index: output for step in plan.steps for output in step.outputs}
    conditions: list[set[AssetKey]] = []
    found = []
    for step in plan.steps:
        above = [item.output for item in step.inputs if item.output is not None]
        conditional = {AssetKey(made[output].key) for output in above if made[output].key and not made[output].required}
        for output in above:
            conditional |= conditions[maker[output].index]
        conditions.append(conditional)
        asset = makers.of(step)
        assert asset is not None, "a plan is explained with the graph it was made of"
        reads = {} if step.baseline is None else dict(step.baseline.reads)
        times = [durations[key] for key in step.asset_keys if durations and key in durations]
        found.append(
            StepExplanation(
                step=step.key,
                assets=step.asset_keys,
                checks=tuple(spec.key for spec in asset.op_at(step.node).checks.values()),
                group=graph.group_of(step.maker_key),
                queue=step.queue,
                rank=step.rank,
                description=(asset.op_at(step.node).description or "").partition("\n")[0],
                reads_from_run=_keys(i for i in step.inputs if i.output is not None and i.key),
                reads_from_storage=_keys(i for i in step.inputs if i.output is None and i.loads and not i.is_empty),
                environments={AssetKey(i.key): i.environment for i in step.inputs if i.environment},
                conditional_on=tuple(sorted(conditional)),
                may_leave_out=tuple(
                    AssetKey(output.key) for output in step.outputs if output.key and not output.required
                ),
                max_retries=step.retry.max_retries if step.retry else 0,
                need=Need.RUN if step.baseline is None else Need.MAYBE,
                reason=_reason(step, asset, _of_partition(step, statuses, cells)),
                if_changed=tuple(AssetKey(i.key) for i in step.inputs if i.output in reads and i.key),
                seconds=max(times) if times else None,
                partitions=step.partitions,
                call=step.call,
            )
        )
    return found


def _keys(items: Iterable[StepInput]) -> tuple[AssetKey, ...]:
    return tuple(dict.fromkeys(AssetKey(item.key) for item in items))


def summed_up(steps: Iterable[StepExplanation]) -> list[StepExplanation]:
    """The steps that do the same for different partitions, and for the same reason, as one."""
    found: dict[tuple[str, ...], StepExplanation] = {}
    for step in steps:
        place = (step.call, step.need, step.reason) if step.partitions else (step.step,)
        before = found.get(place)
        if before is None:
            found[place] = step
            continue
        found[place] = replace(
            before,
            step=step.call,
            partitions=(*before.partitions, *step.partitions),
            rank=max(before.rank, step.rank),
            reads_from_run=tuple(dict.fromkeys((*before.reads_from_run, *step.reads_from_run))),
            reads_from_storage=tuple(dict.fromkeys((*before.reads_from_storage, *step.reads_from_storage))),
            environments={**before.environments, **step.environments},
        )
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How long a plan may take, in seconds.

    Attributes:
        total: all steps one after the other.
        path: the longest chain of steps, for which no number of workers makes up.
        unknown: steps of which nothing is known; they are left out.
    """

    total: float
    path: float
    unknown: int


def expected(plan: Plan, steps: Sequence[StepExplanation]) -> Expected:
    """How long the steps of a plan may take, by how long they took before."""
    maker = {output.index: step.index for step in plan.steps for output in step.outputs}
    until: list[float] = []
    for step, told in zip(plan.steps, steps, strict=True):
        above = [until[maker[item.output]] for item in step.inputs if item.output is not None]
        until.append(max(above, default=0.0) + (told.seconds or 0.0))
    known = [told.seconds for told in steps if told.seconds is not None]
    return Expected(total=sum(known), path=max(until, default=0.0), unknown=len(steps) - len(known))


def _of_partition(
    step: Step,
    statuses: Mapping[AssetKey, AssetStatus] | None,
    cells: Mapping[tuple[AssetKey, str], AssetStatus] | None,
) -> Mapping[AssetKey, AssetStatus] | None:
    """How the assets of a step stand; of one for partitions, as the first does that is not fresh."""
    if not cells or not step.partitions:
        return statuses
    found = {}
    for key in step.asset_keys:
        told = [cells[key, part] for part in step.partitions if (key, part) in cells]
        if told:
            found[key] = next((one for one in told if not one.is_fresh), told[0])
    return found


def _reason(step: Step, asset: AssetsDefinition, statuses: Mapping[AssetKey, AssetStatus] | None) -> str:
    if step.check or step.observes or statuses is None:
        return ""
    if step.baseline is not None:
        return "upstream may change"
    keys = step.asset_keys or tuple(sorted(asset.keys))
    causes = [cause for key in keys if key in statuses for cause in statuses[key].own_causes]
    if causes:
        return "; ".join(dict.fromkeys(_in_short(cause) for cause in causes))
    above = [cause for key in keys if key in statuses for cause in statuses[key].causes]
    return "; ".join(dict.fromkeys(_in_short(cause) for cause in above)) or "asked for"


def _in_short(cause: StaleCause) -> str:
    name = cause.dependency.to_user_string() if cause.dependency is not None else ""
    match cause.category:
        case StaleCauseCategory.MISSING:
            return "never materialized"
        case StaleCauseCategory.CODE:
            return "code changed"
        case StaleCauseCategory.DATA:
            return f"{name} changed"
        case StaleCauseCategory.DEPENDENCIES:
            return "dependencies changed"
        case StaleCauseCategory.UPSTREAM:
            return f"{name} is stale"
