"""``assetflow metrics``."""

from __future__ import annotations

import signal
import sys
import threading

import click

from assetflow.cli.console import ERR
from assetflow.cli.targets import state_of_runs
from assetflow.metrics.exposition import Exporter, metrics_text, sources_of
from assetflow.wiring import connect, current_settings


@click.command("metrics")
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), help="Serve them there until Ctrl-C; 0 for a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def metrics(port: int | None, host: str) -> None:
    """Print the metrics of runs and workers, or serve them to Prometheus.

    They are read from Redis each time somebody asks: one exporter is enough for all workers, and two say the same.
    """
    with state_of_runs(current_settings()) as connection:
        if port is None:
            text, _ = metrics_text(sources_of(connection))
            sys.stdout.write(text.decode())
            return
        settings = connection.settings
        exporter = Exporter(lambda: sources_of(connect(settings, only_live=True)), port, host)
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        ERR.print(f"metrics of {connection.title} at http://{host}:{exporter.port}/metrics")
        try:
            ended.wait()
        finally:
            exporter.close()
