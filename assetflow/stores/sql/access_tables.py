"""The tables of who may use the web server, and of what they did."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table, Text

from assetflow.stores.sql.tables import LONG, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("environments", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires", Double, nullable=True),
    Column("used", Double, nullable=True),
    Column("revoked", Double, nullable=True),
    sqlite_with_rowid=False,
)
Index("tokens_by_hash", tokens.c.hash, unique=True)

tickets = Table(
    "tickets",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("expires", Double, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("environments", Text, nullable=False),
    Column("token", Text, nullable=True),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=False),
    sqlite_with_rowid=False,
)

promotions = Table(
    "promotions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("user", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("undone", Double, nullable=True),
    Column("undone_by", Text, nullable=True),
    Column("restored", Text, nullable=True),
    sqlite_with_rowid=False,
)
Index("promotions_by_time", promotions.c.at, promotions.c.id)

audit = Table(
    "audit",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("env", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("ip", Text, nullable=False),
)
