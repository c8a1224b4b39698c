"""Looking at the database of the history: is it there, can it be written to, and is it of this version?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from assetflow.errors import AssetflowError
from assetflow.findings import Finding, fine, problem, warning
from assetflow.stores.sql.connection import Database, read_url
from assetflow.stores.sql.schema import form_of
from assetflow.stores.sql.tables import HEAD

AREA = "history"
_LARGE_WAL = 1_000_000_000  # bytes


def look_at_history(url: str, where: str) -> Iterator[Finding]:
    """All there is to say of a history, without changing it.

    Args:
        url: its address.
        where: the address comes from.
    """
    try:
        database = Database(read_url(url, where))
    except AssetflowError as error:
        yield problem(AREA, error.message, error.fix or f"correct {where}")
        return
    try:
        if database.file is not None and not database.file.exists():
            yield fine(AREA, f"{database.title} is not there yet: the first run makes it")
            return
        yield from _look(database)
    except AssetflowError as error:
        yield problem(AREA, error.message, error.fix or f"correct {where}")
    finally:
        database.close()


def owner_of(url: str, where: str) -> str | None:
    """The identity of a history; None if it cannot be told."""
    try:
        database = Database(read_url(url, where))
    except AssetflowError:
        return None
    try:
        if database.file is not None and not database.file.exists():
            return None
        with database.reading() as connection:
            if form_of(connection) != HEAD:
                return None
            found = connection.execute(text("SELECT uuid FROM history")).scalar()
        return None if found is None else str(found)
    except (AssetflowError, DBAPIError):
        return None
    finally:
        database.close()


def _look(database: Database) -> Iterator[Finding]:
    began = time.perf_counter()
    with database.reading() as connection:
        form = form_of(connection)
        took = time.perf_counter() - began
        server = "SQLite" if database.is_sqlite else str(connection.execute(text("SHOW server_version")).scalar())
    if form is None:
        yield fine(AREA, f"{database.title} has no tables yet: the first run makes them")
    elif form != HEAD:
        later = form > HEAD
        yield problem(
            AREA,
            f"the tables at {database.title} are of form {form}, and this version needs {HEAD}",
            "upgrade assetflow here" if later else "make a copy, and run: assetflow history upgrade",
        )
        return
    else:
        name = server if database.is_sqlite else f"PostgreSQL {server.split()[0]}"
        yield fine(AREA, f"{name} at {database.title}, form {form}, answers in {took * 1000:.1f} ms")
    yield from _writable(database)
    if database.is_sqlite:
        yield from _sqlite(database)


def _writable(database: Database) -> Iterator[Finding]:
    """Whether something could be written; nothing is."""
    try:
        with database.engine.connect() as connection:
            with connection.execution_options(writes=True).begin() as transaction:
                if not database.is_sqlite:
                    answer = connection.execute(text("SHOW transaction_read_only")).scalar()
                    if answer == "on":
                        yield problem(
                            AREA, f"{database.title} is read-only: a standby, perhaps", "name the primary instead"
                        )
                elif form_of(connection) is not None:
                    connection.execute(text("UPDATE history SET made = made WHERE number = 1"))
                transaction.rollback()
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        yield problem(
            AREA, f"nothing can be written to {database.title}: {reason}", "give this user the right to write"
        )


def _sqlite(database: Database) -> Iterator[Finding]:
    with database.reading() as connection:
        mode = str(connection.execute(text("PRAGMA journal_mode")).scalar())
        sound = str(connection.execute(text("PRAGMA quick_check(1)")).scalar())
    if mode != "wal":
        yield warning(
            AREA,
            f"{database.title} is in journal mode {mode}: reading and writing wait for each other",
            "put it on a local disk, where SQLite can use WAL",
        )
    if sound != "ok":
        yield problem(AREA, f"{database.title} is damaged: {sound}", "bring back a copy of the file")
    assert database.file is not None, "an existing file was looked at"
    journal = database.file.with_name(database.file.name + "-wal")
    if journal.exists() and journal.stat().st_size > _LARGE_WAL:
        yield warning(
            AREA,
            f"the journal beside {database.title} has {journal.stat().st_size:,} bytes: somebody reads without an end",
            "look for a process that keeps the file open",
        )
