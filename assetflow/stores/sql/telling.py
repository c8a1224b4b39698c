"""Adding what is told of assets, and with it how they stand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from assetflow.runs.entries import Entries, MaterializationEntry
from assetflow.runs.event_log import AssetState
from assetflow.stores.sql.inserting import insert
from assetflow.stores.sql.tables import assets, checks, materializations, observations

# The newest is the one with the highest token, whichever is recorded first.
_NEWER = ", ".join(
    f'"{column.name}" = CASE WHEN excluded.token >= assets.token THEN excluded."{column.name}" '
    f'ELSE assets."{column.name}" END'
    for column in assets.columns
    if column.name not in ("environment", "asset", "partition", "times")
)
_INTO_ASSETS = (
    f"ON CONFLICT (environment, asset, partition) DO UPDATE SET times = assets.times + excluded.times, {_NEWER}"
)


def in_turn(connection: Connection) -> None:
    """Wait for one's turn; else entries with later numbers could be seen before earlier ones."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(4711170624)"))


def add_told(connection: Connection, entries: Entries) -> None:
    """Add materializations, observations and checks; those that are there already change nothing."""
    if not (entries.materializations or entries.observations or entries.checks):
        return
    in_turn(connection)
    insert(connection, materializations, entries.materializations)
    insert(connection, observations, entries.observations)
    insert(connection, checks, entries.checks)
    insert(connection, assets, _states(entries.materializations), _INTO_ASSETS)


def _states(entries: Sequence[MaterializationEntry]) -> list[AssetState]:
    """What these say of how their assets stand: one for each environment, asset and partition, in a fixed order."""
    found: dict[tuple[str, str, str], AssetState] = {}
    for entry in entries:
        place = (entry.environment, entry.asset, entry.partition)
        before = found.get(place)
        if before is not None and before.token > entry.token:
            found[place] = before._replace(times=before.times + 1)
            continue
        found[place] = AssetState(
            entry.environment,
            entry.asset,
            entry.partition,
            1 if before is None else before.times + 1,
            entry.token,
            entry.at,
            entry.run_id,
            entry.step,
            entry.seconds,
            entry.size,
            entry.version,
            entry.data_version,
            entry.code_version,
        )
    return [found[place] for place in sorted(found)]
