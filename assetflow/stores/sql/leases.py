"""Leases in a SQL database, which tells the time of all who ask."""

from __future__ import annotations

from sqlalchemy import delete, select, text

from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.tick_tables import leases

_NOW_IN_SQLITE = "(julianday('now') - 2440587.5) * 86400.0"
_NOW_IN_POSTGRES = "extract(epoch from clock_timestamp())"
_LONGEST = 3600.0  # a lease that seems to last longer was given before the clock was put back


class SqlLeases:
    """Leases of one database.

    Args:
        database: whose tables are there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        now = _NOW_IN_SQLITE if database.is_sqlite else _NOW_IN_POSTGRES
        self._now = text(f"SELECT {now}")
        self._take = text(
            f"INSERT INTO leases (name, holder, until) VALUES (:name, :holder, {now} + :seconds) "
            f"ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
            f"WHERE leases.holder = excluded.holder OR leases.until < {now} OR leases.until > {now} + {_LONGEST}"
        )

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        """See Leases.hold."""
        with self._database.writing() as connection:
            taken = connection.execute(self._take, {"name": name, "holder": holder, "seconds": seconds})
            return taken.rowcount == 1

    def drop(self, name: str, holder: str) -> None:
        """See Leases.drop."""
        with self._database.writing() as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))

    def holder(self, name: str) -> str | None:
        """See Leases.holder."""
        with self._database.reading() as connection:
            now = float(connection.execute(self._now).scalar() or 0.0)
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
        return str(row.holder) if row is not None and now <= row.until <= now + _LONGEST else None
