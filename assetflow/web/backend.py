"""What the server looks things up in: the run state, the history and the desk, each reached when it is needed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from assetflow.errors import RunNotFoundError, ServiceUnreachableError, SettingsError
from assetflow.handle import RunHandle
from assetflow.local.discovery import running_cluster
from assetflow.run_ids import is_run_id
from assetflow.settings import Settings
from assetflow.stores.sql.history import SqlHistory
from assetflow.web.desk_keeper import DeskKeeper
from assetflow.wiring import Connection, connect, for_cluster, open_history

_TRY_AGAIN = 0.5  # seconds between two attempts to reach a server that was not there


class Backend:
    """The servers behind the web server.

    Args:
        settings: of this process.
        desk: answers what has to do with definitions.

    Attributes:
        started: when this process began, in seconds since the epoch.
    """

    def __init__(self, settings: Settings, desk: DeskKeeper) -> None:
        self.settings = settings
        self.desk = desk
        self.started = time.time()
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._refused: tuple[float, ServiceUnreachableError] | None = None
        self._history: SqlHistory | None = None

    def connection(self) -> Connection:
        """To the server that carries runs.

        Raises:
            ServiceUnreachableError: there is none, or it does not answer.
        """
        with self._lock:
            if self._connection is not None:
                return self._connection
            if self._refused is not None and time.monotonic() - self._refused[0] < _TRY_AGAIN:
                raise self._refused[1]
            try:
                self._connection = connect(self._settings_now())
            except ServiceUnreachableError as error:
                self._refused = (time.monotonic(), error)
                raise
            return self._connection

    def forget_connection(self, error: ServiceUnreachableError) -> None:
        """The server did not answer: look again where it is, and for a moment have nobody else wait for it."""
        with self._lock:
            if self._connection is not None:  # else it has been told already, and is tried again in time
                self._connection = None
                self._refused = (time.monotonic(), error)

    def history(self) -> SqlHistory:
        """What happened, and what was made.

        Raises:
            HistoryUnreachableError: it does not answer.
            SettingsError: none is kept.
        """
        with self._lock:
            if self._history is None:
                self._history = open_history(self.settings, create=True)
            if self._history is None:
                raise SettingsError(
                    "no history is kept here, and the pages show it",
                    where=self.settings.where("database_url"),
                    fix="remove database_url = none",
                )
            return self._history

    def handle(self, run_id: str) -> RunHandle:
        """A run.

        Raises:
            RunNotFoundError: this is no id of a run.
            ServiceUnreachableError: the server does not answer.
        """
        if not is_run_id(run_id):
            raise RunNotFoundError(f"there is no run {run_id!r:.60}")
        connection = self.connection()
        return RunHandle(
            run_id,
            connection.store,
            connection.signer,
            connection.announce,
            logs=connection.logs,
            retrying=connection.retrying,
        )

    def close(self) -> None:
        """Let go of everything."""
        self.desk.close()
        if self._history is not None:
            self._history.close()

    def _settings_now(self) -> Settings:
        if self.settings.redis_url is not None:
            return self.settings
        url = running_cluster(self.settings.home)
        if url is None:
            raise ServiceUnreachableError(
                "there is no cluster that could run anything",
                fix="start one with `assetflow dev`, or set ASSETFLOW_REDIS_URL",
            )
        return for_cluster(replace(self.settings), redis_url=url)
