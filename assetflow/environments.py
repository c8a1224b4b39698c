"""All environments that are known: those of the settings file, and those that the definitions bring."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace

from assetflow.definitions.bundle import Definitions
from assetflow.definitions.environment import DEFAULT_ENVIRONMENT, Environment
from assetflow.definitions.resource import ResourceDefinition
from assetflow.errors import AssetflowError, InvalidInvocationError, SettingsError
from assetflow.io.byte_cache import ByteCache
from assetflow.io.stores import manager_at, normal_place
from assetflow.settings import Settings


class Environments:
    """Looks environments up by name.

    Args:
        settings: of this process.
        definitions: the project, with environments of its own.
        managers: the default IO manager of each environment, kept by whoever opens many runs.

    Raises:
        SettingsError: the storage of one is none, lies in that of another, or is the same.
    """

    def __init__(
        self,
        settings: Settings,
        definitions: Definitions,
        managers: dict[tuple[str, bool], ResourceDefinition] | None = None,
    ) -> None:
        self._settings = settings
        self._definitions = definitions
        self._managers = {} if managers is None else managers
        self._known = {DEFAULT_ENVIRONMENT: Environment(DEFAULT_ENVIRONMENT)}
        for name, told in settings.environments.items():
            self._known[name] = Environment(
                name, reads_from=told.reads_from, storage=told.storage, protected=told.protected, fsync=told.fsync
            )
        for name, given in definitions.environments.items():
            self._known[name] = _over(self._known.get(name), given)
        if settings.environments or definitions.environments:
            self._check()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._known))

    def get(self, name: str) -> Environment:
        """An environment.

        Raises:
            InvalidInvocationError: there is none of this name.
        """
        if name not in self._known:
            near = difflib.get_close_matches(name, self._known, 1)
            raise InvalidInvocationError(
                f"there is no environment {name!r}",
                fix=(f"did you mean {near[0]}? " if near else "")
                + f"known are: {', '.join(self.names)}; [environments.{name}] in assetflow.toml, or "
                f"Definitions(environments=[Environment({name!r})]), makes another",
            )
        return self._known[name]

    def chain(self, name: str) -> tuple[str, ...]:
        """The environment, and those it reads from, the nearest first."""
        found = [name]
        while (above := self.get(found[-1]).reads_from) is not None and above not in found:
            found.append(above)
        return tuple(found)

    def confirm(self, name: str, *, yes: bool) -> None:
        """Let a run into a protected environment only if it is meant.

        Raises:
            InvalidInvocationError: there is no such environment, or it is protected and nobody has said yes.
        """
        if self.get(name).is_protected and not yes:
            raise InvalidInvocationError(
                f"environment {name} is protected: what is there would be overwritten",
                fix="say that it is meant: --yes on the command line, submit(..., yes=True) in Python",
            )

    def resources(self, name: str) -> Mapping[str, ResourceDefinition]:
        """What assets use that bring nothing of their own: of the installation, the project, and the environment.

        Raises:
            InvalidInvocationError: there is no such environment.
            SettingsError: its storage is none.
        """
        found = self.get(name)
        return {"io_manager": self._default_manager(found), **self._definitions.resources, **found.resources}

    def storage_of(self, found: Environment) -> str:
        """Where its default IO manager keeps values: a folder, or ``s3://bucket/prefix``."""
        if found.storage is not None:
            return found.storage
        if found.name == DEFAULT_ENVIRONMENT:
            return str(self._settings.storage)
        return str(self._settings.home / "environments" / found.name)

    def uses_storage(self, name: str) -> bool:
        """Whether assets that bring no IO manager are kept in its storage: nobody else has given them one."""
        return "io_manager" not in self._definitions.resources and "io_manager" not in self.get(name).resources

    def _default_manager(self, found: Environment) -> ResourceDefinition:
        place = (self.storage_of(found), found.syncs or self._settings.fsync)
        if place not in self._managers:
            room = int(self._settings.cache_mb * 2**20)
            cache = ByteCache(self._settings.home / "cache", room) if room else None
            manager = manager_at(place[0], fsync=place[1], cache=cache)
            self._managers[place] = ResourceDefinition.hardcoded_resource(manager)
        return self._managers[place]

    def _check(self) -> None:
        places: dict[str, str] = {}
        shared = "io_manager" in self._definitions.resources
        for name, found in self._known.items():
            if shared and (found.storage or found.reads_from) and "io_manager" not in found.resources:
                raise SettingsError(
                    f"environment {name} would keep its values where all others do: the resources of the definitions "
                    f"have an io_manager, which comes before {'its storage' if found.storage else 'a storage'}",
                    fix=f'Environment("{name}", {{"io_manager": ...}}) in Definitions(environments=...) gives it '
                    "its own; or take io_manager from the definitions",
                )
            if found.reads_from is not None and found.reads_from not in self._known:
                raise SettingsError(
                    f"environment {name} reads from {found.reads_from}, which there is not",
                    fix=f"known are: {', '.join(self.names)}",
                )
            try:
                place = normal_place(self.storage_of(found))
            except SettingsError as error:
                raise SettingsError(f"environment {name}: {error.message}", fix=error.fix) from None
            other = places.setdefault(place, name)
            if other != name:
                raise SettingsError(
                    f"environments {other} and {name} keep their values in one place, {place}: what one makes would "
                    "replace what the other has made",
                    fix="give each a storage of its own",
                )
        for place, name in places.items():
            for around, other in places.items():
                if place.startswith(f"{around.rstrip('/')}/") and place != around:
                    raise SettingsError(
                        f"environment {name} keeps its values in {place}, inside the place of environment {other}: "
                        f"what one makes, or gc removes in {other}, could be what {name} has made",
                        fix="lay the two side by side",
                    )


def place_of_logs(settings: Settings, definitions: Definitions, environment: str) -> str:
    """Where what steps of an environment write is kept: what the settings say, else the environment's storage.

    Empty if nothing is kept, or if there is no such environment here.
    """
    if settings.log_storage is not None:
        return settings.log_storage
    try:
        environments = Environments(settings, definitions)
        return environments.storage_of(environments.get(environment))
    except AssetflowError:
        return ""


def _over(below: Environment | None, given: Environment) -> Environment:
    """What the definitions say of an environment, and what the settings say of it besides."""
    if below is None:
        return given
    return replace(
        given,
        reads_from=below.reads_from if given.reads_from is None else given.reads_from,
        storage=below.storage if given.storage is None else given.storage,
        protected=below.protected if given.protected is None else given.protected,
        fsync=below.fsync if given.fsync is None else given.fsync,
    )
