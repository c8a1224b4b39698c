"""Sensors: functions that are asked again and again whether something is to be run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.instigating import (
    AnyJob,
    DefaultSensorStatus,
    UserFunction,
    check_job_name,
    check_jobs,
    check_status,
    check_target_name,
    each_of,
    where_of,
)
from assetflow.definitions.job import AssetJob
from assetflow.definitions.names import check_name
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.sensor_context import SensorEvaluationContext, SensorExecutionData, SensorResult
from assetflow.errors import (
    CheckError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    ParameterCheckError,
)

DEFAULT_INTERVAL = 30
EMPTY_RESULT = "Sensor function returned an empty result"


class SensorDefinition:
    """A function that is evaluated again and again, and asks for runs.

    Args:
        name: by default that of the function.
        evaluation_fn: takes a `SensorEvaluationContext`, or nothing.
        job_name: name of the job it runs.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: for people.
        job: the job itself, in place of its name.
        jobs: several, of which each RunRequest names one.
        default_status: whether it runs before anybody has started it.
        asset_selection: the assets it runs, in place of a job.

    Raises:
        InvalidDefinitionError: more than one of the jobs, job names and selections is given.
        CheckError: an argument is of another type.
    """

    __slots__ = (
        "_evaluation_fn", "asset_selection", "default_status", "description", "job_names", "jobs",
        "minimum_interval_seconds", "name", "where",
    )  # fmt: skip

    kind = "sensor"

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: Callable[..., Any] | UserFunction | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        jobs: Sequence[AnyJob] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        asset_selection: Any = None,
    ) -> None:
        if evaluation_fn is None:
            raise InvalidDefinitionError("Must provide evaluation_fn to SensorDefinition.")
        user = evaluation_fn if isinstance(evaluation_fn, UserFunction) else UserFunction(evaluation_fn, "Sensor")
        self._evaluation_fn = user
        self.where = where_of(user.function)
        found = name or user.function.__name__
        self.name = check_name(found, f'sensor "{found}"', self.where)
        if sum(value is not None for value in (job, jobs, job_name, asset_selection)) > 1:
            raise InvalidDefinitionError(
                "Attempted to provide more than one of 'job', 'jobs', 'job_name', and 'asset_selection' params to "
                "SensorDefinition. Must provide only one.",
                where=self.where or str(self),
            )
        check_job_name(job_name, str(self))
        self.jobs = check_jobs([*(jobs or ()), *([job] if job is not None else [])], str(self))
        self.job_names = (job_name,) if job_name is not None else tuple(one.name for one in self.jobs)
        self.asset_selection = asset_selection
        if asset_selection is not None:
            self.asset_selection = import_module("assetflow.lineage.syntax").read_selection(asset_selection)
        Arguments(str(self), self.where).texts(description=description)
        check_status(default_status, DefaultSensorStatus, str(self))
        self.minimum_interval_seconds = _interval(minimum_interval_seconds, str(self))
        self.description = description
        self.default_status = default_status

    @property
    def job_name(self) -> str | None:
        """The name of its job, if it has one job."""
        return self.job_names[0] if len(self.job_names) == 1 else None

    @property
    def own_job(self) -> AssetJob | None:
        """The job over the assets it selects, if it selects any."""
        if self.asset_selection is None:
            return None
        return AssetJob(f"__{self.kind}_{self.name}", self.asset_selection)

    def evaluate_tick(self, context: SensorEvaluationContext) -> SensorExecutionData:
        """What is to be done now.

        Raises:
            CheckError: the function has answered something else than a sensor may.
            InvariantViolationError: it has set its cursor in two ways.
        """
        result = [item for item in self._evaluate(context) if item is not None]
        if any(isinstance(item, SensorResult) for item in result):
            result = self._taken_apart(result, context)
        requests = [item for item in result if isinstance(item, RunRequest)]
        reasons = [item for item in result if isinstance(item, SkipReason)]
        if requests and reasons:
            raise CheckError(
                "Expected a single SkipReason or one or more RunRequests: received both RunRequest and SkipReason"
                f" ({self})"
            )
        if len(reasons) > 1:
            raise CheckError(f"Expected a single SkipReason: received multiple SkipReasons ({self})")
        self.check_requests(requests)
        message = reasons[0].skip_message if reasons else None if requests else EMPTY_RESULT
        return SensorExecutionData(
            run_requests=requests,
            skip_message=message,
            cursor=context.cursor,
            errors=tuple(context.errors),
            dynamic_partitions_requests=tuple(context.changes),
            asset_events=tuple(context.events),
            decisions=tuple(context.decisions),
        )

    def _evaluate(self, context: Any) -> Iterable[Any]:
        """What the function has answered, one by one; other kinds of sensors answer in their own ways."""
        return self.answers(self._evaluation_fn.call(context))

    def answers(self, result: Any) -> Iterable[Any]:
        """The answers in what a function has returned.

        Raises:
            InvariantViolationError: something in it is no answer.
        """
        for item in each_of(result):
            if item is not None and not isinstance(item, RunRequest | SkipReason | SensorResult):
                raise InvariantViolationError(
                    f"Error in sensor {self.name}: Sensor unexpectedly returned output {item!r:.200} of type "
                    f"{type(item)}.  Should only return SkipReason or RunRequest objects.",
                    where=self.where,
                )
            yield item

    def _taken_apart(self, result: list[Any], context: SensorEvaluationContext) -> list[Any]:
        if len(result) > 1:
            raise CheckError(
                f"When a SensorResult is returned from a sensor, it must be the only object returned. ({self})"
            )
        only: SensorResult = result[0]
        if only.cursor is not None:
            if context.cursor_updated:
                raise InvariantViolationError(
                    "SensorResult.cursor cannot be set if context.update_cursor() was called.", where=self.where
                )
            context.update_cursor(only.cursor)
        context.changes += only.dynamic_partitions_requests
        context.events += only.asset_events
        return [*only.run_requests, *([only.skip_reason] if only.skip_reason else [])]

    def check_requests(self, requests: Sequence[RunRequest]) -> None:
        """Check that each run that is asked for is of a job that the sensor has; CheckError if not."""
        if requests and not self.job_names and self.asset_selection is None:
            raise CheckError(
                f"Error in sensor {self.name}: Sensor evaluation function returned a RunRequest for a sensor lacking a "
                "specified target (job_name, job, or jobs). Targets can be specified by providing job, jobs, or "
                "job_name to the @sensor decorator."
            )
        own = self.own_job
        names = self.job_names if own is None else (own.name,)
        for request in requests:
            check_target_name(request.job_name, names, f"sensor {self.name}")

    def target_of(self, request: RunRequest) -> str | None:
        """The name of the job that a request is for."""
        own = self.own_job
        return request.job_name or (own.name if own is not None else self.job_names[0] if self.job_names else None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was decorated, as it is.

        Raises:
            InvalidInvocationError: it is called with something else than what it takes.
        """
        return self._evaluation_fn.invoke(args, kwargs)

    def __str__(self) -> str:
        return f'sensor "{self.name}"'

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: Any = None,
) -> Callable[[Callable[..., Any]], SensorDefinition]:
    """Make a sensor of a function that says whether something is to be run.

    The function takes a `SensorEvaluationContext`, or nothing, and returns or yields RunRequests, a SkipReason, a
    SensorResult, or None.

    Args:
        job_name: name of the job it runs.
        name: by default that of the function.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: by default the function's docstring.
        job: the job itself, in place of its name.
        jobs: several, of which each RunRequest names one.
        default_status: whether it runs before anybody has started it.
        asset_selection: the assets it runs, in place of a job.

    Raises:
        InvalidDefinitionError: more than one of the jobs, job names and selections is given.
    """
    if callable(job_name):
        raise InvalidInvocationError("@sensor takes arguments in parentheses", fix="@sensor(job=my_job)")

    def make(function: Callable[..., Any]) -> SensorDefinition:
        return SensorDefinition(
            name,
            evaluation_fn=function,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
        )

    return make


def _interval(value: Any, whose: str) -> int:
    if value is None:
        return DEFAULT_INTERVAL
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ParameterCheckError(f"minimum_interval_seconds of {whose} is a number from 0, not {value!r}")
    return value
