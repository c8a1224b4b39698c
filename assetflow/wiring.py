"""The composition root: the only place where settings are read and rooms are put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from assetflow.code.loader import CodeLoader
from assetflow.code.signing import Signer, kept_key
from assetflow.code.store import CodeStore
from assetflow.config.environment import secret_values
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.resource import ResourceDefinition
from assetflow.engine.launch import Write
from assetflow.engine.opening import SessionOpener
from assetflow.engine.restoring import restore
from assetflow.engine.retrying import Retrying
from assetflow.engine.run_logs import RunLogs
from assetflow.engine.session import Announce
from assetflow.engine.slot import Slot
from assetflow.engine.watch import Watch
from assetflow.environments import Environments, place_of_logs
from assetflow.errors import SettingsError
from assetflow.fail_points import arm
from assetflow.native_threads import share_cores
from assetflow.runs.claims import Announcement
from assetflow.runs.event_log import EventLog
from assetflow.runs.gauges import Gauges
from assetflow.runs.limits import Limits
from assetflow.runs.outbox import Outbox
from assetflow.runs.registry import WorkerRegistry
from assetflow.runs.step_logs import LogFiles
from assetflow.runs.store import RunStore
from assetflow.settings import Settings, read_settings

if TYPE_CHECKING:
    from celery import Celery

    from assetflow.alerts.webhook import Webhook
    from assetflow.distributed.log_keeping import LogKeeping
    from assetflow.stores.redis.live_feed import RedisLiveFeed
    from assetflow.stores.sql.history import SqlHistory

_PROJECTS_KEPT = 16  # times environments, of which a worker remembers the resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Everything a client needs to launch runs and to look at them.

    Attributes:
        url: of the server that carries the runs.
        announce: sends wake-ups.
        letter: writes the first one of a run for a store that sends it itself.
        logs: what steps have written.
        retrying: runs again what failed.
        history: opens the history, once; None if there is none here.
        gauges: numbers about what goes on.
    """

    url: str
    settings: Settings
    store: RunStore
    limits: Limits
    registry: WorkerRegistry
    codes: CodeStore
    signer: Signer
    announce: Announce
    letter: Write
    logs: RunLogs
    retrying: Retrying
    gauges: Gauges
    history: Callable[[], SqlHistory | None] = lambda: None

    @property
    def title(self) -> str:
        """The address without its password."""
        from assetflow.stores.redis.connection import redacted

        return redacted(self.url)


def current_settings() -> Settings:
    """The settings of this process, from its environment and its working folder."""
    arm(os.environ.get("ASSETFLOW_FAIL", ""))
    found = read_settings(os.environ, Path.cwd())
    chosen = chosen_environment.get()
    return found if chosen is None else replace(found, env=chosen)


def signer_for(settings: Settings) -> Signer:
    """The signer of this installation; makes a key if there is none yet."""
    if settings.signing_key is not None:
        return Signer(settings.signing_key.encode())
    return Signer(kept_key(settings.home / "signing.key"))


# Set by ``--env`` for the rest of a command.
chosen_environment: ContextVar[str | None] = ContextVar("assetflow_environment", default=None)


