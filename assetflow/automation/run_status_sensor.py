"""Sensors that look at how runs go."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from assetflow.automation.asset_sensor import number_in
from assetflow.automation.run_statuses import DagsterRunStatus
from assetflow.definitions.instigating import AnyJob, DefaultSensorStatus, UserFunction, check_jobs
from assetflow.definitions.job import AssetJob, JobDefinition
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.schedule_context import TickContext
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import InvalidDefinitionError, InvalidInvocationError, ParameterCheckError
from assetflow.runs.log_records import RunSummary
from assetflow.runs.states import RunStatus
from assetflow.runs.story import EventType, RunStoryEvent

if TYPE_CHECKING:
    from assetflow.definitions.bundle import Definitions
    from assetflow.instance import DagsterInstance

_AT_ONCE = 25  # runs in one evaluation
_EVENTS = {
    RunStatus.SUCCEEDED: EventType.RUN_SUCCESS,
    RunStatus.FAILED: EventType.RUN_FAILURE,
    RunStatus.INCONSISTENT: EventType.RUN_FAILURE,
    RunStatus.CANCELLED: EventType.RUN_CANCELED,
}


class RunStatusSensorContext(TickContext):
    """What the function of a `run_status_sensor` is told of a run.

    Attributes:
        sensor_name: of the sensor.
        dagster_run: the run.
        dagster_event: what has happened to it.
    """

    __slots__ = ("dagster_event", "dagster_run", "sensor_name")

    def __init__(
        self,
        sensor_name: str,
        dagster_run: RunSummary,
        dagster_event: RunStoryEvent,
        instance: DagsterInstance | Callable[[], DagsterInstance] | None = None,
        repository_def: Definitions | None = None,
    ) -> None:
        super().__init__(instance, repository_def)
        self.sensor_name = sensor_name
        self.dagster_run = dagster_run
        self.dagster_event = dagster_event

    def for_run_failure(self) -> RunFailureSensorContext:
        """The same for a run that has failed."""
        return RunFailureSensorContext(
            self.sensor_name, self.dagster_run, self.dagster_event, self._instance, self.repository_def
        )


class RunFailureSensorContext(RunStatusSensorContext):
    """What the function of a `run_failure_sensor` is told of a run."""

    __slots__ = ()

    @property
    def failure_event(self) -> RunStoryEvent:
        """What has happened to it; its message is the error."""
        return self.dagster_event

    def get_step_failure_events(self) -> list[RunStoryEvent]:
        """The failures of its steps."""
        return self.instance.all_logs(self.dagster_run.run_id, EventType.STEP_FAILURE)


class RunStatusSensorDefinition(SensorDefinition):
    """Calls a function for each run that comes to stand in a certain way. Made by `run_status_sensor`.

    Attributes:
        run_status: in which way.
    """

    __slots__ = ("_for_failures", "_monitored", "run_status")

    kind = "run_status_sensor"

    def __init__(
        self,
        name: str | None,
        run_status: DagsterRunStatus,
        function: Callable[..., Any],
        monitored: Sequence[Any] | None,
        for_failures: bool,
        **arguments: Any,
    ) -> None:
        super().__init__(name, evaluation_fn=UserFunction(function, "Run status sensor"), **arguments)
        if not isinstance(run_status, DagsterRunStatus):
            raise ParameterCheckError(f"run_status of {self} is a DagsterRunStatus, not {run_status!r}")
        if run_status is DagsterRunStatus.NOT_STARTED:
            raise InvalidDefinitionError(
                f"{self} would never be called: a run that was submitted is queued or started at once", where=self.where
            )
        self.run_status = run_status
        self._for_failures = for_failures
        self._monitored = None if monitored is None else _names(monitored, str(self))

    def _evaluate(self, context: SensorEvaluationContext) -> Iterable[Any]:
        statuses = self.run_status.own
        if context.cursor is None:  # what was before it is none of its business
            newest = context.instance.get_run_status_records(statuses, limit=1, ascending=False)
            context.update_cursor(str(newest[0].storage_id if newest else 0))
            yield SkipReason("It begins to look at runs now, and has seen those that there were")
            return
        after = number_in(context.cursor) or 0
        records = context.instance.get_run_status_records(statuses, after_cursor=after, limit=_AT_ONCE)
        count = 0
        for record in records:
            if self._monitored is None or record.run.job_name in self._monitored:
                count += 1
                try:
                    yield from self._answers_to(record.run, record.status, record.timestamp, context)
                except Exception:  # the user's own, which must not keep the sensor at this run for ever
                    context.errors.append(f"for run {record.run.run_id}:\n{traceback.format_exc()}")
            context.update_cursor(str(record.storage_id))
        if not count:
            yield SkipReason(f"No new run with status {self.run_status.value}")

    def _answers_to(
        self, run: RunSummary, status: RunStatus, at: float, context: SensorEvaluationContext
    ) -> Iterable[Any]:
        event = RunStoryEvent(
            event_type=_EVENTS.get(status, EventType.RUN_START), timestamp=at, message=run.error or f"the run {status}"
        )
        own = RunStatusSensorContext(self.name, run, event, lambda: context.instance, context.repository_def)
        result = self._evaluation_fn.call(own.for_run_failure() if self._for_failures else own)
        answers = [item for item in self.answers(result) if item is not None]
        requests = [item for item in answers if isinstance(item, RunRequest)]
        for number, request in enumerate(requests):
            if request.run_key is None:
                request.run_key = f"{run.run_id}:{status.value}:{number}"
        return requests

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was decorated with a context, see `build_run_status_sensor_context`.

        Raises:
            InvalidInvocationError: it is called with something else.
        """
        found = next(iter([*args, *kwargs.values()]), None)
        if self._evaluation_fn.takes_context and found is None:
            raise InvalidInvocationError(
                "Run status sensor function expected context argument, but no context argument was provided when "
                "invoking.",
                where=self.where,
                fix="pass build_run_status_sensor_context(...)",
            )
        if self._for_failures and type(found) is RunStatusSensorContext:
            args, kwargs = (found.for_run_failure(),), {}
        return super().__call__(*args, **kwargs)


