"""Bringing the tables into the form this version knows; never back, and never without being asked."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from assetflow.errors import HistorySchemaError
from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.tables import HEAD

_UPGRADE = "stop what writes to it, make a copy, and run: assetflow history upgrade"


def prepare(database: Database) -> str:
    """Make the tables of an empty database, and check those of another.

    Returns:
        the identity of the history.

    Raises:
        HistorySchemaError: its tables are of another version, or it cannot be written to.
        HistoryUnreachableError: it does not answer.
    """
    with database.reading() as connection:
        form = form_of(connection)
    if form is None:
        upgrade(database)
    elif form != HEAD:
        raise _other_form(database, form)
    with database.reading() as connection:
        found = connection.execute(text("SELECT uuid FROM history")).scalar()
    if found is None:
        with database.writing() as connection:
            connection.execute(
                text("INSERT INTO history (number, uuid, made) VALUES (1, :uuid, :made) ON CONFLICT DO NOTHING"),
                {"uuid": secrets.token_hex(16), "made": time.time()},
            )
            found = connection.execute(text("SELECT uuid FROM history")).scalar()
    return str(found)


def form_of(connection: Connection) -> str | None:
    """The version of the tables; None if there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(database: Database) -> None:
    """Bring the tables into the newest form. Several processes may do it at once.

    Raises:
        HistorySchemaError: they are of a later version, or cannot be written to.
    """
    from alembic import command  # imported here: only a new or an old database needs it
    from alembic.config import Config

    if database.file is not None:
        database.file.parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    try:
        with database.writing() as connection:
            if not database.is_sqlite:  # a SQLite is locked by now
                connection.execute(text("SELECT pg_advisory_xact_lock(4711170623)"))
            form = form_of(connection)
            if form is not None and form > HEAD:
                raise _other_form(database, form)
            if form != HEAD:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except DBAPIError as error:
        raise HistorySchemaError(
            f"the tables of the history at {database.title} cannot be made: {str(error.orig).strip()}",
            fix="give its user the right to make tables, or set ASSETFLOW_DATABASE_URL to another database",
        ) from None


def _other_form(database: Database, form: str) -> HistorySchemaError:
    if form > HEAD:
        return HistorySchemaError(
            f"the history at {database.title} was written by a later version of assetflow: its tables are of form "
            f"{form}, and this version knows {HEAD}",
            fix="upgrade assetflow here",
        )
    return HistorySchemaError(
        f"the tables of the history at {database.title} are of form {form}; this version needs {HEAD}", fix=_UPGRADE
    )
