"""``assetflow daemon``."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace

import click

from assetflow.cli.console import ERR, OUT, count_text
from assetflow.cli.targets import confirm, env_option, takes_no_file, yes_option
from assetflow.daemon.composition import build_daemon
from assetflow.environments import Environments
from assetflow.local.discovery import running_cluster
from assetflow.log import write_json
from assetflow.submission import project_of_module
from assetflow.wiring import current_settings


@click.command()
@takes_no_file
@click.option("-m", "--module", "modules", multiple=True, help="Module with schedules and sensors; may be repeated.")
@env_option
@yes_option
def daemon(modules: tuple[str, ...], yes: bool) -> None:
    """Evaluate schedules and sensors in this process until it is told to stop.

    Several of them for the same module do no harm: one evaluates, and if it dies, another goes on within seconds.
    """
    settings = current_settings()
    if settings.redis_url is None and (url := running_cluster(settings.home)):
        settings = replace(settings, redis_url=url)
    if settings.log_format == "json":
        write_json()
    chosen = modules or settings.modules
    if not chosen:
        raise click.UsageError("say where the schedules and sensors are: -m package.module")
    schedules = sensors = 0
    for module in chosen:
        definitions = project_of_module(module).definitions
        definitions.check()
        schedules += len(definitions.schedules)
        sensors += len(definitions.sensors)
        if not confirm(Environments(settings, definitions), settings.env, yes=yes):
            return
    found = build_daemon(settings, chosen)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: found.ask_to_stop())
    OUT.print(
        f"looking after {count_text(schedules, 'schedule')} and {count_text(sensors, 'sensor')} of {', '.join(chosen)} "
        f"in {settings.env}"
    )
    if OUT.is_terminal and sys.stdin.isatty():  # below `assetflow dev` somebody else hears it
        OUT.print("Ctrl-C stops it", style="dim")
    found.run()
    ERR.print("stopped", style="dim")
