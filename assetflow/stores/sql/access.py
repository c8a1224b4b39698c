"""Tokens, tickets and sessions in a SQL database. What opens a door is kept as its hash alone."""

from __future__ import annotations

import hashlib
import hmac
from secrets import token_hex, token_urlsafe
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from assetflow.stores.sql.access_tables import sessions, tickets, tokens
from assetflow.stores.sql.connection import Database

TOKEN_PREFIX = "af_"
_USED_EVERY = 60.0  # seconds between two notes of when a token was used


class TokenEntry(NamedTuple):
    """A token, without the token itself.

    Attributes:
        environments: that it may write to; empty for all.
        created, expires, used, revoked: seconds since the epoch.
    """

    id: str
    name: str
    role: str
    environments: tuple[str, ...]
    created: float
    created_by: str
    expires: float | None
    used: float | None
    revoked: float | None


class Bearer(NamedTuple):
    """Who somebody is who has shown a token, a ticket or a session.

    Attributes:
        token: id of the token behind it, if there is one.
        environments: that may be written to; empty for all.
    """

    user: str
    role: str
    environments: tuple[str, ...] = ()
    token: str | None = None


class SqlAccess:
    """Who may use the web server.

    Args:
        database: whose tables are there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_token(
        self,
        name: str,
        role: str,
        *,
        now: float,
        by: str,
        expires: float | None = None,
        environments: tuple[str, ...] = (),
    ) -> tuple[str, TokenEntry]:
        """A new token of 256 bits, which is told only now."""
        secret, identity = TOKEN_PREFIX + token_urlsafe(32), token_hex(6)
        values = {"id": identity, "name": name, "hash": hash_of(secret), "role": role, "created": now,
                  "environments": ",".join(environments), "created_by": by, "expires": expires}  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(insert(tokens).values(**values))
        return secret, TokenEntry(identity, name, role, environments, now, by, expires, None, None)

    def list_tokens(self) -> list[TokenEntry]:
        """All tokens, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.created.desc())).all()
        return [
            TokenEntry(row.id, row.name, row.role, _names(row.environments), row.created, row.created_by, row.expires,
                       row.used, row.revoked)
            for row in rows
        ]  # fmt: skip

    def revoke_token(self, identity: str, now: float) -> bool:
        """Let a token, and all that logged in with it, open nothing any more; False if there is none."""
        with self._database.writing() as connection:
            known = connection.execute(select(tokens.c.id).where(tokens.c.id == identity)).scalar()
            if known is None:
                return False
            revoked = update(tokens).where(tokens.c.id == identity, tokens.c.revoked.is_(None)).values(revoked=now)
            connection.execute(revoked)
            connection.execute(delete(sessions).where(sessions.c.token == identity))
        return True

    def by_token(self, secret: str, now: float) -> Bearer | None:
        """Whose token this is; None if it opens nothing."""
        wanted = hash_of(secret)
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == wanted, _open(now))).first()
        if row is None or not hmac.compare_digest(row.hash, wanted):
            return None
        if row.used is None or now - row.used > _USED_EVERY:
            with self._database.writing() as connection:
                connection.execute(update(tokens).where(tokens.c.id == row.id).values(used=now))
        return Bearer(row.name, row.role, _names(row.environments), row.id)

    def create_ticket(self, user: str, role: str, expires: float) -> str:
        """A ticket with which one can log in once."""
        secret = token_urlsafe(32)
        with self._database.writing() as connection:
            values = {"hash": hash_of(secret), "user": user, "role": role, "expires": expires}
            connection.execute(insert(tickets).values(**values))
        return secret

    def use_ticket(self, secret: str, now: float) -> Bearer | None:
        """Take a ticket away from whoever shows it; None if there is none, or it is too old."""
        with self._database.writing() as connection:
            row = connection.execute(select(tickets).where(tickets.c.hash == hash_of(secret))).first()
            connection.execute(delete(tickets).where(or_(tickets.c.hash == hash_of(secret), tickets.c.expires < now)))
        return None if row is None or row.expires < now else Bearer(row.user, row.role)

    def create_session(self, bearer: Bearer, now: float, expires: float) -> str:
        """The secret of a new session; those that are over are cleared away."""
        secret = token_urlsafe(32)
        values = {"hash": hash_of(secret), "user": bearer.user, "role": bearer.role, "token": bearer.token,
                  "environments": ",".join(bearer.environments), "created": now, "expires": expires}  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires < now))
            connection.execute(insert(sessions).values(**values))
        return secret

    def by_session(self, secret: str, now: float) -> Bearer | None:
        """Who has logged in so; None if nobody has, or it was too long ago."""
        query = select(sessions).where(sessions.c.hash == hash_of(secret), sessions.c.expires > now)
        query = query.outerjoin(tokens, tokens.c.id == sessions.c.token)
        query = query.where(or_(sessions.c.token.is_(None), _open(now)))
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Bearer(row.user, row.role, _names(row.environments), row.token)

    def end_session(self, secret: str) -> None:
        """Log out."""
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.hash == hash_of(secret)))


def hash_of(secret: str) -> str:
    """What is kept of a secret of 256 bits, which no guessing finds."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _open(now: float) -> ColumnElement[bool]:
    return tokens.c.revoked.is_(None) & or_(tokens.c.expires.is_(None), tokens.c.expires > now)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)
