"""All that is looked at, in the order in which one thing needs the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assetflow.definitions.bundle import Definitions
from assetflow.doctor.fleet import look_at_fleet
from assetflow.doctor.here import look_at_key, look_at_software, look_at_variables
from assetflow.doctor.places import look_at_disks, look_at_storage
from assetflow.errors import AssetflowError
from assetflow.findings import Finding, Level, fine, problem, warning
from assetflow.settings import Settings
from assetflow.submission import Project

_FIRST_FRAMES = 4  # lines of an error that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is looked at.

    Attributes:
        settings: of the process that looks.
        load: loads the definitions; None if nobody has named any.
        environment: only the storage of this one is tried; None tries that of all.
        find_server: finds a server that commands could start; raises what is missing.
    """

    settings: Settings
    load: Callable[[], Project] | None = None
    environment: str | None = None
    find_server: Callable[[], object] | None = None


def examine(patient: Patient) -> Iterator[Finding]:
    """Look at everything: a finding as soon as there is one. Raises nothing; what fails is a finding."""
    settings = patient.settings
    yield from look_at_software()
    yield from look_at_variables(settings)
    project: Project | None = None
    for found in _definitions(patient):
        if isinstance(found, Project):
            project = found
        else:
            yield found
    yield from look_at_key(settings)
    answers, is_well = False, True
    for finding in _servers(patient):
        if finding.area == "redis":
            answers |= finding.level is Level.OK and settings.redis_url is not None
            is_well &= finding.level is not Level.PROBLEM
        yield finding
    yield from _history(settings)
    if answers:
        yield from _asking("history", lambda: _owner(settings), is_well)
    yield from look_at_storage(settings, project.definitions if project else Definitions(), patient.environment)
    yield from look_at_disks(settings)
    if answers:
        yield from _asking("workers", lambda: look_at_fleet(settings, project), is_well)


def _asking(area: str, ask: Callable[[], Iterator[Finding]], is_well: bool) -> Iterator[Finding]:
    """What a server that answers has to tell.

    Args:
        is_well: nothing was found wrong with the server; else what it refuses follows from that, and is not repeated.
    """
    try:
        yield from ask()
    except Exception as error:  # whatever its client raises
        if is_well:
            told = error.message if isinstance(error, AssetflowError) else f"{type(error).__name__}: {error}"
            fix = error.fix if isinstance(error, AssetflowError) else None
            yield problem(area, f"the server does not tell: {told}", fix or "see the server's log")


def _definitions(patient: Patient) -> Iterator[Finding | Project]:
    if patient.load is None:
        yield fine("definitions", "none were named: -m my_project looks at them too")
        return
    began = time.perf_counter()
    try:
        project = patient.load()
        graph = project.graph()
        project.definitions.check()
    except AssetflowError as error:
        lines = error.message.splitlines()
        text = "; ".join(line.strip() for line in lines[:_FIRST_FRAMES] if line.strip())
        at = f" (at {error.where})" if error.where else ""
        yield problem("definitions", f"{text}{at}", error.fix or "correct the code")
        return
    count = len(graph.materializable_keys)
    noun = "asset" if count == 1 else "assets"
    yield fine("definitions", f"{count:,} {noun} from {project.label} ({time.perf_counter() - began:.1f} s)")
    yield project


def _servers(patient: Patient) -> Iterator[Finding]:
    from assetflow.distributed.conf import is_redis
    from assetflow.distributed.examination import look_at_broker
    from assetflow.stores.redis.examination import look_at_server

    settings = patient.settings
    if settings.redis_url is None:
        yield _embedded(patient)
        return
    yield from look_at_server(settings.redis_url, setting=_setting(settings, "redis_url"))
    if settings.broker_url and settings.broker_url != settings.redis_url:
        if is_redis(settings.broker_url):
            yield from look_at_server(settings.broker_url, area="broker", setting=_setting(settings, "broker_url"))
        else:
            yield from look_at_broker(settings.broker_url)


def _setting(settings: Settings, name: str) -> str:
    """Where people find the setting that is wrong."""
    origin = settings.where(name)
    return f"{name} in {origin}" if origin.endswith(".toml") else f"ASSETFLOW_{name.upper()}"


def _embedded(patient: Patient) -> Finding:
    """Nobody has named a server: commands start one, if they find one to start."""
    try:
        if patient.find_server is not None:
            patient.find_server()
    except AssetflowError as error:
        return problem("redis", error.message, error.fix or "")
    return fine("redis", "no server is configured: each command starts the bundled one; `assetflow dev` keeps one")


def _history(settings: Settings) -> Iterator[Finding]:
    from assetflow.stores.sql.examination import look_at_history

    url = settings.history_url
    if url is None:
        yield warning(
            "history",
            "none is kept: runs are forgotten a day after their end",
            "remove database_url = none",
        )
        return
    yield from look_at_history(url, settings.where("database_url"))


def _owner(settings: Settings) -> Iterator[Finding]:
    """Whether runs are recorded in the history that is looked into here."""
    from assetflow.stores.sql.examination import owner_of
    from assetflow.wiring import connect, outbox_of

    url = settings.history_url
    if url is None:
        return
    recorded_in = outbox_of(connect(settings, only_live=True)).owner()
    here = owner_of(url, settings.where("database_url"))
    if recorded_in and recorded_in != here:
        yield problem(
            "history",
            f"runs of this server are recorded in another history ({recorded_in[:8]}) than the one here "
            f"({here[:8] if here else 'not made yet'})",
            "give all the same ASSETFLOW_DATABASE_URL; `assetflow history adopt` makes this one the right one",
        )
