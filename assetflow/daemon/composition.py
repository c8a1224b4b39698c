"""Putting the daemon together, beside `assetflow.wiring`."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

from assetflow.daemon.code_process import CodeProcess
from assetflow.daemon.daemon import Daemon
from assetflow.daemon.location import CodeLocation
from assetflow.errors import SettingsError
from assetflow.settings import Settings
from assetflow.wiring import open_history, redis_url_of

LEASE_SECONDS = 10.0
_TICKS_AT_ONCE = 64


def build_daemon(
    settings: Settings,
    modules: Sequence[str],
    *,
    clock: Callable[[], float] = time.time,
    lease_seconds: float = LEASE_SECONDS,
    pulse: float = 0.5,
) -> Daemon:
    """A daemon for the schedules and sensors of modules.

    Args:
        settings: those of the environment that its runs are for.
        modules: whose schedules and sensors they are; workers have to be able to import them.
        clock: tells what is due.
        lease_seconds: after which another daemon takes over from one that is gone.
        pulse: seconds between two looks at what is due.

    Raises:
        SettingsError: there is no history, or no server for runs.
    """
    url = redis_url_of(settings)
    history = open_history(settings, create=True)
    if history is None:
        raise SettingsError(
            "the daemon keeps ticks in the history, and none is kept here",
            where=settings.where("database_url"),
            fix="remove database_url = none",
        )
    holder = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    environment = {
        **os.environ,
        "ASSETFLOW_HOME": str(settings.home),
        "ASSETFLOW_REDIS_URL": url,
        "ASSETFLOW_BROKER_URL": settings.broker_url or url,
        "ASSETFLOW_DATABASE_URL": settings.database_url or "",
        "ASSETFLOW_ENV": settings.env,
    }
    workers = ThreadPoolExecutor(_TICKS_AT_ONCE, thread_name_prefix="assetflow-tick")

    def location_of(module: str) -> CodeLocation:
        return CodeLocation(
            module,
            holder=holder,
            store=history.ticks_of(settings.env, module),
            leases=history.leases,
            lease=f"daemon:{settings.env}:{module}",
            start_code=lambda: CodeProcess(module, environment),
            clock=clock,
            seconds=settings.tick_seconds,
            lease_seconds=lease_seconds,
            workers=workers,
        )

    return Daemon([location_of(module) for module in dict.fromkeys(modules)], workers, pulse)
