"""A daemon that looks at a module beside a cluster, in a thread of the test's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assetflow.client import active_connection
from assetflow.daemon.composition import build_daemon
from assetflow.local.cluster import LocalCluster
from assetflow.settings import Settings
from assetflow.stores.sql.history import SqlHistory
from assetflow.wiring import current_settings, open_history
from tests.support.cluster import running_cluster


@contextmanager
def cluster_of(module: str, folder: Path) -> Iterator[LocalCluster]:
    """One worker that may import a module; what the block submits is submitted there."""
    with running_cluster(folder, processes=1, modules=(module,)) as running:
        token = active_connection.set(running.connection)
        yield running
        active_connection.reset(token)


def settings_of(cluster: LocalCluster, tick_seconds: float) -> Settings:
    """Of a daemon beside it."""
    home = cluster.connection.settings.home
    return replace(current_settings(), home=home, redis_url=cluster.redis_url, tick_seconds=tick_seconds)


@contextmanager
def history_of_daemon(settings: Settings, module: str, first: dict[str, tuple[str, str]]) -> Iterator[SqlHistory]:
    """What a daemon fills that runs as long as the block.

    Args:
        first: what is to be started or stopped before it begins, with its kind and what is wanted.
    """
    history = open_history(settings, create=True)
    assert history is not None
    for name, (kind, wanted) in first.items():
        history.ticks_of("default", module).want(name, kind, wanted)
    daemon = build_daemon(settings, [module], pulse=0.1)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    yield history
    daemon.ask_to_stop()
    thread.join(20)
    history.close()
