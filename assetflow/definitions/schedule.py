"""Schedules: jobs that run at certain times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from assetflow.cron import check_cron, fire_times, zone_of
from assetflow.definitions.arguments import Arguments
from assetflow.definitions.instigating import (
    AnyJob,
    DefaultScheduleStatus,
    UserFunction,
    check_job_name,
    check_jobs,
    check_status,
    each_of,
    where_of,
)
from assetflow.definitions.names import check_name
from assetflow.definitions.op import normalize_tags
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.schedule_context import ScheduleEvaluationContext, ScheduleExecutionData
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidInvocationError, ParameterCheckError

Evaluate = Callable[[ScheduleEvaluationContext], Any]
EMPTY_RESULT = "Schedule function returned an empty result"


@dataclass(frozen=True, slots=True)
class CatchUpPolicy:
    """What becomes of fire times that have passed while nobody was there to evaluate the schedule.

    Attributes:
        missed_ticks: how many of them are made up for, the latest ones; None for all. The others are recorded as
            skipped.
    """

    missed_ticks: int | None = 1

    def __post_init__(self) -> None:
        most = self.missed_ticks
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 0):
            raise ParameterCheckError(f"missed_ticks is a number from 0, or None for all, not {most!r}")

    @staticmethod
    def none() -> CatchUpPolicy:
        """What was missed is missed."""
        return CatchUpPolicy(0)

    @staticmethod
    def latest() -> CatchUpPolicy:
        """The latest missed fire time is made up for, once the daemon is back."""
        return CatchUpPolicy(1)

    @staticmethod
    def last(count: int) -> CatchUpPolicy:
        """So many of the latest ones are made up for, the earliest of them first."""
        return CatchUpPolicy(count)

    @staticmethod
    def all() -> CatchUpPolicy:
        """Each is made up for, the earliest first."""
        return CatchUpPolicy(None)


class ScheduleDefinition:
    """A job that is run at certain times.

    Args:
        name: by default that of the job and ``_schedule``.
        cron_schedule: five fields, a nickname such as ``@daily``, or a list of these: it fires when one of them does.
        job_name: name of the job.
        run_config: of its runs, in place of the job's.
        run_config_fn: the same, from a context.
        tags: of its runs, in addition to the job's.
        tags_fn: the same, from a context.
        should_execute: False for a context skips the tick.
        environment_vars: variables that are set while it is evaluated.
        execution_timezone: the zone in which the cron expression is read; UTC by default.
        execution_fn: says everything about the runs of a tick, in place of the arguments above.
        description: for people.
        job: the job itself, in place of its name.
        default_status: whether it runs before anybody has started it.
        catch_up: what becomes of fire times that were missed; by default the latest is made up for.

    Raises:
        InvalidDefinitionError: the cron expression or the zone is none, or arguments exclude each other.
        CheckError: an argument is of another type.
    """

    __slots__ = (
        "_evaluate", "_fields", "_function", "catch_up", "cron_schedule", "default_status", "description",
        "environment_vars", "execution_timezone", "job", "job_name", "name", "where",
    )  # fmt: skip

    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str] | None = None,
        job_name: str | None = None,
        run_config: Any = None,
        run_config_fn: Evaluate | None = None,
        tags: Mapping[str, str] | None = None,
        tags_fn: Evaluate | None = None,
        should_execute: Evaluate | None = None,
        environment_vars: Mapping[str, str] | None = None,
        execution_timezone: str | None = None,
        execution_fn: Evaluate | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        catch_up: CatchUpPolicy | None = None,
    ) -> None:
        given = execution_fn or run_config_fn or tags_fn or should_execute
        self.where = where_of(given.function if isinstance(given, UserFunction) else given)
        if (job is None) == (job_name is None):
            raise ParameterCheckError(f"a schedule has a job or a job_name ({name or cron_schedule!r}), and not both")
        shown = f'schedule "{name}"' if name else "a schedule"
        check_job_name(job_name, shown)
        check_jobs([] if job is None else [job], shown)
        self.job = job
        self.job_name: str = job.name if job is not None else str(job_name)
        found = name or f"{self.job_name}_schedule"
        self.name = check_name(found, f'schedule "{found}"', self.where)
        Arguments(str(self), self.where).texts(description=description, execution_timezone=execution_timezone)
        Arguments(str(self), self.where).labels(environment_vars=environment_vars)
        check_status(default_status, DefaultScheduleStatus, str(self))
        if catch_up is not None and not isinstance(catch_up, CatchUpPolicy):
            raise ParameterCheckError(f"catch_up of {self} is a CatchUpPolicy, not {catch_up!r}")
        self.cron_schedule = cron_schedule
        self._fields = _crons(cron_schedule, str(self), self.where)
        zone_of(execution_timezone, whose=str(self), where=self.where)
        self.execution_timezone = execution_timezone
        self.environment_vars = dict(environment_vars or {})
        self.description = description
        self.default_status = default_status
        self.catch_up = catch_up or CatchUpPolicy.latest()
        self._function = execution_fn if isinstance(execution_fn, UserFunction) else None
        if execution_fn is not None and (run_config_fn or tags_fn or should_execute or tags or run_config):
            raise self._both("execution_fn", "individual run_config/tags")
        if run_config_fn is not None and run_config:
            raise self._both("run_config_fn", "run_config")
        if tags_fn is not None and tags:
            raise self._both("tags_fn", "tags")
        if execution_fn is not None:
            self._evaluate: Evaluate = execution_fn.call if isinstance(execution_fn, UserFunction) else execution_fn
        else:
            self._evaluate = _Plain(
                self.name, run_config, run_config_fn, normalize_tags(tags, self.where), tags_fn, should_execute
            )

    def _both(self, first: str, second: str) -> InvalidDefinitionError:
        return InvalidDefinitionError(
            f"Attempted to provide both {first} and {second} as arguments to ScheduleDefinition. Must provide only one "
            "of the two.",
            where=self.where or str(self),
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which it fires."""
        return ZoneInfo(self.execution_timezone or "UTC")

    @property
    def crons(self) -> tuple[str, ...]:
        """Its cron expressions, with nicknames written out."""
        return self._fields

    def fire_times(self, after: datetime) -> Iterator[datetime]:
        """When it fires after a moment, in its time zone, without end."""
        return fire_times(self._fields, self.zone, after.replace(tzinfo=UTC) if after.tzinfo is None else after)

    def evaluate_tick(self, context: ScheduleEvaluationContext) -> ScheduleExecutionData:
        """What is to be done at the time of the context.

        Raises:
            CheckError: the function has answered something else than a schedule may.
        """
        result = [item for item in each_of(self._evaluate(context)) if item is not None]
        if not result:
            return ScheduleExecutionData(skip_message=EMPTY_RESULT)
        for item in result:
            if not isinstance(item, RunRequest | SkipReason):
                raise ParameterCheckError(
                    f"{self} returned {item!r:.200}, of type {type(item).__name__}. Should only return a dict of run "
                    "config, RunRequest or SkipReason objects."
                )
        if len(result) == 1:
            only = result[0]
            if isinstance(only, SkipReason):
                return ScheduleExecutionData(skip_message=only.skip_message)
            return ScheduleExecutionData(run_requests=[only])
        if any(isinstance(item, SkipReason) for item in result):
            raise CheckError(f"{self} returned several answers, and one of them is a SkipReason")
        if any(not request.run_key for request in result):
            raise CheckError(
                "Schedules that return multiple RunRequests must specify a run_key in each RunRequest"
                f" ({self}{', ' + self.where if self.where else ''})"
            )
        return ScheduleExecutionData(run_requests=result)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was decorated, as it is.

        Raises:
            InvalidInvocationError: there is none, or it is called with something else than a context.
        """
        if self._function is None:
            raise InvalidInvocationError(
                "Schedule invocation is only supported for schedules created via the schedule decorators.",
                where=str(self),
                fix=f"{self.name}.evaluate_tick(build_schedule_context())",
            )
        return self._function.invoke(args, kwargs)

    def __str__(self) -> str:
        return f'schedule "{self.name}"'

    def __repr__(self) -> str:
        return f"ScheduleDefinition({self.name!r}, cron_schedule={self.cron_schedule!r})"


class _Plain:
    """Evaluates a schedule whose runs are all of one kind."""

    __slots__ = ("_config", "_config_fn", "_name", "_should", "_tags", "_tags_fn")

    def __init__(
        self,
        name: str,
        config: Any,
        config_fn: Evaluate | None,
        tags: Mapping[str, str],
        tags_fn: Evaluate | None,
        should: Evaluate | None,
    ) -> None:
        self._name, self._config, self._config_fn = name, config, config_fn
        self._tags, self._tags_fn, self._should = tags, tags_fn, should

    def __call__(self, context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if self._should is not None and not self._should(context):
            return refusal(self._name)
        config = self._config if self._config_fn is None else _taking(self._config_fn, context)
        tags = self._tags if self._tags_fn is None else self._tags_fn(context)
        return RunRequest(run_config=config, tags=tags)


def refusal(name: str) -> SkipReason:
    """The reason of a tick whose ``should_execute`` has said no."""
    return SkipReason(f"should_execute function for {name} returned false.")


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    tags_fn: Evaluate | None = None,
    should_execute: Evaluate | None = None,
    environment_vars: Mapping[str, str] | None = None,
    execution_timezone: str | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    catch_up: CatchUpPolicy | None = None,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """Make a schedule of a function that says what to run.

    The function takes a `ScheduleEvaluationContext`, or nothing, and returns or yields the run config of a run, as a
    dict; a RunRequest, or several with a run key each; a SkipReason; or None, which skips the tick.

    Args:
        cron_schedule: five fields, a nickname such as ``@daily``, or a list of these.
        job_name: name of the job.
        name: by default that of the function.
        tags: of runs whose config alone was returned.
        tags_fn: the same, from a context.
        should_execute: False for a context skips the tick.
        environment_vars: variables that are set while it is evaluated.
        execution_timezone: the zone in which the cron expression is read; UTC by default.
        description: by default the function's docstring.
        job: the job itself, in place of its name.
        default_status: whether it runs before anybody has started it.
        catch_up: what becomes of fire times that were missed; by default the latest is made up for.

    Raises:
        InvalidDefinitionError: the cron expression or the zone is none, or arguments exclude each other.
    """

    def make(function: Callable[..., Any]) -> ScheduleDefinition:
        found = name or function.__name__
        if tags_fn is not None and tags:
            raise InvalidDefinitionError(
                "Attempted to provide both tags_fn and tags as arguments to ScheduleDefinition. Must provide only one "
                "of the two.",
                where=where_of(function),
            )
        fixed = normalize_tags(tags, where_of(function))
        return ScheduleDefinition(
            found,
            cron_schedule=cron_schedule,
            job_name=job_name,
            environment_vars=environment_vars,
            execution_timezone=execution_timezone,
            execution_fn=_Decorated(function, found, fixed, tags_fn, should_execute),
            description=description or function.__doc__,
            job=job,
            default_status=default_status,
            catch_up=catch_up,
        )

    return make


class _Decorated(UserFunction):
    """A function under ``@schedule``, whose dicts become run requests."""

    __slots__ = ("_name", "_should", "_tags", "_tags_fn")

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        tags: Mapping[str, str],
        tags_fn: Evaluate | None,
        should: Evaluate | None,
    ) -> None:
        super().__init__(function, "Schedule")
        self._name, self._tags, self._tags_fn, self._should = name, tags, tags_fn, should

    def __call__(self, context: ScheduleEvaluationContext) -> Any:
        return self.call(context)

    def call(self, context: Any, *more: Any) -> Any:
        if self._should is not None and not self._should(context):
            return refusal(self._name)
        result = super().call(context, *more)
        if not isinstance(result, Mapping) and not hasattr(result, "to_config_dict"):
            return result
        tags = self._tags if self._tags_fn is None else self._tags_fn(context)
        return RunRequest(run_config=result, tags=tags)


def _taking(function: Evaluate, context: ScheduleEvaluationContext) -> Any:
    return UserFunction(function, "Schedule").call(context)


def _crons(given: Any, whose: str, where: str | None) -> tuple[str, ...]:
    several = given if isinstance(given, list | tuple) else [given]
    if not several:
        check_cron("", whose=whose, where=where)
    return tuple(dict.fromkeys(check_cron(one, whose=whose, where=where) for one in several))
