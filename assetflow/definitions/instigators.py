"""The schedules and sensors of some definitions, by name, and the jobs that come with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from assetflow.definitions.instigating import asset_job_of, is_target_of_all
from assetflow.definitions.job import AssetJob
from assetflow.definitions.schedule import ScheduleDefinition
from assetflow.definitions.sensor import SensorDefinition
from assetflow.errors import InvalidDefinitionError, ParameterCheckError


class Instigators:
    """Schedules and sensors.

    Attributes:
        schedules, sensors: by name.

    Args:
        has_conditions: some asset has an automation condition.

    Raises:
        InvalidDefinitionError: two of them have one name.
        ParameterCheckError: something is neither.
    """

    __slots__ = ("schedules", "sensors")

    def __init__(
        self, schedules: Iterable[Any] | None, sensors: Iterable[Any] | None, *, has_conditions: bool = False
    ) -> None:
        self.schedules: dict[str, ScheduleDefinition] = _by_name(schedules, ScheduleDefinition, "schedules")
        self.sensors: dict[str, SensorDefinition] = _by_name(sensors, SensorDefinition, "sensors")
        if has_conditions:
            self._add_default()
        for name in self.schedules.keys() & self.sensors.keys():
            raise _twice(self.schedules[name], self.sensors[name])

    def _add_default(self) -> None:
        """Add the sensor of all assets whose conditions no other one looks at, unless there is one for all."""
        home = import_module("assetflow.automation.condition_sensor")  # by name: definitions know of no conditions
        own = [one for one in self.sensors.values() if isinstance(one, home.AutomationConditionSensorDefinition)]
        every = import_module("assetflow.lineage.selection").AssetSelection.all()
        if home.DEFAULT_NAME not in self.sensors and all(one.asset_selection != every for one in own):
            self.sensors[home.DEFAULT_NAME] = home.AutomationConditionSensorDefinition(
                home.DEFAULT_NAME,
                description="Looks at the automation conditions that no other sensor looks at.",
                is_default=True,
            )

    def jobs(self) -> list[AssetJob]:
        """The jobs that they were given, each once."""
        given = [one.job for one in self.schedules.values() if one.job is not None]
        given += [job for one in self.sensors.values() for job in one.jobs]
        return [asset_job_of(job) for job in dict.fromkeys(given) if not is_target_of_all(job)]

    def job_of_selection(self, name: str) -> AssetJob | None:
        """The job over the assets that a sensor selects, by its name."""
        own = (one.own_job for one in self.sensors.values())
        return next((job for job in own if job is not None and job.name == name), None)

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
