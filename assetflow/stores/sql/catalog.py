"""The Catalog in a SQL database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from statistics import median
from typing import Any

from sqlalchemy import Row, Select, Table, delete, func, literal, select

from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.keys import AssetKey
from assetflow.runs.entries import CheckEntry, MaterializationEntry, ObservationEntry, RunEntry, StatusEntry
from assetflow.runs.event_log import AssetState, Checked, Newest, Observed, Recorded, Stood, Unmade, Update
from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.tables import assets, checks, materializations, observations, run_statuses, runs, unmade

_AT_ONCE = 500  # names in one question
_BETWEEN = "\x1f"  # which no key has
_LATELY = 9  # materializations that say how long the next one will take
_made = materializations.c
_NEWEST = select(materializations).join(
    assets,
    (_made.run_id == assets.c.run_id)
    & (_made.step == assets.c.step)
    & (_made.token == assets.c.token)
    & (_made.asset.concat("") == assets.c.asset)  # else SQLite looks through all that was made of each asset
    & (_made.partition == assets.c.partition),
)


class SqlCatalog:
    """What is known of assets.

    Args:
        database: whose tables are there.
        environment: that is meant.
    """

    def __init__(self, database: Database, environment: str = DEFAULT_ENVIRONMENT) -> None:
        self._database = database
        self._environment = environment

    def states(self, keys: Collection[AssetKey] | None = None) -> list[AssetState]:
        """See Catalog.states."""
        found: list[AssetState] = []
        with self._database.reading() as connection:
            every = select(assets).where(assets.c.environment == self._environment)
            for query in _in_pieces(every.order_by(assets.c.asset, assets.c.partition), assets, keys):
                found += [AssetState(*row) for row in connection.execute(query)]
        return found

    def partition_counts(self, keys: Collection[AssetKey]) -> dict[AssetKey, int]:
        """See Catalog.partition_counts."""
        found = dict.fromkeys(keys, 0)
        query = select(assets.c.asset, func.count()).group_by(assets.c.asset)
        query = query.where(assets.c.environment == self._environment, assets.c.partition != "")
        with self._database.reading() as connection:
            for piece in _in_pieces(query, assets, keys):
                found.update((AssetKey.from_db_string(asset), count) for asset, count in connection.execute(piece))
        return found

    def partitions(self, key: AssetKey) -> list[str]:
        """See Catalog.partitions."""
        state = assets.c
        # One long text comes over many times as fast as a hundred thousand rows.
        query = select(func.aggregate_strings(state.partition, _BETWEEN)).where(
            state.environment == self._environment, state.asset == key.to_string(), state.partition != ""
        )
        with self._database.reading() as connection:
            joined = connection.execute(query).scalar()
        return joined.split(_BETWEEN) if joined else []

    def latest(self, keys: Sequence[AssetKey], partition: str | None = None) -> dict[AssetKey, Recorded]:
        """See Catalog.latest."""
        query = _NEWEST
        query = query.where(assets.c.environment == self._environment)
        if partition is not None:
            query = query.where(assets.c.partition == partition)
        else:  # of an asset with a hundred thousand partitions, one
            every = assets.alias()
            newest = (
                select(every.c.asset, func.max(every.c.token).label("token"))
                .where(every.c.environment == self._environment)
                .group_by(every.c.asset)
            )
            if len(keys) <= _AT_ONCE:
                newest = newest.where(every.c.asset.in_([key.to_string() for key in keys]))
            last = newest.subquery()
            query = query.join(last, (last.c.asset == assets.c.asset) & (last.c.token == assets.c.token))
        found: dict[AssetKey, Recorded] = {}
        with self._database.reading() as connection:
            for piece in _in_pieces(query, assets, keys):
                for row in connection.execute(piece):
                    record = _recorded(row)
                    key = AssetKey.from_db_string(record.entry.asset)
                    before = found.get(key)
                    if before is None or (before.entry.token, before.id) < (record.entry.token, record.id):
                        found[key] = record
        return found

    def latest_partitions(self, key: AssetKey) -> dict[str, Recorded]:
        """See Catalog.latest_partitions."""
        query = _NEWEST.where(
            assets.c.environment == self._environment, assets.c.asset == key.to_string(), assets.c.partition != ""
        )
        with self._database.reading() as connection:
            return {row.partition: _recorded(row) for row in connection.execute(query)}

    def materializations(
        self,
        key: AssetKey,
        *,
        limit: int = 50,
        partitions: Collection[str] | None = None,
        before: int | None = None,
        after: int | None = None,
        ascending: bool = False,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Recorded]:
        """See Catalog.materializations."""
        query = self._told_of(materializations, key, partitions, before, after, since, until)
        with self._database.reading() as connection:
            return [_recorded(row) for row in connection.execute(_ordered(query, materializations, ascending, limit))]

    def made_as(self, key: AssetKey, version: str, partition: str = "") -> Recorded | None:
        """See Catalog.made_as."""
        query = self._told_of(materializations, key, [partition], None, None, None, None)
        query = _ordered(query.where(materializations.c.version == version), materializations, False, 1)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _recorded(row)

    def observations(
        self,
        key: AssetKey,
        *,
        limit: int = 50,
        partitions: Collection[str] | None = None,
        before: int | None = None,
        after: int | None = None,
        ascending: bool = False,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Observed]:
        """See Catalog.observations."""
        query = self._told_of(observations, key, partitions, before, after, since, until)
        query = query.where(observations.c.kind == "observation")
        with self._database.reading() as connection:
            rows = connection.execute(_ordered(query, observations, ascending, limit)).all()
        return [Observed(row[0], ObservationEntry(*row[1:])) for row in rows]

    def checks(self, key: AssetKey, name: str | None = None, *, limit: int = 50) -> list[Checked]:
        """See Catalog.checks."""
        query = select(checks).where(checks.c.environment == self._environment, checks.c.asset == key.to_string())
        query = query.order_by(checks.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(checks.c.name == name)
        with self._database.reading() as connection:
            return [Checked(row[0], CheckEntry(*row[1:])) for row in connection.execute(query)]

    def latest_checks(self, keys: Collection[AssetKey] | None = None) -> list[Checked]:
        """See Catalog.latest_checks."""
        newest = select(func.max(checks.c.id)).where(checks.c.environment == self._environment)
        newest = newest.group_by(checks.c.asset, checks.c.name)
        found: list[Checked] = []
        with self._database.reading() as connection:
            for piece in _in_pieces(newest, checks, keys):
                rows = connection.execute(select(checks).where(checks.c.id.in_(piece)).order_by(checks.c.id))
                found += [Checked(row[0], CheckEntry(*row[1:])) for row in rows]
        return found

    def durations(self, keys: Sequence[AssetKey]) -> dict[AssetKey, float]:
        """See Catalog.durations."""
        made = materializations.c
        place = func.row_number().over(partition_by=made.asset, order_by=made.id.desc())
        every = select(made.asset, made.seconds, place.label("place"))
        # What was told by hand, or taken from elsewhere, took no time.
        every = every.where(made.environment == self._environment, made.output >= 0)
        found: dict[AssetKey, float] = {}
        with self._database.reading() as connection:
            for piece in _in_pieces(every, materializations, keys):
                lately = piece.subquery()
                told: dict[str, list[float]] = defaultdict(list)
                for row in connection.execute(select(lately).where(lately.c.place <= _LATELY)):
                    told[row.asset].append(row.seconds)
                found.update((AssetKey.from_db_string(name), median(times)) for name, times in told.items())
        return found

    def made_in(self, run_id: str) -> list[Recorded]:
        """See Catalog.made_in."""
        query = select(materializations).where(materializations.c.run_id == run_id).order_by(materializations.c.id)
        with self._database.reading() as connection:
            return [_recorded(row) for row in connection.execute(query)]

    def run_statuses(
        self, statuses: Collection[str], *, after: int | None = None, limit: int = 50, ascending: bool = True
    ) -> list[Stood]:
        """See Catalog.run_statuses."""
        light = [column for column in runs.columns if column.name != "envelope"]
        query = select(run_statuses, *light).join(runs, run_statuses.c.run_id == runs.c.run_id)
        query = query.where(runs.c.environment == self._environment, run_statuses.c.status.in_(list(statuses)))
        if after is not None:
            query = query.where(run_statuses.c.id > after)
        with self._database.reading() as connection:
            found = connection.execute(_ordered(query, run_statuses, ascending, limit)).all()
        return [Stood(row[0], StatusEntry(*row[1:4]), RunEntry._make((*row[4:], b""))) for row in found]

    def newest(self) -> Newest:
        """See Catalog.newest."""
        made, seen = materializations.c, observations.c
        last = select(made.id, made.at).order_by(made.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(last).first()
            number = connection.execute(select(func.max(seen.id))).scalar() or 0
        return Newest(seen=number) if row is None else Newest(row.id, number, row.at)

    def updates(self, keys: Collection[AssetKey], after: int, until: int, *, observed: bool = False) -> list[Update]:
        """See Catalog.updates."""
        table = observations if observed else materializations
        told = table.c
        seconds = literal(0.0) if observed else told.seconds
        query = select(told.asset, told.partition, told.id, told.run_id, told.data_version, told.at, seconds)
        query = query.where(told.environment == self._environment, told.id > after, told.id <= until)
        if observed:
            query = query.where(observations.c.kind == "observation")
        with self._database.reading() as connection:
            found = [Update(*row) for piece in _in_pieces(query, table, keys) for row in connection.execute(piece)]
        return sorted(found, key=lambda update: update.number)

    def unmade(self, keys: Collection[AssetKey]) -> list[Unmade]:
        """See Catalog.unmade."""
        told = unmade.c
        # A question for each row: PostgreSQL, as long as it has not counted the tables, joins each with all partitions.
        made = (
            select(assets.c.at)
            .where(
                assets.c.environment == told.environment,
                assets.c.asset == told.asset,
                assets.c.partition == told.partition,
            )
            .correlate(unmade)
            .scalar_subquery()
        )
        query = select(told.asset, told.partition, told.outcome, told.run_id, told.at).where(
            told.environment == self._environment, told.outcome != "unchanged", func.coalesce(made, 0.0) < told.at
        )
        with self._database.reading() as connection:
            return [Unmade(*row) for piece in _in_pieces(query, unmade, keys) for row in connection.execute(piece)]

    def wipe(self, key: AssetKey) -> None:
        """See Catalog.wipe."""
        with self._database.writing() as connection:
            for table in (materializations, observations, checks, assets, unmade):
                here = table.c.environment == self._environment
                connection.execute(delete(table).where(here, table.c.asset == key.to_string()))

    def _told_of(
        self,
        table: Table,
        key: AssetKey,
        partitions: Collection[str] | None,
        before: int | None,
        after: int | None,
        since: float | None,
        until: float | None,
    ) -> Select[Any]:
        query = select(table).where(table.c.environment == self._environment, table.c.asset == key.to_string())
        if partitions is not None:
            query = query.where(table.c.partition.in_(list(partitions)))
        if before is not None:
            query = query.where(table.c.id < before)
        if after is not None:
            query = query.where(table.c.id > after)
        if since is not None:
            query = query.where(table.c.at > since)
        if until is not None:
            query = query.where(table.c.at < until)
        return query


def _ordered(query: Select[Any], table: Table, ascending: bool, limit: int) -> Select[Any]:
    return query.order_by(table.c.id if ascending else table.c.id.desc()).limit(limit)


def _in_pieces(query: Select[Any], table: Table, keys: Collection[AssetKey] | None) -> Iterator[Select[Any]]:
    """The query for some assets at a time; as it is for all."""
    if keys is None:
        yield query
        return
    names = sorted(key.to_string() for key in keys)
    for at in range(0, len(names), _AT_ONCE):
        yield query.where(table.c.asset.in_(names[at : at + _AT_ONCE]))


def _recorded(row: Row[Any]) -> Recorded:
    number, *values = tuple(row)
    return Recorded(number, MaterializationEntry._make(values))