def connect(settings: Settings, *, patient: bool = False, only_live: bool = False) -> Connection:
    """A connection to the server named in the settings.

    Args:
        patient: wait long for answers, as workers do.
        only_live: leave the history alone, as workers do; else runs that are over are read from there.

    Raises:
        ServiceUnreachableError: it does not answer.
    """
    from assetflow.distributed.app import make_app
    from assetflow.distributed.dispatcher import Dispatcher
    from assetflow.stores.redis.code_store import RedisCodeStore
    from assetflow.stores.redis.connection import connect as connect_redis
    from assetflow.stores.redis.gauges import RedisGauges
    from assetflow.stores.redis.limits import RedisLimits
    from assetflow.stores.redis.live_logs import RedisLiveLogs
    from assetflow.stores.redis.run_store import RedisRunStore
    from assetflow.stores.redis.workers import RedisWorkerRegistry

    url = redis_url_of(settings)
    client = connect_redis(url, patient=patient)
    history = cache(lambda: open_history(settings))
    codes, signer, keep = RedisCodeStore(client), signer_for(settings), int(settings.keep_hours * 3600)

    def joined() -> RunStore:
        from assetflow.stores.redis.joined import JoinedRunStore

        def bring_back(store: RunStore, log: EventLog, run_id: str) -> list[Announcement]:
            return restore(store, log, signer, codes, run_id)

        return JoinedRunStore(client, lambda: log_of(history()), bring_back, keep_seconds=keep)

    store = RedisRunStore(client, keep_seconds=keep) if only_live else joined()
    dispatcher = Dispatcher(make_app(settings.broker_url or url, patience=2), client.connection_pool.connection_kwargs)
    return Connection(
        url=url,
        settings=settings,
        store=store,
        limits=RedisLimits(client),
        registry=RedisWorkerRegistry(client),
        codes=codes,
        signer=signer,
        announce=dispatcher,
        letter=dispatcher.letter,
        logs=RunLogs(store, RedisLiveLogs(client), log_files(), lambda: log_of(history())),
        retrying=Retrying(store, signer, codes, lambda: log_of(history())),
        gauges=RedisGauges(client),
        history=history,
    )


def build_worker_app(settings: Settings | None = None) -> Celery:
    """The Celery application of workers. Connects to nothing until a worker starts.

    Raises:
        SettingsError: no server is configured.
    """
    from assetflow.distributed.app import WorkerParts, make_worker_app

    chosen = settings or current_settings()
    url = redis_url_of(chosen)
    signer = signer_for(chosen)

    managers: dict[tuple[str, bool], ResourceDefinition] = {}

    @lru_cache(maxsize=_PROJECTS_KEPT)
    def shared(definitions: Definitions, environment: str) -> Mapping[str, ResourceDefinition]:
        return Environments(chosen, definitions, managers).resources(environment)

    @lru_cache(maxsize=_PROJECTS_KEPT)
    def log_place(definitions: Definitions | None, environment: str) -> str:
        return place_of_logs(chosen, definitions or Definitions(), environment)

    def make_slot(name: str, watch: Watch) -> Slot:
        connection = connect(chosen, patient=True, only_live=True)
        loader = CodeLoader(
            signer, connection.codes, chosen.modules, partial(connection.registry.loaded, name.partition(":")[0])
        )
        around = None
        if chosen.otel_endpoint is not None:
            from assetflow.telemetry.otlp import ready, steps_as_parents

            around = steps_as_parents if ready(chosen.otel_endpoint) else None
        opener = SessionOpener(connection.store, signer, loader, connection.announce, shared, log_place, around)
        return Slot(name, connection.store, opener, watch=watch)

    from assetflow.stores.redis.connection import PASSING_ERRORS

    environment = {
        "ASSETFLOW_HOME": str(chosen.home),
        "ASSETFLOW_REDIS_URL": url,
        "ASSETFLOW_BROKER_URL": chosen.broker_url or url,
        "ASSETFLOW_MODULES": ",".join(chosen.modules),
        "ASSETFLOW_GRACE_SECONDS": str(chosen.grace_seconds),
        "ASSETFLOW_DRAIN_SECONDS": str(chosen.drain_seconds),
        "ASSETFLOW_DATABASE_URL": chosen.database_url or "",
        "ASSETFLOW_LOG_MB": str(chosen.log_mb),
        "ASSETFLOW_ALERT_URL": chosen.alert_url or "",
        "ASSETFLOW_BASE_URL": chosen.base_url or "",
        "ASSETFLOW_LOG_FORMAT": chosen.log_format,
        "ASSETFLOW_OTEL_ENDPOINT": chosen.otel_endpoint or "",
        "ASSETFLOW_RETENTION_DAYS": str(chosen.retention_days),
        **({"ASSETFLOW_KEEP_HOURS": str(chosen.keep_hours)} if "keep_hours" in chosen.origin else {}),
    }
    parts = WorkerParts(
        make_slot=make_slot,
        make_log_keeping=(lambda: build_log_keeping(chosen)) if chosen.log_mb else None,
        sidecar_command=(sys.executable, "-m", "assetflow.sidecar_process"),
        sidecar_environment=environment,
        share_cores=lambda slots: share_cores(os.environ, slots),
        passing_errors=PASSING_ERRORS,
        logs_as_json=chosen.log_format == "json",
        secrets=secret_values,
    )
    return make_worker_app(chosen.broker_url or url, parts)


