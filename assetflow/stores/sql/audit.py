"""What was done on the web server, and by whom. Only added to, never changed."""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import insert, select

from assetflow.stores.sql.access_tables import audit, promotions
from assetflow.stores.sql.connection import Database

_LONGEST = 500  # characters of what was aimed at


class AuditEntry(NamedTuple):
    """One thing that somebody did, or tried to do.

    Attributes:
        at: seconds since the epoch.
        action: method and address of the endpoint.
        target: what it was about, such as the id of a run.
        env: name of the environment; empty if none is meant.
        outcome: ``ok``, or why it was refused.
    """

    id: int
    at: float
    user: str
    role: str
    action: str
    target: str
    env: str
    outcome: str
    ip: str


class SqlAuditLog:
    """The log in one database.

    Args:
        database: whose tables are there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: AuditEntry) -> None:
        """Keep an entry; its number is given here."""
        values = {name: _short(value) for name, value in entry._asdict().items() if name != "id"}
        with self._database.writing() as connection:
            connection.execute(insert(audit).values(**values))

    def entries(self, limit: int = 50, before: int | None = None) -> list[AuditEntry]:
        """Entries, the latest first.

        Args:
            before: number of an entry; only earlier ones.
        """
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.id < before)
        with self._database.reading() as connection:
            return [AuditEntry(*row) for row in connection.execute(query)]


class PromotionEntry(NamedTuple):
    """What was published in one environment that another had made.

    Attributes:
        items: of each asset or partition: key, partition, the version that was replaced or None, the new version.
    """

    id: str
    at: float
    user: str
    source: str
    target: str
    items: list[list[str | None]]


class SqlPromotions:
    """Promotions, so that one can go back from them.

    Args:
        database: whose tables are there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: PromotionEntry) -> None:
        """Keep one."""
        with self._database.writing() as connection:
            connection.execute(insert(promotions).values(**{**entry._asdict(), "items": json.dumps(entry.items)}))

    def get(self, identity: str) -> PromotionEntry | None:
        """One of them; None if it is not known."""
        with self._database.reading() as connection:
            row = connection.execute(select(promotions).where(promotions.c.id == identity)).first()
        if row is None:
            return None
        told = row._mapping
        return PromotionEntry(**{**told, "items": json.loads(told["items"])})


def _short(value: float | str) -> float | str:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST] if isinstance(value, str) else value
