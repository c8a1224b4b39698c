"""The schedules and sensors of some definitions, by name, and the jobs that come with them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from assetflow.definitions.instigating import asset_job_of, is_target_of_all
from assetflow.definitions.job import IMPLICIT_JOB, AssetJob
from assetflow.definitions.schedule import ScheduleDefinition
from assetflow.definitions.sensor import SensorDefinition
from assetflow.errors import InvalidDefinitionError, InvariantViolationError, ParameterCheckError


class Instigators:
    """Schedules and sensors.

    Attributes:
        schedules, sensors: by name.

    Raises:
        InvalidDefinitionError: two of them have one name.
        ParameterCheckError: something is neither.
    """

    __slots__ = ("schedules", "sensors")

    def __init__(self, schedules: Iterable[Any] | None, sensors: Iterable[Any] | None) -> None:
        self.schedules: dict[str, ScheduleDefinition] = _by_name(schedules, ScheduleDefinition, "schedules")
        self.sensors: dict[str, SensorDefinition] = _by_name(sensors, SensorDefinition, "sensors")
        for name in self.schedules.keys() & self.sensors.keys():
            raise _twice(self.schedules[name], self.sensors[name])

    def jobs(self) -> list[AssetJob]:
        """The jobs that they were given, each once."""
        given = [one.job for one in self.schedules.values() if one.job is not None]
        given += [job for one in self.sensors.values() for job in one.jobs]
        return [asset_job_of(job) for job in dict.fromkeys(given) if not is_target_of_all(job)]

    def job_of_selection(self, name: str) -> AssetJob | None:
        """The job over the assets that a sensor selects, by its name."""
        own = (one.own_job for one in self.sensors.values())
        return next((job for job in own if job is not None and job.name == name), None)

    def schedule(self, name: str) -> ScheduleDefinition:
        """The schedule of this name; InvariantViolationError if there is none."""
        if name not in self.schedules:
            raise _unknown("schedule", name, self.schedules)
        return self.schedules[name]

    def sensor(self, name: str) -> SensorDefinition:
        """The sensor of this name; InvariantViolationError if there is none."""
        if name not in self.sensors:
            raise _unknown("sensor", name, self.sensors)
        return self.sensors[name]

    def check(self, has_job: Callable[[str], bool]) -> None:
        """Check that the jobs are there that they name; InvalidDefinitionError if one is not."""
        wanted: list[tuple[ScheduleDefinition | SensorDefinition, tuple[str, ...]]] = []
        wanted += [(one, (one.job_name,)) for one in self.schedules.values()]
        wanted += [(one, one.job_names) for one in self.sensors.values()]
        for one, names in wanted:
            for name in names:
                if not has_job(name):
                    raise InvalidDefinitionError(
                        f'{one} targets job "{name}", which is not among the jobs',
                        where=one.where,
                        fix="give it the job itself, job=..., or give the job to Definitions(jobs=[...])",
                    )


def named_jobs(jobs: Iterable[Any] | None, instigators: Instigators) -> dict[str, AssetJob]:
    """Jobs by name: those that are given, and those that come with schedules and sensors.

    Raises:
        InvalidDefinitionError: two have one name.
        ParameterCheckError: something among those that are given is none.
    """
    found: dict[str, AssetJob] = {}
    for job in jobs or ():
        if not isinstance(job, AssetJob):
            raise ParameterCheckError(f"jobs is a list of what define_asset_job makes, not of {job!r}")
        if job.name in found or job.name == IMPLICIT_JOB:
            raise _same_name(job)
        found[job.name] = job
    for job in instigators.jobs():
        known = found.setdefault(job.name, job)
        if known is not job and _about(known) != _about(job):
            raise _same_name(job)
    return found


def _about(job: AssetJob) -> tuple[Any, ...]:
    return (job.selection, job.config, job.tags, job.hooks, job.partitions_def)


def _same_name(job: AssetJob) -> InvalidDefinitionError:
    return InvalidDefinitionError(f"Duplicate job name: {job.name}", fix="give each job a name of its own")


def _by_name(given: Iterable[Any] | None, kind: type[Any], what: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in given or ():
        if not isinstance(item, kind):
            raise ParameterCheckError(f"{what} is a list of {kind.__name__}, not of {item!r:.200}")
        if item.name in found and found[item.name] is not item:
            raise _twice(found[item.name], item)
        found[item.name] = item
    return found


def _twice(first: ScheduleDefinition | SensorDefinition, other: ScheduleDefinition | SensorDefinition) -> Exception:
    return InvalidDefinitionError(
        f"Duplicate definition found for {first.name}: a schedule or a sensor of this name is there already",
        where=" and ".join(str(place) for place in (first.where, other.where) if place) or None,
        fix="give each schedule and each sensor a name of its own",
    )


def _unknown(what: str, name: str, known: Mapping[str, Any]) -> InvariantViolationError:
    near = difflib.get_close_matches(name, known, 1)
    return InvariantViolationError(
        f'Could not find {what} "{name}". There are: {", ".join(known) or "none"}',
        fix=f"did you mean {near[0]}?" if near else f"give it to Definitions({what}s=[...])",
    )
