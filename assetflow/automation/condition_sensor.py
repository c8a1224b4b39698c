"""The sensor that looks at automation conditions, and asks for all that is to be made in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assetflow.automation.conditions import evaluate
from assetflow.automation.evaluating import Evaluation
from assetflow.automation.known import Known
from assetflow.automation.memory import Memory
from assetflow.definitions.automation_condition import AutomationCondition
from assetflow.definitions.condition_tree import ConditionKind, ConditionTree
from assetflow.definitions.instigating import DefaultSensorStatus
from assetflow.definitions.op import normalize_tags
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import Decision, SensorEvaluationContext
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.selection import AssetSelection
from assetflow.lineage.syntax import resolve_selection
from assetflow.partitions.partitions_definition import PartitionKeyRange

if TYPE_CHECKING:
    from assetflow.instance import DagsterInstance

DEFAULT_NAME = "default_automation_condition_sensor"


class AutomationConditionSensorDefinition(SensorDefinition):
    """Looks at the automation conditions of some assets, and has made what they ask for.

    All of it is one run. Assets whose conditions no such sensor looks at are looked at by one that is there by itself,
    ``default_automation_condition_sensor``.

    Args:
        name: of the sensor.
        target: the assets; text, keys, assets, or an AssetSelection. All that have a condition by default.
        run_tags: of its runs.
        default_condition: of assets that have none.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: for people.
        default_status: whether it runs before anybody has started it.

    Raises:
        InvalidDefinitionError: the name is none.
        CheckError: the selection cannot be read, or an argument is of another type.
    """

    __slots__ = ("default_condition", "is_default", "run_tags")

    kind = "automation_condition_sensor"

    def __init__(
        self,
        name: str,
        target: Any = None,
        *,
        run_tags: Mapping[str, Any] | None = None,
        default_condition: AutomationCondition | None = None,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        is_default: bool = False,
    ) -> None:
        super().__init__(
            name,
            evaluation_fn=_nothing,
            asset_selection=AssetSelection.all() if target is None else target,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            default_status=default_status,
        )
        self.run_tags = normalize_tags(run_tags)
        self.default_condition = default_condition
        self.is_default = is_default

    def conditions(self, graph: AssetGraph, others: Iterable[SensorDefinition]) -> dict[AssetKey, AutomationCondition]:
        """The conditions that it looks at, by asset.

        Args:
            others: all sensors; what one of them looks at, the default one does not.
        """
        taken: set[AssetKey] = set()
        if self.is_default:
            for one in others:
                if isinstance(one, AutomationConditionSensorDefinition) and not one.is_default:
                    taken.update(resolve_selection(graph, one.asset_selection))
        found = {}
        for key in resolve_selection(graph, self.asset_selection):
            condition = conditions_of(graph).get(key, self.default_condition)
            if condition is not None and key not in taken:
                found[key] = condition
        return found

    def _evaluate(self, context: SensorEvaluationContext) -> Iterable[Any]:
        if context.repository_def is None:
            raise InvalidInvocationError(
                f"{self} has to know the definitions", fix="build_sensor_context(repository_def=defs, ...)"
            )
        graph: AssetGraph = context.repository_def.graph()
        conditions = self.conditions(graph, context.repository_def.sensors)
        before = Memory.of(context.cursor)
        found = evaluated(graph, conditions, context.instance, context.evaluation_time, before)
        context.update_cursor(found.memory().cursor())
        requested = found.requested
        context.decisions += [
            Decision(asset_key=key, requested=len(requested.get(key, ())), tree=tree)
            for key, tree in found.decisions().items()
        ]
        keys = [key for key in graph.topological() if key in requested]
        if not keys:
            yield SkipReason(_why_nothing(len(conditions), is_first=before is None))
            return
        yield RunRequest(
            tags=self.run_tags,
            asset_selection=keys,
            asset_partitions={
                key: [PartitionKeyRange(*one) for one in found.known.every(key).ranges(requested[key])]
                for key in keys
                if found.known.definition(key) is not None
            },
        )


def evaluated(
    graph: AssetGraph,
    conditions: Mapping[AssetKey, AutomationCondition],
    instance: DagsterInstance,
    now: datetime,
    before: Memory | None,
) -> Evaluation:
    """An evaluation that is done.

    Args:
        before: what is remembered of the one before.
    """
    keys = set(conditions)
    for condition in conditions.values():
        named = (one for one in condition.walk() if one.kind is ConditionKind.ASSET)
        keys.update(AssetKey.from_user_string(one.argument("key")) for one in named)
    for _ in range(max(map(_depth, conditions.values()), default=0)):
        keys |= {need for key in keys if key in graph.assets_by_key for need in graph.asset_deps(key)}
    known = Known(graph, instance, keys, now, None if before is None else before.newest)
    evaluation = Evaluation(conditions, known, before)
    evaluation.run(evaluate)
    return evaluation


def conditions_of(graph: AssetGraph) -> dict[AssetKey, AutomationCondition]:
    """The conditions of all assets that have one."""
    return {
        key: condition
        for asset in dict.fromkeys(graph.assets_by_key.values())
        for key, condition in asset.automation_conditions_by_key.items()
    }


def _depth(condition: ConditionTree) -> int:
    """How far above an asset its condition looks."""
    own = condition.kind in (ConditionKind.ANY_DEPS, ConditionKind.ALL_DEPS)
    return own + max(map(_depth, condition.operands), default=0)


def _why_nothing(count: int, *, is_first: bool) -> str:
    if not count:
        return "No asset has an automation condition"
    if is_first:
        return f"The conditions of {count} assets were looked at for the first time, and ask for nothing"
    return f"The conditions of {count} assets ask for nothing"


def _nothing(context: SensorEvaluationContext) -> None:
    """What a sensor without a function of a user calls."""
