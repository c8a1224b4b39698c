"""``assetflow ui``."""

from __future__ import annotations

from pathlib import Path

import click

from assetflow.cli.console import OUT
from assetflow.cli.targets import definitions_options, env_option
from assetflow.errors import InvalidInvocationError
from assetflow.wiring import current_settings


@click.command()
@definitions_options
@env_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", metavar="N", type=click.IntRange(0, 65_535), help="By default 8642, or any that is free.")
@click.option("--no-auth", is_flag=True, help="Let everybody do everything; only at an address of this machine.")
@click.option("--print-url", is_flag=True, hidden=True, help="Print nothing but the address, for who starts this.")
def ui(module: str | None, file: Path | None, host: str, port: int | None, no_auth: bool, print_url: bool) -> None:
    """Show the assets, runs and schedules of a project in the browser."""
    settings = current_settings()
    if module and file:
        raise click.UsageError("give either -m or -f, not both")
    if not module and not file:
        if len(settings.modules) != 1:
            raise click.UsageError("say where the assets are: -m package.module or -f path/to/file.py")
        module = settings.modules[0]
    try:
        from assetflow.loopback import is_loopback
        from assetflow.web.app import create_app
        from assetflow.web.composition import build_web
        from assetflow.web.logging_in import login_link
        from assetflow.web.serving import listen, serve
    except ModuleNotFoundError as error:
        raise InvalidInvocationError(
            f"the web server needs {error.name}, which is not installed", fix='pip install "assetflow[ui]"'
        ) from None
    target = module if module is not None else f"file:{Path(str(file)).resolve()}"
    if no_auth and not is_loopback(host):
        raise InvalidInvocationError(
            f"--no-auth at {host} would let everybody in who can reach it", fix="leave it out, or listen at 127.0.0.1"
        )
    parts = build_web(settings, target, is_open=no_auth)
    listening = listen(host, port)
    address = f"http://{host}:{listening.getsockname()[1]}"
    if not no_auth:
        address = login_link(parts, address)
    serve(create_app(parts, host), parts, listening, lambda: _say(address, print_url))


def _say(address: str, alone: bool) -> None:
    if alone:
        print(address, flush=True)
    else:
        OUT.print(f"open:  {address}")
        OUT.print("Ctrl-C stops it", style="dim")
