"""Options that several commands share: where the definitions are, and which cluster is meant."""

from __future__ import annotations

import difflib
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import Any, TypeVar

import click

from assetflow.cli.console import ERR, count_text
from assetflow.client import page_of
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, InvalidSubsetError
from assetflow.handle import RunHandle
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.settings import Settings
from assetflow.submission import Project, project_of_file, project_of_module, selection_text
from assetflow.wiring import Connection, chosen_environment, connect, current_settings, for_cluster

F = TypeVar("F", bound=Callable[..., Any])


def definitions_options(command: F) -> F:
    """``-m`` and ``-f``."""
    command = click.option("-f", "--file", "file", type=click.Path(path_type=Path), help="Python file with assets.")(
        command
    )
    return click.option("-m", "--module", help="Module with assets: package.module.")(command)


def selection_argument(command: F) -> F:
    """``SELECTION...``; left out it is everything, and an empty one is a slip, such as a variable that is not set."""

    def check(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
        if words and not all(word.strip() for word in words):
            raise click.UsageError("SELECTION is empty: write '*' for everything, or leave it out")
        return words

    return click.argument("selection", nargs=-1, callback=check)(command)


def module_option(command: F) -> F:
    """``-m``: the module whose schedules and sensors are meant, as the daemon is told it."""
    return takes_no_file(
        click.option("-m", "--module", help="Module with schedules and sensors: package.module.")(command)
    )


def takes_no_file(command: F) -> F:
    """Say of ``-f`` what is to be written instead."""

    def refuse(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> None:
        if file is not None:
            name = module_name_of(file)
            raise click.UsageError(
                f"this takes modules, not files: -m {name or 'package.module'}, in the folder that holds it"
            )

    return click.option(
        "-f", "--file", hidden=True, expose_value=False, callback=refuse, type=click.Path(path_type=Path)
    )(command)


def module_name_of(file: Path) -> str:
    """The name under which a file can be imported in its folder; empty if there is none."""
    return file.stem if file.suffix == ".py" and file.stem.isidentifier() else ""


def env_option(command: F) -> F:
    """``--env``: settings that are read from now on, until the command is over, are those of this environment."""

    def choose(context: click.Context, _parameter: click.Parameter, name: str | None) -> None:
        if name:
            token = chosen_environment.set(name)
            context.call_on_close(lambda: chosen_environment.reset(token))

    return click.option(
        "--env", metavar="NAME", callback=choose, expose_value=False, is_eager=True,
        help="The environment that is meant; by default that of the settings (ASSETFLOW_ENV).",
    )(command)  # fmt: skip


def same_place(module: str | None, file: Path | None) -> str:
    """The options by which another command finds the same definitions and environment, with a space before each."""
    words = ["-m", module] if module else ["-f", str(file)] if file else []
    words += ["--env", chosen] if (chosen := chosen_environment.get()) else []
    return "".join(f" {shlex.quote(word)}" for word in words)


def limit_option(what: str, most: int = 1000) -> Callable[[F], F]:
    """``--limit N``.

    Args:
        what: is listed, such as ``Runs``.
        most: that may be asked for.
    """
    return click.option(
        "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(1, most), help=f"{what} to show."
    )


def workers_option(command: F) -> F:
    """``--workers N``."""
    return click.option(
        "--workers", default=2, show_default=True, metavar="N", type=click.IntRange(1, 64),
        help="Processes that run steps, of the cluster that is started if there is none.",
    )(command)  # fmt: skip


def yes_option(command: F) -> F:
    """``--yes``."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask whether it is meant.")(command)


def confirm(environments: Environments, name: str, *, yes: bool) -> bool:
    """Ask whoever sits at the terminal, where the environment is protected.

    Returns:
        whether it is meant.

    Raises:
        UsageError: there is nobody to ask, or there is no such environment.
    """
    try:
        found = environments.get(name)
    except InvalidInvocationError as error:
        raise click.UsageError(f"{error.message}\n  fix: {error.fix}") from None
    if not found.is_protected or yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError(f"environment {found.name} is protected: say --yes if it is meant")
    return click.confirm(f"Write to {found.name} ({environments.storage_of(found)})?", err=True)


def user_name() -> str:
    """Of who types."""
    try:
        return getuser()
    except (OSError, KeyError):  # nobody is known under the number of this user
        return "command line"


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line on standard output.")(command)


def load_project(module: str | None, file: Path | None, words: Iterable[str] = ()) -> Project:
    """The definitions the options name, or those of the one module in the settings.

    Args:
        words: what else was given, where a forgotten ``-f`` may be seen.

    Raises:
        UsageError: neither or both are given.
        LoadError: they do not load.
    """
    if module and file:
        raise click.UsageError("give either -m or -f, not both")
    if file:
        return project_of_file(file)
    if not module:
        known = current_settings().modules
        if len(known) != 1:
            files = [word for word in words if word.endswith(".py")]
            meant = f"-f {files[0]}?" if files else "-m package.module or -f path/to/file.py"
            raise click.UsageError(f"say where the assets are: {meant}")
        module = known[0]
    return project_of_module(module)


def check_not_empty(graph: AssetGraph, meant: Sized, selection: Any) -> None:
    """Refuse a selection that means nothing, which is a slip more often than a wish.

    Args:
        meant: the steps or the assets that the selection means.

    Raises:
        InvalidSubsetError: there is nothing to do.
    """
    if len(meant) or selection is None:
        return
    text = selection_text(selection)
    groups = sorted({graph.group_of(key) for key in graph.materializable_keys})
    asked = re.findall(r'group:"?(\w+)', text)
    near = [found for name in asked for found in difflib.get_close_matches(name, groups, 1)]
    if near:
        fix = f"did you mean group:{near[0]}? The groups are: {', '.join(groups)}"
    elif asked:
        fix = f"the groups are: {', '.join(groups)}"
    else:
        fix = "`assetflow assets list`, with the same -m or -f, shows the assets there are"
    raise InvalidSubsetError(
        f"the selection {text} means none of {count_text(len(graph.materializable_keys), 'asset')}", fix=fix
    )


@contextmanager
def cluster_for(settings: Settings, *, workers: int, modules: tuple[str, ...], quiet: bool) -> Iterator[Connection]:
    """The configured cluster, else a running `assetflow dev`, else one of our own while the block lasts.

    Raises:
        ServiceUnreachableError: the configured one does not answer, or ours does not start.
    """
    connection = standing_connection(settings)
    if connection is not None:
        yield connection
        return
    from assetflow.local.cluster import embedded_cluster

    if not quiet:
        many = count_text(workers, "worker process", "worker processes")
        ERR.print(f"no cluster is configured: starting Valkey and {many} for this command", style="dim")
    with embedded_cluster(settings, processes=workers, modules=modules) as cluster:
        yield cluster.connection


def standing_connection(settings: Settings) -> Connection | None:
    """A connection to a cluster that is there without us, or None."""
    from assetflow.local.discovery import running_cluster

    if settings.redis_url is not None:
        return connect(settings)
    url = running_cluster(settings.home)
    return connect(for_cluster(settings, redis_url=url)) if url else None


@contextmanager
def state_of_runs(settings: Settings) -> Iterator[Connection]:
    """Where runs can be looked at: a standing cluster, or what an earlier embedded one has left.

    Raises:
        InvalidInvocationError: there was never a run here.
    """
    connection = standing_connection(settings)
    if connection is not None:
        yield connection
        return
    from assetflow.local.discovery import sole_use
    from assetflow.local.valkey import Valkey

    data = settings.home / "valkey"
    if not data.is_dir() and not (settings.home / "history.db").is_file():
        raise InvalidInvocationError(
            f"there are no runs in {settings.home}",
            fix="`assetflow materialize` makes one; ASSETFLOW_REDIS_URL names another cluster",
        )
    with sole_use(data), Valkey(data.resolve(), log=settings.home / "cluster.log") as server:
        yield connect(for_cluster(settings, redis_url=server.url))


def handle_of(connection: Connection, run_id: str) -> RunHandle:
    """What is in hand of a run that somebody has submitted."""
    return RunHandle(
        run_id,
        connection.store,
        connection.signer,
        connection.announce,
        logs=connection.logs,
        retrying=connection.retrying,
        page=partial(page_of, connection.settings),
    )
