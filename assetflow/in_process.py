"""The result of a run in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from assetflow.definitions.checks import AssetCheckEvaluation, AssetCheckSeverity
from assetflow.definitions.metadata import metadata_from_json
from assetflow.errors import CheckError, InvariantViolationError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.planning.plan import Plan
from assetflow.runs.facts import Fact, FactKind, OutputDetail, StepDetail
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import RunStore


class ExecuteInProcessResult:
    """How an in-process run ended, and the values it made.

    Attributes:
        run_id: of the run.
        success: whether every step succeeded or was skipped.
    """

    def __init__(
        self,
        plan: Plan,
        store: RunStore,
        run_id: str,
        values: Mapping[int, Any],
        errors: Mapping[int, BaseException],
        graphs: Mapping[str, Mapping[str, AssetKey]] | None = None,
    ) -> None:
        view = store.view(run_id)
        self.run_id = run_id
        self.success = view.status is RunStatus.SUCCEEDED
        self._plan = plan
        self._states = view.states
        self._values = values
        self._errors = errors
        self._graphs = graphs or {}
        self._facts: list[Fact] = []
        while page := store.facts(run_id, self._facts[-1].id if self._facts else "0"):
            self._facts += page

    @property
    def first_error(self) -> BaseException:
        """What the first failed step raised."""
        for fact in self._facts:
            if fact.kind is FactKind.STEP_FAILED and fact.steps[0] in self._errors:
                return self._errors[fact.steps[0]]
        return InvariantViolationError(f"run {self.run_id} did not succeed, and no step says why")

    @property
    def step_keys(self) -> tuple[str, ...]:
        """The names of the run's steps, in the order of its plan."""
        return tuple(step.key for step in self._plan.steps)

    @property
    def all_events(self) -> list[Fact]:
        """Everything that happened, in order."""
        return list(self._facts)

    def state_of(self, node: str) -> StepState:
        """How a step ended.

        Raises:
            CheckError: there is no such step.
        """
        return self._states[self._step(node)]

    def output_for_node(self, node: str, output_name: str = "result") -> Any:
        """The value a step made, or an output of a graph.

        Args:
            node: name of the step: that of its op, after that of its graph and a dot if it is in one; or of a graph.

        Raises:
            CheckError: there is no such step.
            InvariantViolationError: it made no such output.
        """
        if node in self._graphs and output_name in self._graphs[node]:
            return self.asset_value(self._graphs[node][output_name])
        step = self._plan.steps[self._step(node)]
        for output in step.outputs:
            if output.name == output_name and output.index in self._values:
                return self._values[output.index]
        state = self._states[step.index]
        raise InvariantViolationError(f'op "{node}" has no output "{output_name}" in this run: it is {state.label}')

    def asset_value(self, asset_key: CoercibleToAssetKey) -> Any:
        """The value of an asset; InvariantViolationError if this run did not materialize it."""
        key = AssetKey.from_coercible(asset_key)
        for step in self._plan.steps:
            for output in step.outputs:
                if output.key == key.parts and output.index in self._values:
                    return self._values[output.index]
        raise InvariantViolationError(f"{key.to_user_string()} was not materialized in this run")

    def asset_materializations_for_node(self, node: str) -> list[OutputDetail]:
        """What a step stored, with metadata."""
        steps = (
            {step.index for step in self._plan.steps if step.key.startswith(f"{node}.")}
            if (node in self._graphs)
            else {self._step(node)}
        )
        return [
            item
            for fact in self._facts
            if fact.kind is FactKind.STEP_SUCCEEDED and fact.steps[0] in steps
            for item in msgspec.convert(fact.detail, StepDetail).outputs
        ]

    def get_asset_check_evaluations(self) -> list[AssetCheckEvaluation]:
        """What every check of the run said, in the order in which they ended."""
        return [
            AssetCheckEvaluation(
                asset_key=AssetKey(check.key),
                check_name=check.name,
                passed=check.passed,
                severity=AssetCheckSeverity(check.severity),
                description=check.description,
                metadata=metadata_from_json(check.metadata),
                blocking=check.blocking,
            )
            for fact in self._facts
            if fact.kind in (FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED)
            for check in msgspec.convert(fact.detail, StepDetail).checks
        ]

    def _step(self, node: str) -> int:
        for step in self._plan.steps:
            if step.key == node:
                return step.index
        names = ", ".join(step.key for step in self._plan.steps)
        raise CheckError(f"the run has no op named {node!r}; it has: {names}")
