"""How assets stand, for people: a mark and a word, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from assetflow.cli.console import ERR
from assetflow.cli.targets import standing_connection
from assetflow.client import recorded_until_now
from assetflow.engine.latest import LatestRecords
from assetflow.engine.request import RunRequest
from assetflow.engine.standings import Standings
from assetflow.environments import Environments
from assetflow.errors import HistoryUnreachableError
from assetflow.keys import AssetKey
from assetflow.overlay import history_of, records_of
from assetflow.planning.staleness import AssetStatus, StaleCause, StaleStatus, judge
from assetflow.settings import Settings
from assetflow.submission import Project
from assetflow.wiring import open_history, signer_for

if TYPE_CHECKING:
    from assetflow.stores.sql.history import SqlHistory

MARKS = {
    StaleStatus.FRESH: ("●", "green", "fresh"),
    StaleStatus.STALE: ("▲", "yellow", "stale"),
    StaleStatus.MISSING: ("○", "dim", "never materialized"),
}


def statuses_of(
    project: Project, settings: Settings, keys: Collection[AssetKey]
) -> Mapping[AssetKey, AssetStatus] | None:
    """How assets stand; None if that cannot be told here, which is said if it is a fault."""
    if settings.history_url is None:
        return None
    try:
        with recorded(project, settings) as records:
            return judge(project.graph(), records, keys)
    except HistoryUnreachableError as error:
        ERR.print(f"what is stale cannot be told: {error.message}", style="yellow")
        return None


@contextmanager
def recorded(project: Project, settings: Settings) -> Iterator[LatestRecords]:
    """What is remembered.

    Raises:
        InvalidInvocationError: no history is kept here.
        HistoryUnreachableError: it does not answer.
    """
    history = open_history(settings)
    if history is None and settings.history_url is not None:  # nothing was run here yet
        yield LatestRecords({})
        return
    found = history or history_of(settings)
    try:
        yield records_of(found, Environments(settings, project.definitions), settings.env)
    finally:
        found.close()


@contextmanager
def recorded_by_now(project: Project, settings: Settings) -> Iterator[LatestRecords]:
    """The same, once what runs have told that are over is among it.

    Raises:
        InvalidInvocationError: no history is kept here, or the runs are recorded elsewhere.
        HistoryUnreachableError, ServiceUnreachableError: it, or the server, does not answer.
    """
    connection = standing_connection(settings)
    if connection is None:
        with recorded(project, settings) as records:
            yield records
        return
    with recorded_until_now(connection) as history:
        yield records_of(history, Environments(settings, project.definitions), settings.env)


@contextmanager
def standings_by_now(settings: Settings) -> Iterator[Standings | None]:
    """How assets and their partitions stand, once what runs have told that are over is in the history.

    None if no history is kept here, or nothing was run yet.

    Raises:
        HistoryUnreachableError, ServiceUnreachableError: it, or the server, does not answer.
    """
    connection = standing_connection(settings)
    if connection is not None:
        with recorded_until_now(connection) as history:
            yield _standings(history, settings)
        return
    found = open_history(settings)
    if found is None:
        yield None
        return
    try:
        yield _standings(found, settings)
    finally:
        found.close()


def _standings(history: SqlHistory, settings: Settings) -> Standings:
    signer = signer_for(settings)

    def opened(envelope: bytes, run_id: str) -> RunRequest:
        return RunRequest.opened(signer, envelope, run_id)

    return Standings(history.log, history.catalog_of(settings.env), opened, settings.env)


def status_text(status: AssetStatus, *, is_stored: bool = False) -> Text:
    """How an asset stands, in a few words.

    Args:
        is_stored: there is a value of it, whatever the history says.
    """
    mark, style, word = MARKS[status.status]
    if status.status is StaleStatus.MISSING and is_stored:
        word = "not in the history"
    where = f" in {status.latest.environment}" if status.latest is not None and status.latest.environment else ""
    return Text(f"{mark} {status.words if status.status is StaleStatus.STALE else word}{where}", style=style)


def cause_record(cause: StaleCause) -> dict[str, Any]:
    """A cause for ``--json``."""
    return {
        "asset": cause.key.to_user_string(),
        "category": cause.category.value,
        "reason": cause.reason,
        "dependency": None if cause.dependency is None else cause.dependency.to_user_string(),
        "old": cause.old,
        "new": cause.new,
        "at": None if cause.at is None else datetime.fromtimestamp(cause.at, UTC).isoformat(timespec="seconds"),
    }
