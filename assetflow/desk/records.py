"""What a desk looks up to answer: the history, in the environment that is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from assetflow.engine.latest import LatestRecords
from assetflow.environments import Environments
from assetflow.overlay import records_of
from assetflow.settings import Settings
from assetflow.stores.sql.history import SqlHistory
from assetflow.submission import Project
from assetflow.wiring import current_settings, open_history


def settings_of(env: str) -> Settings:
    """The settings of this process, for an environment."""
    return replace(current_settings(), env=env)


@contextmanager
def history_in(settings: Settings) -> Iterator[SqlHistory | None]:
    """The history, if there is one.

    Raises:
        HistoryUnreachableError: it does not answer.
    """
    found = open_history(settings)
    try:
        yield found
    finally:
        if found is not None:
            found.close()


def records_in(history: SqlHistory | None, project: Project, settings: Settings) -> LatestRecords:
    """What is remembered in an environment, and in those that it reads from."""
    if history is None:
        return LatestRecords({})
    return records_of(history, Environments(settings, project.definitions), settings.env)
