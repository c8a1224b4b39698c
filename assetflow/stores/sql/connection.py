"""Reaching the database that keeps the history, and saying in our own words when it cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import StaticPool

from assetflow.errors import HistoryUnreachableError, SettingsError

_PATIENCE = 5.0  # seconds that a statement waits for a lock, and a connection for the server
_REMOTE_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs")
_FORMS = "sqlite:///path/to/history.db, postgresql://user:password@host/database, or none"


def read_url(text: str, where: str) -> URL:
    """The address of a history.

    Raises:
        SettingsError: it is none, or of another kind of database.
    """
    no_address = SettingsError("database_url is not the address of a database", where=where, fix=f"write {_FORMS}")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter where a port is no number
        raise no_address from None
    name = url.get_backend_name()
    if name == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if name != "sqlite":
        raise SettingsError(f"a history cannot be kept in {name}", where=where, fix=f"write {_FORMS}")
    if url.host:  # two slashes where three are meant
        raise no_address
    return url


class Database:
    """One database, by its address.

    Args:
        url: as `read_url` gives it.

    Attributes:
        title: the address without its password.

    Raises:
        SettingsError: the driver is not installed, or the file lies on a disk of another machine.
    """

    def __init__(self, url: URL) -> None:
        self.title = url.render_as_string(hide_password=True).replace("+psycopg", "")
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.file = Path(url.database) if self.is_sqlite and url.database not in (None, "", ":memory:") else None
        if self.file is not None:
            _refuse_remote(self.file)
        try:
            self.engine = self._engine(url)
        except ModuleNotFoundError:
            raise SettingsError(
                f"the driver of {self.title} is not installed", fix="pip install 'assetflow[postgres]'"
            ) from None

    def _engine(self, url: URL) -> Engine:
        if not self.is_sqlite:
            options = {"connect_timeout": int(_PATIENCE), "application_name": "assetflow"}
            return create_engine(url, pool_pre_ping=True, pool_size=2, max_overflow=8, connect_args=options)
        more: dict[str, Any] = {} if self.file else {"poolclass": StaticPool}
        options = {"timeout": _PATIENCE, "check_same_thread": False}
        engine = create_engine(url, connect_args=options, **more)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the whole."""
        with self.answering(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that nobody else's writes come between."""
        with self.answering(), self.engine.connect() as connection:
            with connection.execution_options(writes=True).begin():
                yield connection

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Say in our own words that the database does not answer."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise HistoryUnreachableError(
                f"the history at {self.title} does not answer: {_first_line(error)}",
                fix="runs go on without it, and it catches up when it is back; ASSETFLOW_DATABASE_URL says where it is",
            ) from None
        except DBAPIError as error:
            if type(error) is DatabaseError:  # of no kind: the file is damaged, or none of SQLite's
                raise HistoryUnreachableError(
                    f"what is at {self.title} is no database that can be read: {_first_line(error)}",
                    fix="bring back a copy, or set ASSETFLOW_DATABASE_URL to another place",
                ) from None
            if not error.connection_invalidated:
                raise
            raise HistoryUnreachableError(
                f"the history at {self.title} has closed the connection: {_first_line(error)}", fix="try again"
            ) from None

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own transactions begin too late to be of use
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-8000"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _refuse_remote(file: Path) -> None:
    kind = _file_system(file.resolve().parent)
    if kind in _REMOTE_FILE_SYSTEMS:
        raise SettingsError(
            f"the history cannot be a SQLite file on {kind}: several machines that write to it would damage it",
            where=str(file),
            fix="set ASSETFLOW_DATABASE_URL to a file on a local disk, or to a PostgreSQL",
        )


def _file_system(folder: Path) -> str:
    """Kind of the file system that a folder is on; empty where nobody tells."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    found, depth = "", -1
    for line in lines:
        place, kind = line.split(" ")[1:3]
        point = Path(place.replace("\\040", " "))
        if len(point.parts) > depth and folder.is_relative_to(point):
            found, depth = kind, len(point.parts)
    return found
