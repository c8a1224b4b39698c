"""What was done on the web server, and by whom. Only added to, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import and_, insert, or_, select, update

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
        undone: when it was taken back, in seconds since the epoch; None if it was not.
        restored: keys of what was published again then.
    """

    id: str
    at: float
    user: str
    source: str
    target: str
    items: list[list[str | None]]
    undone: float | None = None
    undone_by: str | None = None
    restored: list[str] | None = None

    @property
    def keys(self) -> list[str]:
        """Of the assets that were published."""
        return _keys_of(self.items)

    @property
    def replaced_keys(self) -> list[str]:
        """Of those that replaced something, which can be published again."""
        return _keys_of(item for item in self.items if item[2] is not None)

    @property
    def new_keys(self) -> list[str]:
        """Of those that were new there, wholly or in some partitions: nothing is there to go back to."""
        return _keys_of(item for item in self.items if item[2] is None)


def _keys_of(items: Iterable[list[str | None]]) -> list[str]:
    return list(dict.fromkeys(str(item[0]) for item in items))


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
            values = {**entry._asdict(), "items": json.dumps(entry.items), "restored": _list(entry.restored)}
            connection.execute(insert(promotions).values(**values))

    def get(self, identity: str) -> PromotionEntry | None:
        """One of them; None if it is not known."""
        with self._database.reading() as connection:
            row = connection.execute(select(promotions).where(promotions.c.id == identity)).first()
        return None if row is None else _promotion(dict(row._mapping))

    def entries(self, limit: int = 50, before: str | None = None) -> list[PromotionEntry]:
        """Those that have published anything, the latest first.

        Args:
            before: id of one that there is; only earlier ones.
        """
        at, name = promotions.c.at, promotions.c.id
        query = select(promotions).where(promotions.c["items"] != "[]").order_by(at.desc(), name.desc()).limit(limit)
        with self._database.reading() as connection:
            if before is not None:
                since = connection.execute(select(at).where(name == before)).scalar()
                query = query.where(or_(at < since, and_(at == since, name < before)))
            return [_promotion(dict(row._mapping)) for row in connection.execute(query)]

    def undo(self, identity: str, at: float, user: str, restored: list[str]) -> None:
        """Keep that one was taken back; what was restored by an earlier try stays told."""
        mine = promotions.c.id == identity
        with self._database.writing() as connection:
            before = connection.execute(select(promotions.c.restored).where(mine)).scalar()
            both = list(dict.fromkeys([*(json.loads(before) if before else []), *restored]))
            connection.execute(update(promotions).where(mine).values(undone=at, undone_by=user, restored=_list(both)))


def _promotion(told: Mapping[str, Any]) -> PromotionEntry:
    restored = told["restored"]
    return PromotionEntry(
        **{**told, "items": json.loads(told["items"]), "restored": None if restored is None else json.loads(restored)}
    )


def _list(keys: list[str] | None) -> str | None:
    return None if keys is None else json.dumps(keys)


def _short(value: float | str) -> float | str:
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_LONGEST] if isinstance(value, str) else value