def build_log_keeping(settings: Settings) -> LogKeeping:
    """Where what steps write goes."""
    from assetflow.distributed.log_keeping import LogKeeping
    from assetflow.stores.redis.connection import connect as connect_redis
    from assetflow.stores.redis.live_logs import RedisLiveLogs

    live = RedisLiveLogs(connect_redis(redis_url_of(settings), patient=False))
    return LogKeeping(log_files(), live, int(settings.log_mb * 1e6), secret_values)


def log_files() -> LogFiles:
    """Where the logs of steps are kept, wherever that is."""
    from assetflow.io.log_files import StoredLogFiles

    return StoredLogFiles()


def webhook_of(settings: Settings) -> Webhook | None:
    """Who is told of runs that failed; None for nobody."""
    if settings.alert_url is None:
        return None
    from assetflow.alerts.webhook import Webhook

    return Webhook(settings.alert_url, settings.alert_secret)


def log_of(history: SqlHistory | None) -> EventLog | None:
    """Its log, if there is a history."""
    return None if history is None else history.log


def outbox_of(connection: Connection) -> Outbox:
    """What waits on a server to be recorded."""
    from assetflow.stores.redis.connection import connect as connect_redis
    from assetflow.stores.redis.outbox import RedisOutbox

    return RedisOutbox(connect_redis(connection.url, patient=False))


def live_feed_of(connection: Connection) -> RedisLiveFeed:
    """What goes on in live runs, for one who reads for many."""
    from assetflow.stores.redis.connection import connect as connect_redis
    from assetflow.stores.redis.live_feed import RedisLiveFeed

    # A page is to show within three seconds that the server is away.
    return RedisLiveFeed(connect_redis(connection.url, patient=False, answers_within=1.1))


def upgrade_history(settings: Settings) -> tuple[str | None, str | None, str]:
    """Bring the tables of the history into the newest form; the form before, the one after, and where it is."""
    from assetflow.stores.sql.connection import Database, read_url
    from assetflow.stores.sql.schema import form_of, upgrade

    database = Database(read_url(settings.history_url or "", settings.where("database_url")))
    try:
        if database.file is not None:
            database.file.parent.mkdir(parents=True, exist_ok=True)
        with database.reading() as connection:
            before = form_of(connection)
        upgrade(database)
        with database.reading() as connection:
            return before, form_of(connection), database.title
    finally:
        database.close()


def open_history(settings: Settings, *, create: bool = False) -> SqlHistory | None:
    """The history; None if there is none, or none is kept.

    Args:
        create: make a SQLite file that is not there.

    Raises:
        SettingsError, HistorySchemaError, HistoryUnreachableError: as the database has it.
    """
    from assetflow.stores.sql.history import open_history as open_sql

    url = settings.history_url
    return (
        None if url is None else open_sql(url, settings.where("database_url"), create=create, environment=settings.env)
    )


def for_cluster(settings: Settings, *, redis_url: str, home: Path | None = None) -> Settings:
    """Settings that point to a cluster on this machine."""
    origin = {**settings.origin, "redis_url": "the local cluster"}
    return replace(settings, redis_url=redis_url, broker_url=None, home=home or settings.home, origin=origin)


def redis_url_of(settings: Settings) -> str:
    """The address of the server; SettingsError if there is none."""
    if settings.redis_url is None:
        raise SettingsError(
            "no Redis is configured, so there is nothing a worker could work for",
            fix="set ASSETFLOW_REDIS_URL (or `redis_url` in assetflow.toml); `assetflow dev` starts its own",
        )
    return settings.redis_url
