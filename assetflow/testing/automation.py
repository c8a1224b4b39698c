"""Evaluating automation conditions in tests, with no daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assetflow.automation.condition_sensor import conditions_of, evaluated
from assetflow.automation.memory import DecisionNode, Memory
from assetflow.definitions.bundle import Definitions
from assetflow.errors import ParameterCheckError
from assetflow.instance import DagsterInstance
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_selection


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateAutomationConditionsResult:
    """What came of an evaluation.

    Attributes:
        requested: the partitions that are asked for, by asset; of one without partitions, None.
        decisions: the condition of each asset, and what held of it.
        cursor: for the next evaluation.
    """

    requested: Mapping[AssetKey, frozenset[str | None]]
    decisions: Mapping[AssetKey, DecisionNode]
    cursor: str

    @property
    def total_requested(self) -> int:
        """How many assets and partitions are asked for, in all."""
        return sum(map(len, self.requested.values()))

    def get_num_requested(self, asset_key: CoercibleToAssetKey) -> int:
        """How many partitions of an asset are asked for; 1 for an asset without partitions."""
        return len(self.requested.get(AssetKey.from_coercible(asset_key), ()))

    def get_requested_partitions(self, asset_key: CoercibleToAssetKey) -> frozenset[str | None]:
        """The partitions of an asset that are asked for; of one without partitions, None."""
        return self.requested.get(AssetKey.from_coercible(asset_key), frozenset())


def evaluate_automation_conditions(
    defs: Definitions | Sequence[Any],
    instance: DagsterInstance,
    asset_selection: Any = None,
    evaluation_time: datetime | None = None,
    cursor: str | None = None,
) -> EvaluateAutomationConditionsResult:
    """What the automation conditions of some assets ask for; nothing is run.

    Args:
        defs: the definitions, or a list of assets.
        instance: the history.
        asset_selection: whose conditions; all by default.
        evaluation_time: for which moment; now by default.
        cursor: of the evaluation before; None for the first one.

    Raises:
        ParameterCheckError: there is no instance.
    """
    if not isinstance(instance, DagsterInstance):
        raise ParameterCheckError(
            f"instance is a DagsterInstance, such as DagsterInstance.ephemeral(), not {instance!r}"
        )
    definitions = defs if isinstance(defs, Definitions) else Definitions(assets=defs)
    graph: AssetGraph = definitions.graph()
    chosen = set(resolve_selection(graph, asset_selection))
    conditions = {key: condition for key, condition in conditions_of(graph).items() if key in chosen}
    now = evaluation_time or datetime.now(UTC)
    found = evaluated(graph, conditions, instance, now if now.tzinfo else now.replace(tzinfo=UTC), Memory.of(cursor))
    return EvaluateAutomationConditionsResult(
        requested={key: frozenset(one or None for one in keys) for key, keys in found.requested.items()},
        decisions=found.trees(),
        cursor=found.memory().cursor(),
    )
