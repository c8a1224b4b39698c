"""The distributed door for Python users: submit, and what is then in hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from assetflow.clock import wait_until
from assetflow.code.fingerprint import fingerprint_of
from assetflow.code.reference import CodeRef
from assetflow.collecting import collecting_later
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.definitions.run_config import RunConfig
from assetflow.engine.launch import launch
from assetflow.environments import Environments
from assetflow.errors import (
    HistoryUnreachableError,
    InvalidInvocationError,
    RunNotFoundError,
    ServiceUnreachableError,
)
from assetflow.fail_points import reached
from assetflow.handle import RunHandle
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.local.discovery import read_note, running_cluster
from assetflow.log import logger
from assetflow.overlay import history_of, records_of
from assetflow.planning.targets import WantedPartitions
from assetflow.runs.store import Created
from assetflow.settings import Settings
from assetflow.submission import (
    PartitionsAsked,
    Project,
    Target,
    bundled,
    job_arguments,
    make_request,
    project_of,
    wanted_partitions,
)
from assetflow.wiring import Connection, connect, current_settings, for_cluster, outbox_of

if TYPE_CHECKING:
    from assetflow.stores.sql.history import SqlHistory

_CATCHES_UP = 5.0  # seconds within which a recorder has surely recorded what it can

# Set by local_cluster() for the code inside its block.
active_connection: ContextVar[Connection | None] = ContextVar("assetflow_connection", default=None)


def submit(
    target: Target,
    selection: Any = None,
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    tags: Mapping[str, str] | None = None,
    run_key: str | None = None,
    job: str | None = None,
    priority: int = 0,
    durable: bool = False,
    env: str | None = None,
    yes: bool = False,
    stale_only: bool = False,
    partition_key: str | None = None,
    partitions: PartitionsAsked = None,
) -> RunHandle:
    """Start a run on the workers and return at once.

    Args:
        target: assets, a list of assets, `Definitions`, a module, or a module's name. A name is imported by
            the workers, which must have been started for it; of everything else the code is sent along.
        selection: keys, ``"+x"``, ``"x+"``, ``"group:raw"``, ``"*"``, a list of them, or an AssetSelection.
            None means all assets.
        run_config: ``{"ops": {name: {"config": ...}}, "resources": {...}}``.
        tags: text to text, shown in listings.
        run_key: your name for this request. Submitting it again returns the run that exists.
        job: a job among the definitions: its selection, config and tags count where none are given.
        priority: -1000 to 1000; the steps of a run with a higher one go first.
        durable: return only when the run would survive a power cut of the server, where the server writes a file
            at all. Without it, the last second of a server that does not sync every write may be lost; the handle
            then submits the run again as soon as it is asked about it.
        env: name of the environment the run is for; by default that of the settings.
        yes: the run is meant, even where the environment is protected.
        stale_only: run only what is stale by the history, and of what needs it only that whose inputs come out as
            other data than before. What `run_config` speaks of is run in any case.
        partition_key: the partition to make, of assets that are all divided in the same way.
        partitions: keys and ranges of the asset that comes first, or ``"all"``; assets that are divided otherwise
            make the partitions that need these. All of it is one run, in which each partition is a step.

    Raises:
        InvalidDefinitionError, InvalidSubsetError, InvalidInvocationError: before anything is sent.
        ConflictError: the run key was used for another request.
        ServiceUnreachableError: there is no cluster.
    """
    with nullcontext() if durable else collecting_later():  # what waits for a disk has time to collect
        project = project_of(target)
        return submit_project(
            open_connection(),
            project,
            selection,
            run_config=run_config,
            tags=tags,
            run_key=run_key,
            job=job,
            priority=priority,
            durable=durable,
            env=env,
            yes=yes,
            stale_only=stale_only,
            partition_key=partition_key,
            partitions=partitions,
        )


def submit_project(
    connection: Connection,
    project: Project,
    selection: Any = None,
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    tags: Mapping[str, str] | None = None,
    run_key: str | None = None,
    job: str | None = None,
    priority: int = 0,
    durable: bool = False,
    ship_code: bool = False,
    env: str | None = None,
    yes: bool = False,
    stale_only: bool = False,
    force: Collection[AssetKey] = (),
    partition_key: str | None = None,
    partitions: PartitionsAsked | WantedPartitions = None,
    run_id: str | None = None,
) -> RunHandle:
    """Submit over a given connection.

    Args:
        ship_code: send the code even if workers could import it.
        force: with `stale_only`, assets that are run even if they are not stale.
        run_id: of the run, chosen before; by default a new one.
    """
    with collecting_later():
        code, body = code_of(connection, project, ship_code=ship_code)
        environment = env or connection.settings.env
        environments = Environments(connection.settings, project.definitions)
        environments.confirm(environment, yes=yes)
        asked = project.definitions.get_job(job or IMPLICIT_JOB).for_partition(partition_key)
        given = job_arguments(asked, selection, run_config, tags)
        with recorded_until_now(connection) if stale_only else nullcontext() as history:
            request = make_request(
                project,
                code,
                given.selection,
                environment=environment,
                run_config=given.run_config,
                tags=given.tags,
                job_name=given.job_name,
                priority=priority,
                environments=environments,
                stale_by=None if history is None else records_of(history, environments, environment),
                force=force,
                partitions=wanted_partitions(
                    partition_key, partitions, KnownPartitions(connection.settings), every=stale_only
                ),
                run_id=run_id,
            )

        def send() -> Created:
            reached("submit.before")
            created = launch(connection.store, connection.signer, request, run_key=run_key, write=connection.letter)
            if created.needs_code and body is not None:  # not known there yet: most runs are of code that is
                connection.codes.put(code.bundle, connection.signer.seal("bundle", body))
                created = launch(connection.store, connection.signer, request, run_key=run_key, write=connection.letter)
            reached("submit.after")
            connection.announce(created.run_id, created.announcements)
            return created

        def send_again() -> str:
            """The server has lost the run: go on with what the history has of it, else begin anew."""
            with suppress(RunNotFoundError, HistoryUnreachableError):
                _, announcements = connection.store.resume(request.run_id)
                connection.announce(request.run_id, announcements)
                return request.run_id
            return send().run_id

        created = send()
    if durable:
        generation = connection.store.generation()
        while (now := connection.store.await_durable()) != generation:
            generation = now
            created = send()
    return RunHandle(
        created.run_id,
        connection.store,
        connection.signer,
        connection.announce,
        request.plan,
        send_again=send_again,
        logs=connection.logs,
        retrying=connection.retrying,
        page=partial(page_of, connection.settings),
        begun=created.begun,
    )


def can_import(connection: Connection, project: Project) -> bool:
    """Whether a worker was started for the module; a worker yet to come is taken at its word."""
    if not project.module:
        return False
    known = connection.registry.workers()
    return any(project.module in view.info.modules for view in known) or not known


def page_of(settings: Settings) -> str | None:
    """Where runs can be looked at: what the settings say, else the page of a running `assetflow dev`."""
    if settings.base_url is not None:
        return settings.base_url
    note = read_note(settings.home)
    return (note.page or None) if note is not None else None


@contextmanager
def recorded_until_now(connection: Connection) -> Iterator[SqlHistory]:
    """The history, once what runs have told that are over by now is in it.

    Raises:
        InvalidInvocationError: none is kept here, or these runs are recorded in another one.
        HistoryUnreachableError: it does not answer.
    """
    history = history_of(connection.settings)
    try:
        outbox = outbox_of(connection)
        if not await_recorded(connection):
            logger.warning("what the last runs have told is not recorded yet: no worker is there to do it")
        if outbox.owner() not in (None, history.log.identity):
            raise InvalidInvocationError(
                f"what is stale cannot be told: runs of {connection.title} are recorded in another history",
                where=history.database.title,
                fix="set ASSETFLOW_DATABASE_URL to that one, or record here from now on: assetflow history adopt",
            )
        yield history
    finally:
        history.close()


def await_recorded(connection: Connection) -> bool:
    """Wait some seconds until what runs have told that are over is in the history; whether it is."""
    outbox = outbox_of(connection)

    def has_caught_up() -> bool:
        if outbox.owner() is None:  # nobody has recorded anything yet
            return not outbox.has_work()
        return not any(_is_over(connection, run_id) for run_id in outbox.waiting())

    return wait_until(has_caught_up, timeout=_CATCHES_UP)


def _is_over(connection: Connection, run_id: str) -> bool:
    try:
        return connection.store.view(run_id, steps=False).status.is_terminal
    except RunNotFoundError:
        return False


def code_of(connection: Connection, project: Project, *, ship_code: bool = False) -> tuple[CodeRef, bytes | None]:
    """How workers find the code of a project, and the code itself where it has to be sent along."""
    if project.module and not ship_code:
        version = fingerprint_of(project.definitions)
        return CodeRef(module=project.module, fingerprint=version, label=project.label), None
    sha, body = bundled(project)
    # Sealed with another key it is another bundle: who has the right key must not be handed the wrong seal.
    return CodeRef(bundle=f"{sha}-{connection.signer.key_id}", label=project.label), body


def open_connection() -> Connection:
    """The cluster to talk to: the surrounding `local_cluster`, the configured one, or a running `assetflow dev`.

    Raises:
        ServiceUnreachableError: there is none of these, or it does not answer.
    """
    inside = active_connection.get()
    if inside is not None:
        return inside
    settings = current_settings()
    if settings.redis_url is not None:
        return connect(settings)
    url = running_cluster(settings.home)
    if url is None:
        raise ServiceUnreachableError(
            "there is no cluster to submit to",
            fix="start one with `assetflow dev`, or wrap the call in `with local_cluster():`, "
            "or set ASSETFLOW_REDIS_URL to the Redis of your workers",
        )
    return connect(for_cluster(settings, redis_url=url))
