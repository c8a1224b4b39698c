"""``assetflow dev``."""

from __future__ import annotations

import signal

import click
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text
from assetflow.errors import InvalidInvocationError
from assetflow.local.cluster import embedded_cluster
from assetflow.local.discovery import advertised, read_note
from assetflow.submission import project_of_module
from assetflow.wiring import current_settings

_STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@click.command()
@click.option("-m", "--module", "modules", multiple=True, help="Module the workers may import; may be repeated.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def dev(modules: tuple[str, ...], workers: int) -> None:
    """Run a cluster on this machine until Ctrl-C: Valkey and workers, found by every other command.

    Where the modules have schedules or sensors, a daemon evaluates them.
    """
    settings = current_settings()
    if (note := read_note(settings.home)) is not None:
        raise InvalidInvocationError(
            f"a cluster is running here already: {note.redis_url}",
            where=f"process {note.pid}",
            fix="use it, or stop it first",
        )
    ticks = False
    for module in modules:
        project = project_of_module(module)
        project.graph()
        ticks = ticks or bool(project.definitions.schedules or project.definitions.sensors)
    daemon = ticks and settings.history_url is not None
    with (
        embedded_cluster(
            settings,
            workers=workers,
            modules=modules,
            data=settings.home / "valkey",
            show_output=True,
            daemon=daemon,
        ) as cluster,
        advertised(settings.home, pid=cluster.keeper_pid, redis_url=cluster.redis_url, workers=workers),
    ):
        OUT.print(
            Text.assemble(
                ("ready: ", "bold green"),
                f"{count_text(workers, 'worker')}{' and the daemon' if daemon else ''}, state at {cluster.redis_url}",
            )
        )
        example = f"-m {modules[0]}" if modules else "-f pipeline.py"
        OUT.print(f"in another terminal:  assetflow materialize {example}", style="dim")
        OUT.print("Ctrl-C stops it", style="dim")
        # Blocked, not handled: a second Ctrl-C while things are being stopped must not stop the stopping.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        signal.sigwait(_STOPS)
        ERR.print("stopping", style="dim")
