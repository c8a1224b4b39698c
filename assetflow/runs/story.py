"""The story of a run: its facts told one event at a time, in the words of the asset API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assetflow.definitions.checks import AssetCheckEvaluation, AssetCheckSeverity
from assetflow.definitions.data_version import DATA_VERSION_TAG
from assetflow.definitions.events import AssetMaterialization, AssetObservation, ExpectationResult
from assetflow.definitions.metadata_records import metadata_from_json
from assetflow.keys import AssetKey
from assetflow.planning.plan import Plan, Step
from assetflow.runs.facts import CheckDetail, ErrorDetail, Fact, FactKind, OutputDetail, StepDetail
from assetflow.runs.states import RunStatus


class EventType(StrEnum):
    """What an event tells."""

    RUN_START = "RUN_START"
    RUN_SUCCESS = "RUN_SUCCESS"
    RUN_FAILURE = "RUN_FAILURE"
    RUN_CANCELED = "RUN_CANCELED"
    STEP_START = "STEP_START"
    LOADED_INPUT = "LOADED_INPUT"
    STEP_INPUT = "STEP_INPUT"
    STEP_OUTPUT = "STEP_OUTPUT"
    HANDLED_OUTPUT = "HANDLED_OUTPUT"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"
    ASSET_CHECK_EVALUATION = "ASSET_CHECK_EVALUATION"
    STEP_EXPECTATION_RESULT = "STEP_EXPECTATION_RESULT"
    HOOK_COMPLETED = "HOOK_COMPLETED"
    HOOK_ERRORED = "HOOK_ERRORED"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_FAILURE = "STEP_FAILURE"
    STEP_SKIPPED = "STEP_SKIPPED"
    STEP_UNCHANGED = "STEP_UNCHANGED"
    STEP_UP_FOR_RETRY = "STEP_UP_FOR_RETRY"
    STEP_RESTARTED = "STEP_RESTARTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStoryEvent:
    """One thing that happened in a run.

    Attributes:
        event_type: what it tells.
        timestamp: seconds since the epoch.
        step_key: of the step; None if it is about the run.
        event_specific_data: what the kind of event has of its own: the materialization or observation, the check's
            evaluation, the error, the name of an input or an output.
        message: in words.
    """

    event_type: EventType
    timestamp: float
    step_key: str | None = None
    event_specific_data: Any = None
    message: str = ""

    @property
    def event_type_value(self) -> str:
        """The event's type as text."""
        return self.event_type.value

    @property
    def node_name(self) -> str | None:
        """Name of the step's op or graph."""
        return self.step_key

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset it is about, if it is about one."""
        found = getattr(self.event_specific_data, "asset_key", None)
        return found if isinstance(found, AssetKey) else None

    @property
    def is_step_event(self) -> bool:
        """Whether it is about a step."""
        return self.step_key is not None

    @property
    def is_step_start(self) -> bool:
        """Whether a step began."""
        return self.event_type is EventType.STEP_START

    @property
    def is_step_success(self) -> bool:
        """Whether a step succeeded."""
        return self.event_type is EventType.STEP_SUCCESS

    @property
    def is_step_failure(self) -> bool:
        """Whether a step failed for good."""
        return self.event_type is EventType.STEP_FAILURE

    @property
    def is_step_skipped(self) -> bool:
        """Whether a step was skipped."""
        return self.event_type is EventType.STEP_SKIPPED

    @property
    def is_step_unchanged(self) -> bool:
        """Whether a step was not run, because its inputs were what they had been before."""
        return self.event_type is EventType.STEP_UNCHANGED

    @property
    def is_step_up_for_retry(self) -> bool:
        """Whether a step failed and will be tried again."""
        return self.event_type is EventType.STEP_UP_FOR_RETRY

    @property
    def is_successful_output(self) -> bool:
        """Whether an output was made."""
        return self.event_type is EventType.STEP_OUTPUT

    @property
    def is_step_materialization(self) -> bool:
        """Whether an asset was materialized."""
        return self.event_type is EventType.ASSET_MATERIALIZATION

    @property
    def is_asset_observation(self) -> bool:
        """Whether an asset was observed."""
        return self.event_type is EventType.ASSET_OBSERVATION

    @property
    def is_hook_event(self) -> bool:
        """Whether it is about a hook."""
        return self.event_type in (EventType.HOOK_COMPLETED, EventType.HOOK_ERRORED)

    @property
    def is_job_success(self) -> bool:
        """Whether the run succeeded."""
        return self.event_type is EventType.RUN_SUCCESS

    @property
    def is_job_failure(self) -> bool:
        """Whether the run failed."""
        return self.event_type is EventType.RUN_FAILURE

    @property
    def materialization(self) -> AssetMaterialization:
        """What was materialized; TypeError if the event tells something else."""
        if not isinstance(self.event_specific_data, AssetMaterialization):
            raise TypeError(f"a {self.event_type_value} event has no materialization")
        return self.event_specific_data


def tell(plan: Plan, facts: Iterable[Fact]) -> Iterator[RunStoryEvent]:
    """The events of a run, in order; those of one step one after the other."""
    tries: dict[int, int] = {}
    for fact in facts:
        kind = fact.kind
        if kind is FactKind.RUN_STARTED:
            yield RunStoryEvent(event_type=EventType.RUN_START, timestamp=fact.at)
        elif kind is FactKind.RUN_ENDED:
            status = RunStatus(fact.detail.get("status", RunStatus.SUCCEEDED))
            yield RunStoryEvent(event_type=_ENDS.get(status, EventType.RUN_FAILURE), timestamp=fact.at)
        elif kind in (FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED, FactKind.STEP_RETRY):
            detail = fact.told()
            step = plan.steps[fact.steps[0]]
            yield from _try(step, fact, detail, again=tries.get(step.index, 0) > 0)
            tries[step.index] = tries.get(step.index, 0) + 1
        elif kind is FactKind.STEP_SKIPPED:
            for index in fact.steps:
                yield RunStoryEvent(
                    event_type=EventType.STEP_SKIPPED, timestamp=fact.at, step_key=plan.steps[index].key
                )


def materialization_of(output: OutputDetail, partition: str | None = None) -> AssetMaterialization:
    """What an output stored, as an event of the asset API.

    Args:
        partition: of several that were stored, which.
    """
    told = next((part.data_version for part in output.parts if part.key == partition), output.data_version)
    tags = {**output.tags, **({DATA_VERSION_TAG: told} if told else {})}
    return AssetMaterialization(
        AssetKey(output.key), metadata=metadata_from_json(output.metadata), tags=tags, partition=partition
    )


def evaluation_of(check: CheckDetail) -> AssetCheckEvaluation:
    """What a check said, as an event of the asset API."""
    return AssetCheckEvaluation(
        asset_key=AssetKey(check.key),
        check_name=check.name,
        passed=check.passed,
        severity=AssetCheckSeverity(check.severity),
        description=check.description,
        metadata=metadata_from_json(check.metadata),
        blocking=check.blocking,
    )


_ENDS = {
    RunStatus.SUCCEEDED: EventType.RUN_SUCCESS,
    RunStatus.FAILED: EventType.RUN_FAILURE,
    RunStatus.CANCELLED: EventType.RUN_CANCELED,
}


def _try(step: Step, fact: Fact, detail: StepDetail, *, again: bool) -> Iterator[RunStoryEvent]:
    """The events of one try of one step."""

    def event(kind: EventType, data: Any = None, message: str = "") -> RunStoryEvent:
        early = kind in (EventType.STEP_START, EventType.STEP_RESTARTED)
        at = detail.started if early else fact.at
        return RunStoryEvent(
            event_type=kind, timestamp=at, step_key=step.key, event_specific_data=data, message=message
        )

    if detail.unchanged:
        yield event(EventType.STEP_UNCHANGED, message="its inputs are what they were when it was run last")
        return
    yield event(EventType.STEP_RESTARTED if again else EventType.STEP_START)
    for item in step.inputs if detail.error is None else ():
        if item.loads:
            yield event(EventType.LOADED_INPUT, item.name)
            yield event(EventType.STEP_INPUT, item.name)
    for raw in detail.observations:
        yield event(*_told(raw))
    for output in detail.outputs:
        yield event(EventType.STEP_OUTPUT, _name(step, output))
        for partition in step.partitions or (None,):
            yield event(EventType.ASSET_MATERIALIZATION, materialization_of(output, partition))
        yield event(EventType.HANDLED_OUTPUT, _name(step, output))
    for check in detail.checks:
        yield event(EventType.ASSET_CHECK_EVALUATION, evaluation_of(check))
    yield event(*_end(fact, detail.error))
    for name in detail.hooks:
        yield event(EventType.HOOK_COMPLETED, name)
    for name, why in detail.hook_errors.items():
        yield event(EventType.HOOK_ERRORED, name, why)


def _end(fact: Fact, error: ErrorDetail | None) -> tuple[EventType, ErrorDetail | None, str]:
    kinds = {FactKind.STEP_FAILED: EventType.STEP_FAILURE, FactKind.STEP_RETRY: EventType.STEP_UP_FOR_RETRY}
    return kinds.get(fact.kind, EventType.STEP_SUCCESS), error, error.message if error else ""


def _told(raw: dict[str, Any]) -> tuple[EventType, Any]:
    about: dict[str, Any] = {
        "description": raw.get("description"),
        "metadata": metadata_from_json(raw.get("metadata") or {}),
    }
    if raw["kind"] == "expectation":
        return EventType.STEP_EXPECTATION_RESULT, ExpectationResult(raw["success"], raw.get("label"), **about)
    key = AssetKey(raw["key"])
    about |= {"partition": raw.get("partition"), "tags": raw.get("tags")}
    if raw["kind"] == "materialization":
        return EventType.ASSET_MATERIALIZATION, AssetMaterialization(key, **about)
    return EventType.ASSET_OBSERVATION, AssetObservation(key, **about)


def _name(step: Step, output: OutputDetail) -> str:
    return next((one.name for one in step.outputs if one.index == output.output), "result")