def run_status_sensor(
    run_status: DagsterRunStatus,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[AnyJob] | None = None,
    job_selection: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: AnyJob | None = None,
    request_jobs: Sequence[AnyJob] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each run that comes to stand in a certain way.

    It begins with runs that come to stand so after its first evaluation. What the function raises is told in the tick,
    and the run is not looked at again.

    Args:
        run_status: such as ``DagsterRunStatus.SUCCESS``.
        name: by default that of the function.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: by default the function's docstring.
        monitored_jobs: only runs of these; by default of all.
        job_selection: another name for monitored_jobs.
        default_status: whether it runs before anybody has started it.
        request_job: the job it runs, if it returns RunRequests.
        request_jobs: several, of which each RunRequest names one.

    Raises:
        InvalidDefinitionError: arguments exclude each other, or no run ever stands so.
    """
    return _maker(
        run_status,
        name,
        minimum_interval_seconds,
        description,
        _one_of(monitored_jobs, job_selection),
        default_status,
        request_job,
        request_jobs,
        for_failures=False,
    )


@overload
def run_failure_sensor(name: Callable[..., Any]) -> RunStatusSensorDefinition: ...
@overload
def run_failure_sensor(
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[AnyJob] | None = None,
    job_selection: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: AnyJob | None = None,
    request_jobs: Sequence[AnyJob] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]: ...
def run_failure_sensor(
    name: str | Callable[..., Any] | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[AnyJob] | None = None,
    job_selection: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: AnyJob | None = None,
    request_jobs: Sequence[AnyJob] | None = None,
) -> RunStatusSensorDefinition | Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """The same for runs that fail; the function takes a `RunFailureSensorContext`.

    Args:
        name: by default that of the function.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: by default the function's docstring.
        monitored_jobs: only runs of these; by default of all.
        job_selection: another name for monitored_jobs.
        default_status: whether it runs before anybody has started it.
        request_job: the job it runs, if it returns RunRequests.
        request_jobs: several, of which each RunRequest names one.
    """
    make = _maker(
        DagsterRunStatus.FAILURE,
        None if callable(name) else name,
        minimum_interval_seconds,
        description,
        _one_of(monitored_jobs, job_selection),
        default_status,
        request_job,
        request_jobs,
        for_failures=True,
    )
    return make(name) if callable(name) else make


def _maker(
    run_status: DagsterRunStatus,
    name: str | None,
    minimum_interval_seconds: int | None,
    description: str | None,
    monitored: Sequence[AnyJob] | None,
    default_status: DefaultSensorStatus,
    request_job: AnyJob | None,
    request_jobs: Sequence[AnyJob] | None,
    *,
    for_failures: bool,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    def make(function: Callable[..., Any]) -> RunStatusSensorDefinition:
        return RunStatusSensorDefinition(
            name or function.__name__,
            run_status,
            function,
            monitored,
            for_failures,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            job=request_job,
            jobs=request_jobs,
            default_status=default_status,
        )

    return make


def _one_of(monitored: Sequence[AnyJob] | None, selection: Sequence[AnyJob] | None) -> Sequence[AnyJob] | None:
    if monitored is not None and selection is not None:
        raise InvalidDefinitionError("monitored_jobs and job_selection are the same: give one of them")
    return monitored if monitored is not None else selection


def _names(jobs: Sequence[AssetJob | JobDefinition], whose: str) -> frozenset[str]:
    return frozenset(job.name for job in check_jobs(jobs, whose))
