"""What schedules and sensors have in common: the jobs they start, and how their functions are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any

from assetflow.definitions.job import AssetJob, JobDefinition
from assetflow.definitions.location import location_of
from assetflow.definitions.names import check_text
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidInvocationError, ParameterCheckError

AnyJob = AssetJob | JobDefinition


class DefaultScheduleStatus(Enum):
    """Whether a schedule runs before anybody has started or stopped it."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class DefaultSensorStatus(Enum):
    """Whether a sensor runs before anybody has started or stopped it."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


def where_of(function: Callable[..., Any] | None) -> str | None:
    """The place of a function in a file, for errors."""
    place = None if function is None else location_of(function)
    return str(place) if place else None


def check_jobs(jobs: Iterable[Any], whose: str) -> tuple[AnyJob, ...]:
    """The jobs as they were given; ParameterCheckError if one is none."""
    found = tuple(jobs)
    for job in found:
        if not isinstance(job, AssetJob | JobDefinition):
            raise ParameterCheckError(f"a job of {whose} is made with define_asset_job, unlike {job!r:.200}")
    return found


def check_job_name(job_name: Any, whose: str) -> None:
    """Check that a job's name is text; ParameterCheckError if not."""
    check_text(job_name, f"job_name of {whose}")


def asset_job_of(job: AnyJob) -> AssetJob:
    """The job as it was defined."""
    if isinstance(job, AssetJob):
        return job
    return AssetJob(job.name, job.selection, job.config, job.description, job.tags, job.hooks, job.partitions_def)


def is_target_of_all(job: AnyJob) -> bool:
    """Whether a job is one of those that are there by themselves."""
    return job.name.startswith("__ASSET_JOB")


class UserFunction:
    """A function of a schedule or sensor, which may take a context.

    Args:
        function: what the user wrote.
        kind: ``Schedule`` or ``Sensor``, for errors.
        extra: how many arguments it takes behind the context.
    """

    __slots__ = ("_extra", "_kind", "_parameters", "function")

    def __init__(self, function: Callable[..., Any], kind: str, extra: int = 0) -> None:
        self.function = function
        self._kind = kind
        self._extra = extra
        self._parameters = _needed(function)
        if len(self._parameters) > 1 + extra or (extra and len(self._parameters) < 1 + extra):
            wanted = "context" if not extra else "context, asset_event"
            raise InvalidDefinitionError(
                f"{kind} function {function.__name__} takes {len(self._parameters)} arguments",
                where=where_of(function),
                fix=f"def {function.__name__}({wanted}): ...",
            )

    @property
    def takes_context(self) -> bool:
        """Whether it takes a context."""
        return bool(self._parameters)

    def call(self, context: Any, *more: Any) -> Any:
        """What it returns for a context."""
        return self.function(context, *more) if self.takes_context else self.function()

    def invoke(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call it as a user does in a test: with a context if it takes one, and with nothing else.

        Raises:
            InvalidInvocationError: it is called with something else.
        """
        kind, where = self._kind, where_of(self.function)
        if not self.takes_context:
            if args or kwargs:
                raise InvalidInvocationError(
                    f"Decorated {kind.lower()} function takes no arguments, but arguments were provided.", where=where
                )
            return self.function()
        if not args and not kwargs:
            raise InvalidInvocationError(
                f"{kind} decorated function has context argument, but no context argument was provided when invoking.",
                where=where,
                fix=f"pass build_{kind.lower().replace(' ', '_')}_context(...)",
            )
        if len(args) + len(kwargs) > 1 + self._extra:
            raise InvalidInvocationError(
                f"{kind} invocation received multiple arguments. Only a first positional context parameter should be "
                "provided when invoking.",
                where=where,
            )
        for name in kwargs:
            if name not in self._parameters:
                raise InvalidInvocationError(
                    f"{kind} invocation expected argument '{self._parameters[0]}'.", where=where
                )
        return self.function(*args, **kwargs)


def _needed(function: Callable[..., Any]) -> list[str]:
    """Names of the arguments that a function has to be given; none of a builtin that does not tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return []
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in variadic]


def each_of(result: Any) -> Iterator[Any]:
    """What a function has returned or yielded, one by one; nothing if it returned None."""
    if inspect.isgenerator(result) or isinstance(result, list | tuple):
        yield from result
    elif result is not None:
        yield result


def check_status(value: Any, kind: type[Enum], whose: str) -> None:
    """Check a default status; ParameterCheckError if it is none."""
    if not isinstance(value, kind):
        raise ParameterCheckError(f"default_status of {whose} is a {kind.__name__}, not {value!r}")


def check_target_name(name: str | None, targets: Iterable[str], whose: str) -> None:
    """Check that a job that is asked for is one of those that may be."""
    known = list(targets)
    if name is None and len(known) > 1:
        raise CheckError(
            f"Error in {whose}: it returned a RunRequest that did not specify job_name for the requested run. "
            f"Expected one of: {known}"
        )
    if name is not None and name not in known:
        raise CheckError(f"Error in {whose}: it returned a RunRequest with job_name {name}. Expected one of: {known}")
