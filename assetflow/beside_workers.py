"""What runs beside a worker: its sidecar, and in its threads everything that looks after the history."""

from __future__ import annotations

import os
import signal

from assetflow.distributed.recording import RecordingThread
from assetflow.engine.alerting import Alerting
from assetflow.engine.clearing import Clearing
from assetflow.engine.recorder import Listener, Recorder
from assetflow.engine.request import RunRequest
from assetflow.engine.settling import judged
from assetflow.engine.tallying import Tallying
from assetflow.errors import AssetflowError
from assetflow.log import logger, write_json
from assetflow.runs.alert_log import AlertLog
from assetflow.runs.claims import Claim, Outcome
from assetflow.runs.facts import LogDetail
from assetflow.runs.gauges import Gauges
from assetflow.settings import Settings
from assetflow.stores.redis.code_store import RedisCodeStore
from assetflow.stores.redis.connection import connect as connect_redis
from assetflow.stores.redis.gauges import RedisGauges
from assetflow.stores.redis.outbox import RedisOutbox
from assetflow.stores.redis.workers import RedisWorkerRegistry
from assetflow.telemetry.spans import Tracing
from assetflow.wiring import (
    build_log_keeping,
    connect,
    current_settings,
    log_files,
    log_of,
    open_history,
    redis_url_of,
    signer_for,
    webhook_of,
)

RECORDED_KEPT_SECONDS = 3600


def run_sidecar() -> None:
    """Be the sidecar of the worker that started this process."""
    from assetflow.distributed.hearing import takes_connections
    from assetflow.distributed.sidecar import Sidecar, read_job

    # Some terminals stop a group of their session that writes and is not in their foreground.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = read_job()
    settings = current_settings()
    if settings.log_format == "json":
        write_json()
    connection = connect(settings, only_live=True)

    name = f"{job.worker}:{os.getpid()}"

    def judge(run_id: str, claim: Claim, error: Exception, log: LogDetail | None) -> Outcome | None:
        try:
            request = RunRequest.opened(connection.signer, connection.store.envelope(run_id), run_id)
        except AssetflowError:
            return None
        return judged(request.plan, claim, error, log)

    Sidecar(
        job,
        connection.store,
        connection.registry,
        connection.announce,
        judge,
        broker_is_there=lambda: takes_connections(settings.broker_url or settings.redis_url or ""),
        modules=settings.modules,
        key=connection.signer.key_id,
        grace=settings.grace_seconds,
        drain=settings.drain_seconds,
        recording=build_keepers(settings, name),
        log_keeping=build_log_keeping(settings) if settings.log_mb else None,
    ).run()


def build_keepers(settings: Settings, name: str) -> list[RecordingThread]:
    """Everything that looks after the history beside a worker; what the settings leave out is not in it.

    Args:
        name: of this process, unique for ever.
    """
    found = (build_recording(settings, name), build_alerting(settings, name), build_clearing(settings, name))
    return [one for one in found if one is not None]


def build_recording(settings: Settings, name: str) -> RecordingThread | None:
    """What moves facts into the history; None if the settings say that none is kept.

    Args:
        name: of this process, unique for ever.
    """
    if settings.history_url is None:
        return None
    client = connect_redis(redis_url_of(settings), patient=True)
    keep = int(settings.keep_hours * 3600) if "keep_hours" in settings.origin else RECORDED_KEPT_SECONDS
    recorder = Recorder(
        RedisOutbox(client, keep_seconds=keep),
        lambda create: log_of(open_history(settings, create=create)),
        RedisCodeStore(client),
        signer_for(settings),
        alerts=settings.alert_url is not None,
        told=build_listeners(settings, RedisGauges(client)),
    )
    return RecordingThread(name, RedisWorkerRegistry(client), recorder)


def build_listeners(settings: Settings, gauges: Gauges) -> list[Listener]:
    """Those who are told of what was recorded: what counts it, and what traces it if there is a collector."""
    found: list[Listener] = [Tallying(gauges).add]
    if settings.otel_endpoint is not None:
        from assetflow.telemetry.otlp import Sender

        try:
            found.append(Tracing(Sender(settings.otel_endpoint)).add)
        except AssetflowError as error:
            logger.warning("nothing is traced: %s", error)
    return found


def build_alerting(settings: Settings, name: str) -> RecordingThread | None:
    """What tells somebody of runs that failed; None if the settings name nobody, or no history is kept.

    Args:
        name: of this process, unique for ever.
    """
    webhook = webhook_of(settings)
    if webhook is None or settings.history_url is None:
        return None

    def open_log() -> AlertLog | None:
        history = open_history(settings)
        return None if history is None else history.alerts

    registry = RedisWorkerRegistry(connect_redis(redis_url_of(settings), patient=True))
    alerting = Alerting(open_log, webhook.send, settings.base_url)
    return RecordingThread(name, registry, alerting, lease="alerts", complaint="no alerts are sent at the moment")


def build_clearing(settings: Settings, name: str) -> RecordingThread | None:
    """What clears old runs away by itself; None if the settings do not ask for it."""
    if not settings.retention_days or settings.history_url is None:
        return None
    registry = RedisWorkerRegistry(connect_redis(redis_url_of(settings), patient=True))
    clearing = Clearing(lambda: log_of(open_history(settings)), log_files(), settings.retention_days)
    return RecordingThread(
        name, registry, clearing, lease="clearing", complaint="nothing is cleared away at the moment"
    )
