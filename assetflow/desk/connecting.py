"""The server that carries runs, as a desk finds it."""

from __future__ import annotations

from assetflow.local.discovery import running_cluster
from assetflow.settings import Settings
from assetflow.wiring import Connection, connect, for_cluster


def connection_for(settings: Settings) -> Connection:
    """To the configured server, else to a running `assetflow dev`.

    Raises:
        ServiceUnreachableError, SettingsError: there is none.
    """
    if settings.redis_url is None and (url := running_cluster(settings.home)):
        return connect(for_cluster(settings, redis_url=url))
    return connect(settings)
