"""The tables of schedules, sensors and their ticks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Table, Text

from assetflow.stores.sql.tables import LONG, metadata

instigators = Table(
    "instigators",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("cursor", Text, nullable=True),
    Column("last_run_key", Text, nullable=True),
    Column("last_at", Double, nullable=True),
    Column("last_ended", Double, nullable=True),
    sqlite_with_rowid=False,
)

ticks = Table(
    "ticks",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("environment", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("instigator", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("ended", Double, nullable=True),
    Column("reason", Text, nullable=True),
    Column("error", Text, nullable=True),
    Column("asked", Text, nullable=True),
    Column("run_ids", Text, nullable=False),
    Column("cursor_before", Text, nullable=True),
    Column("cursor_after", Text, nullable=True),
    Column("holder", Text, nullable=False),
)
Index(
    "ticks_once", *(ticks.c[name] for name in ("environment", "location", "instigator", "at")), unique=True
)  # of a fire time there is one tick, whatever daemons think
Index("ticks_by_status", ticks.c.status, ticks.c.ended)

run_keys = Table(
    "run_keys",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("instigator", Text, primary_key=True),
    Column("run_key", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("tick", BigInteger, nullable=False),
    Column("launched", Double, nullable=True),
    sqlite_with_rowid=False,
)
Index("run_keys_of_tick", run_keys.c.tick)

decisions = Table(
    "decisions",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("tick", BigInteger, primary_key=True, autoincrement=False),
    Column("sensor", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("requested", BigInteger, nullable=False),
    Column("tree", Text, nullable=False),
    sqlite_with_rowid=False,
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Double, nullable=False),
    sqlite_with_rowid=False,
)
