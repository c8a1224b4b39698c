"""The result of a run in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assetflow.definitions.checks import AssetCheckEvaluation
from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.engine.request import RunRequest
from assetflow.errors import CheckError, InvariantViolationError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.runs.displays import run_display
from assetflow.runs.facts import Fact, FactKind, StepDetail
from assetflow.runs.materialization import Materialization
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import RunStore
from assetflow.runs.story import EventType, RunStoryEvent, tell

_ENDED = {StepState.FAILED: "failed", StepState.SKIPPED: "was skipped", StepState.UPSTREAM_FAILED: "was not run"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcessRun:
    """What there is to say of a run as a whole."""

    run_id: str
    status: RunStatus
    job_name: str
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def is_success(self) -> bool:
        """Whether it succeeded."""
        return self.status is RunStatus.SUCCEEDED


class ExecuteInProcessResult:
    """How an in-process run ended, and the values it made.

    Attributes:
        run_id: of the run.
        success: whether every step succeeded or was skipped.
        dagster_run: the run with its status, tags and config.
    """

    def __init__(
        self,
        request: RunRequest,
        store: RunStore,
        values: Mapping[int, Any],
        errors: Mapping[int, BaseException],
        graphs: Mapping[str, Mapping[str, AssetKey]],
    ) -> None:
        view = store.view(request.run_id)
        self.run_id = request.run_id
        self.success = view.status is RunStatus.SUCCEEDED
        self.dagster_run = InProcessRun(
            run_id=request.run_id,
            status=view.status,
            job_name=request.job_name,
            run_config=request.run_config,
            tags=request.tags,
        )
        self._plan = request.plan
        self._states = view.states
        self._values = values
        self._errors = errors
        self._graphs = graphs
        self._story: list[RunStoryEvent] | None = None
        self._outputs: dict[tuple[str, ...], list[tuple[int, tuple[str, ...]]]] | None = None
        self._seconds = None if view.ended is None else view.ended - view.created
        self._facts: list[Fact] = []
        while page := store.facts(request.run_id, self._facts[-1].id if self._facts else "0"):
            self._facts += page

    def _repr_html_(self) -> str:
        names = [step.key for step in self._plan.steps]
        kinds = (FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED)
        told = [(names[fact.steps[0]], fact) for fact in self._facts if fact.kind in kinds]
        errors = {name: error for name, fact in told if (error := fact.told().error) is not None}
        states = dict(zip(names, self._states, strict=True))
        status = self.dagster_run.status
        return run_display(self.run_id, status, states, seconds=self._seconds, told=told, errors=errors)

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
    def unchanged(self) -> tuple[str, ...]:
        """Steps that were not run, because their inputs were what they had been before; they count as succeeded."""
        return tuple(event.step_key for event in self.all_events if event.is_step_unchanged and event.step_key)

    @property
    def all_events(self) -> list[RunStoryEvent]:
        """Everything that happened, in order."""
        if self._story is None:
            self._story = list(tell(self._plan, self._facts))
        return list(self._story)

    @property
    def all_node_events(self) -> list[RunStoryEvent]:
        """What happened in steps."""
        return [event for event in self.all_events if event.is_step_event]

    def events_for_node(self, node: str) -> list[RunStoryEvent]:
        """What happened in one step, or in the steps of a graph; CheckError if there is no such node."""
        keys = {self._plan.steps[index].key for index in self._steps(node)}
        return [event for event in self.all_events if event.step_key in keys]

    def filter_events(self, event_filter: Callable[[RunStoryEvent], bool]) -> list[RunStoryEvent]:
        """Those events of which a function says so."""
        return [event for event in self.all_events if event_filter(event)]

    def get_job_success_event(self) -> RunStoryEvent:
        """The event of the run's success; InvariantViolationError if it did not succeed."""
        return self._only(EventType.RUN_SUCCESS)

    def get_job_failure_event(self) -> RunStoryEvent:
        """The event of the run's failure; InvariantViolationError if it did not fail."""
        return self._only(EventType.RUN_FAILURE)

    def get_asset_materialization_events(self) -> list[RunStoryEvent]:
        """The events of all materializations."""
        return self.filter_events(lambda event: event.is_step_materialization)

    def get_asset_observation_events(self) -> list[RunStoryEvent]:
        """The events of all observations."""
        return self.filter_events(lambda event: event.is_asset_observation)

    def retry_attempts_for_node(self, node: str) -> int:
        """How often a step was tried again."""
        return sum(event.is_step_up_for_retry for event in self.events_for_node(node))

    def _only(self, kind: EventType) -> RunStoryEvent:
        for event in self.all_events:
            if event.event_type is kind:
                return event
        raise InvariantViolationError(f"run {self.run_id} has no event {kind.value}: it {self.dagster_run.status}")

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
        names = [output.name for output in step.outputs]
        if names and output_name not in names:
            raise InvariantViolationError(
                f'op "{node}" has no output "{output_name}"; it has: {", ".join(names)}',
                fix=f'output_for_node("{node}", "{names[0]}")',
            )
        state = self._states[step.index]
        if state is StepState.SUCCEEDED:
            raise InvariantViolationError(f'op "{node}" succeeded without yielding an output "{output_name}"')
        raise InvariantViolationError(
            f'op "{node}" has no output "{output_name}" in this run: it {_ENDED.get(state, state.label)}'
        )

    def asset_value(self, asset_key: CoercibleToAssetKey, partition_key: str | None = None) -> Any:
        """The value of an asset, or of one of its partitions.

        Args:
            partition_key: may be left out if the run made only one.

        Raises:
            InvariantViolationError: this run did not materialize it.
        """
        key = AssetKey.from_coercible(asset_key)
        if self._outputs is None:
            self._outputs = {}
            for step in self._plan.steps:
                for output in step.outputs:
                    self._outputs.setdefault(output.key, []).append((output.index, step.partitions))
        made = self._outputs.get(key.parts, [])
        if partition_key is not None:
            made = [one for one in made if partition_key in one[1]]
        if len(made) > 1:
            raise InvariantViolationError(
                f"{key.to_user_string()} was materialized for {len(made)} partitions in this run",
                fix=f"asset_value({key.to_user_string()!r}, partition_key={made[0][1][0]!r})",
            )
        index = made[0][0] if made else None
        if index is not None and index in self._values:
            value = self._values[index]
            return value[partition_key] if partition_key is not None and len(made[0][1]) > 1 else value
        raise InvariantViolationError(f"{key.to_user_string()} was not materialized in this run")

    def asset_materializations_for_node(self, node: str) -> list[AssetMaterialization]:
        """What a step or the steps of a graph made, with metadata; CheckError if there is no such node."""
        return [event.materialization for event in self.events_for_node(node) if event.is_step_materialization]

    def asset_observations_for_node(self, node: str) -> list[AssetObservation]:
        """What a step or the steps of a graph observed; CheckError if there is no such node."""
        return [event.event_specific_data for event in self.events_for_node(node) if event.is_asset_observation]

    def outputs_for_node(self, node: str) -> list[Materialization]:
        """What a step or the steps of a graph made, with the versions under which it is kept."""
        return [Materialization.of(output) for detail in self._details(self._steps(node)) for output in detail.outputs]

    def get_asset_check_evaluations(self) -> list[AssetCheckEvaluation]:
        """What every check of the run said, in the order in which they ended."""
        found = self.filter_events(lambda event: event.event_type is EventType.ASSET_CHECK_EVALUATION)
        return [event.event_specific_data for event in found]

    def _details(self, steps: set[int]) -> list[StepDetail]:
        return [fact.told() for fact in self._facts if fact.kind is FactKind.STEP_SUCCEEDED and fact.steps[0] in steps]

    def _steps(self, node: str) -> set[int]:
        if node in self._graphs:
            return {step.index for step in self._plan.steps if step.key.startswith(f"{node}.")}
        same = {step.index for step in self._plan.steps if step.partitions and step.call == node}
        return same or {self._step(node)}

    def _step(self, node: str) -> int:
        for step in self._plan.steps:
            if step.key == node:
                return step.index
        several = [step.key for step in self._plan.steps if step.partitions and step.call == node]
        if several:
            raise CheckError(f"the run has {len(several)} steps of {node!r}: name one, such as {several[0]!r}")
        names = ", ".join(step.key for step in self._plan.steps)
        raise CheckError(f"the run has no op named {node!r}; it has: {names}")
