"""``assetflow dev``."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path

import click
from rich.text import Text

from assetflow.cli.console import ERR, OUT, count_text
from assetflow.cli.targets import module_name_of
from assetflow.errors import InvalidInvocationError
from assetflow.local.cluster import embedded_cluster
from assetflow.local.discovery import advertised, read_note
from assetflow.local.page import page
from assetflow.settings import Settings
from assetflow.submission import project_of_file, project_of_module
from assetflow.wiring import current_settings

_STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@click.command()
@click.option("-m", "--module", "modules", multiple=True, help="Module the workers may import; may be repeated.")
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Python file with assets, for the page.")
@click.option(
    "--workers", default=2, show_default=True, metavar="N", type=click.IntRange(1, 64), help="Processes that run steps."
)
@click.option(
    "--port", metavar="N", type=click.IntRange(1, 65_535), help="Of the page; by default 8642, or any that is free."
)
@click.option("--no-ui", is_flag=True, help="Serve no page.")
def dev(modules: tuple[str, ...], file: Path | None, workers: int, port: int | None, no_ui: bool) -> None:
    """Run a cluster on this machine until Ctrl-C: Valkey and a worker, found by every other command.

    Where the modules have schedules or sensors, a daemon evaluates them. The page shows the first module, or the file;
    code that is changed is loaded again.
    """
    if modules and file:
        raise click.UsageError("give either -m or -f, not both")
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
        project.definitions.check()
        ticks = ticks or bool(project.definitions.schedules or project.definitions.sensors)
    daemon = ticks and settings.history_url is not None
    if file is not None:
        _check_file(file)
    shown = ["-m", modules[0]] if modules else ["-f", str(file)] if file is not None else []
    with_page = not no_ui and bool(shown) and _can_serve(port)
    with (
        embedded_cluster(
            settings,
            processes=workers,
            modules=modules,
            data=settings.home / "valkey",
            show_output=True,
            daemon=daemon,
        ) as cluster,
        _page(settings, shown if with_page else [], cluster.redis_url, port) as url,
        advertised(
            settings.home,
            pid=cluster.keeper_pid,
            redis_url=cluster.redis_url,
            workers=workers,
            page=(url or "").partition("/login?")[0],
        ),
    ):
        # Blocked, not handled: a second Ctrl-C while things are being stopped must not stop the stopping. And before
        # anything is said, so that whoever presses it at the first word ends it in the same way.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        many = count_text(workers, "worker process", "worker processes")
        OUT.print(
            Text.assemble(
                ("ready: ", "bold green"),
                f"{many}{' and the daemon' if daemon else ''}, state at {cluster.redis_url}",
            )
        )
        if url is not None:
            OUT.print(Text.assemble(("open:  ", "bold green"), url))
        example = " ".join(map(shlex.quote, shown)) or "-f pipeline.py"
        OUT.print(f"in another terminal:  assetflow materialize {example}", style="dim")
        OUT.print("Ctrl-C stops it", style="dim")
        signal.sigwait(_STOPS)
        ERR.print("stopping", style="dim")


def _check_file(file: Path) -> None:
    """Say what is wrong with a file before anything is started, and what of it is not done."""
    project = project_of_file(file)
    project.graph()
    project.definitions.check()
    if project.definitions.schedules or project.definitions.sensors:
        name = module_name_of(file) or "package.module"
        ERR.print(
            f"schedules and sensors of a file are not evaluated: assetflow dev -m {name}, in its folder", style="yellow"
        )


def _can_serve(port: int | None) -> bool:
    """Whether what serves the page is installed.

    Raises:
        SettingsError: the port that is wanted is taken.
    """
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        ERR.print(Text('the page needs what is not installed: pip install "assetflow[ui]"', style="dim"))
        return False
    if port is not None:
        from assetflow.web.serving import listen

        listen("127.0.0.1", port).close()
    return True


def _page(
    settings: Settings, shown: Sequence[str], redis_url: str, port: int | None
) -> AbstractContextManager[str | None]:
    """The page of what is shown, if anything is."""
    if not shown:
        return nullcontext()
    words = [*shown, *(["--port", str(port)] if port is not None else [])]
    return page(words, {"ASSETFLOW_HOME": str(settings.home.resolve()), "ASSETFLOW_REDIS_URL": redis_url})
