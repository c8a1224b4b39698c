"""A plan in words: what runs, what it reads and from where, what may be skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assetflow.definitions.checks import AssetCheckKey
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.makers import Makers
from assetflow.planning.plan import Plan


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


def explain(plan: Plan, graph: AssetGraph) -> list[StepExplanation]:
    """One explanation for each step, in the order of the plan."""
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
        found.append(
            StepExplanation(
                step=step.key,
                assets=step.asset_keys,
                checks=tuple(spec.key for spec in asset.op_at(step.node).checks.values()),
                group=graph.group_of(step.maker_key),
                queue=step.queue,
                rank=step.rank,
                description=(asset.op_at(step.node).description or "").partition("\n")[0],
                reads_from_run=tuple(AssetKey(i.key) for i in step.inputs if i.output is not None and i.key),
                reads_from_storage=tuple(AssetKey(i.key) for i in step.inputs if i.output is None and i.loads),
                environments={AssetKey(i.key): i.environment for i in step.inputs if i.environment},
                conditional_on=tuple(sorted(conditional)),
                may_leave_out=tuple(
                    AssetKey(output.key) for output in step.outputs if output.key and not output.required
                ),
                max_retries=step.retry.max_retries if step.retry else 0,
            )
        )
    return found
