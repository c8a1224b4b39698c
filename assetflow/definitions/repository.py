"""Repositories: definitions gathered by a function, as they were written before there was Definitions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.implicit_jobs import implicit_job_names
from assetflow.definitions.job import AssetJob
from assetflow.definitions.location import location_of
from assetflow.definitions.names import check_name
from assetflow.definitions.schedule import ScheduleDefinition
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.source_asset import SourceAsset
from assetflow.errors import InvalidDefinitionError

Function = Callable[[], Any]
_ITEMS = (AssetsDefinition, SourceAsset, AssetSpec, AssetJob, ScheduleDefinition, SensorDefinition)


class RepositoryDefinition(Definitions):
    """What ``@repository`` makes: definitions with a name."""

    __slots__ = ("description", "name")

    def __init__(self, name: str, description: str | None, items: Sequence[Any]) -> None:
        super().__init__(
            assets=[item for item in items if isinstance(item, AssetsDefinition | SourceAsset | AssetSpec)],
            jobs=[item for item in items if isinstance(item, AssetJob)],
            schedules=[item for item in items if isinstance(item, ScheduleDefinition)],
            sensors=[item for item in items if isinstance(item, SensorDefinition)],
        )
        self.check()
        self.name = name
        self.description = description

    def load_all_definitions(self) -> None:
        """Check everything again; it was checked when the repository was made."""
        self.check()

    def get_implicit_asset_job_names(self) -> list[str]:
        """The names of the jobs that are there by themselves: one for each way in which assets are divided."""
        return implicit_job_names(self.assets)


@overload
def repository(definitions_fn: Function) -> RepositoryDefinition: ...
@overload
def repository(
    *, name: str | None = None, description: str | None = None
) -> Callable[[Function], RepositoryDefinition]: ...
def repository(
    definitions_fn: Function | None = None, *, name: str | None = None, description: str | None = None
) -> RepositoryDefinition | Callable[[Function], RepositoryDefinition]:
    """Make a repository of a function that returns a list of what belongs together, with lists within lists.

    What may be in it: assets, source assets, specs, jobs, schedules and sensors.

    Raises:
        InvalidDefinitionError: it returns something else, two assets have one key, or an input stands for nothing.
        CircularDependencyError: assets need each other in a circle.
        InvalidSubsetError: a job selects what is not there.
    """

    def make(function: Function) -> RepositoryDefinition:
        place = location_of(function)
        where = str(place) if place else None
        returned = function()
        if not isinstance(returned, list):
            raise _bad(function, returned, where)
        items = list(_flat(returned))
        for item in items:
            if not isinstance(item, _ITEMS):
                raise _bad(function, item, where)
        found = name or function.__name__
        return RepositoryDefinition(
            check_name(found, f'repository "{found}"', where),
            description or inspect.getdoc(function),
            items,
        )

    return make if definitions_fn is None else make(definitions_fn)


def _flat(items: Iterable[Any]) -> Iterable[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _bad(function: Function, value: Any, where: str | None) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"Bad return value from repository function {function.__name__}: {type(value).__name__} {value!r:.80}",
        where=where,
        fix="return a list of assets, source assets, specs, jobs, schedules and sensors",
    )
