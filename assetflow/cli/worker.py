"""``assetflow worker``."""

from __future__ import annotations

from dataclasses import replace

import click

from assetflow.local.discovery import running_cluster
from assetflow.submission import project_of_module
from assetflow.wiring import build_worker_app, connect, current_settings


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("-m", "--module", "modules", multiple=True, help="Module this worker may import; may be repeated.")
@click.option("-q", "--queues", default="default", show_default=True, help="Queues to serve, separated by commas.")
@click.option(
    "-c", "--concurrency", metavar="N", type=click.IntRange(1, 1024), help="Steps at once; by default one a core."
)
@click.option("--pool", type=click.Choice(["prefork", "threads", "solo"]), default="prefork", show_default=True,
              help="How steps run at once: processes, threads, or one after the other.")  # fmt: skip
@click.option("-n", "--hostname", help="The worker's name.")
@click.option(
    "-l", "--loglevel", default="WARNING", show_default=True, help="What the worker itself writes, and above."
)
@click.argument("celery_options", nargs=-1, type=click.UNPROCESSED)
def worker(
    modules: tuple[str, ...],
    queues: str,
    concurrency: int | None,
    pool: str,
    hostname: str | None,
    loglevel: str,
    celery_options: tuple[str, ...],
) -> None:
    """Run a worker in this process until it is told to stop.

    Whatever follows is handed to Celery as it is.
    """
    settings = current_settings()
    if settings.redis_url is None and (url := running_cluster(settings.home)):
        settings = replace(settings, redis_url=url)
    if modules:
        settings = replace(settings, modules=tuple(modules))
    for module in settings.modules:
        project_of_module(module).graph()  # what does not load is said here, not in the first run
    app = build_worker_app(settings)
    connect(settings)
    arguments = ["worker", "--queues", queues, "--pool", pool, "--loglevel", loglevel]
    arguments += ["--concurrency", str(concurrency)] if concurrency else []
    arguments += ["--hostname", hostname] if hostname else []
    app.worker_main([*arguments, *celery_options])
