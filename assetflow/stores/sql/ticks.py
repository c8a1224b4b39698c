"""The TickStore in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, func, insert, literal_column, or_, select, text, update
from sqlalchemy import delete as delete_from

from assetflow.runs.entries import DecisionEntry, Entries
from assetflow.runs.ticks import (
    NO_EFFECTS,
    SKIPPED_SENSOR_DAYS,
    AskedRun,
    InstigatorKind,
    InstigatorState,
    Missed,
    Reserved,
    Tick,
    TickEffects,
    TickStatus,
)
from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.dynamic_partitions import change_partitions
from assetflow.stores.sql.inserting import insert as insert_rows
from assetflow.stores.sql.telling import add_told
from assetflow.stores.sql.tick_tables import decisions, instigators, run_keys, ticks

_STATE = [instigators.c[name] for name in InstigatorState._fields]
_TICK = [ticks.c[name] for name in Tick._fields]
_asked = msgspec.json.Decoder(list[AskedRun])
_LONGEST_ERROR = 20_000
_OF_A_TICK = "tick:"  # how run keys begin that no user has chosen


class SqlTickStore:
    """Ticks of one environment and code location.

    Args:
        database: whose tables are there.
        environment: that runs are for.
        location: where the definitions come from, such as the name of a module.
    """

    def __init__(self, database: Database, environment: str, location: str) -> None:
        self._database = database
        self._place = {"environment": environment, "location": location}

    def states(self) -> dict[str, InstigatorState]:
        """See TickStore.states."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*_STATE).where(self._here(instigators))).all()
        return {row.name: InstigatorState(*row) for row in rows}

    def know(self, name: str, kind: str, since: float) -> InstigatorState:
        """See TickStore.know."""
        with self._database.writing() as connection:
            self._add(connection, name, kind, last_at=since if kind == InstigatorKind.SCHEDULE else None)
            return self._state(connection, name)

    def want(self, name: str, kind: str, wanted: str, *, since: float | None = None) -> None:
        """See TickStore.want."""
        changes: dict[str, Any] = {"wanted": wanted} if since is None else {"wanted": wanted, "last_at": since}
        with self._database.writing() as connection:
            self._add(connection, name, kind)
            connection.execute(update(instigators).where(self._one(name)).values(**changes))

    def set_cursor(self, name: str, kind: str, cursor: str | None) -> None:
        """See TickStore.set_cursor."""
        with self._database.writing() as connection:
            self._add(connection, name, kind)
            connection.execute(update(instigators).where(self._one(name)).values(cursor=cursor))

    def begin(
        self, state: InstigatorState, at: float, *, holder: str, now: float, missed: Sequence[Missed] = ()
    ) -> Tick | None:
        """See TickStore.begin."""
        with self._database.writing() as connection:
            if not self._move_on(connection, state, at):
                return None
            self._add_missed(connection, state, missed, now)
            before = self._state(connection, state.name).cursor
            started = self._adding(state, at, TickStatus.STARTED, now).values(holder=holder, cursor_before=before)
            return _tick(connection.execute(started.returning(*_TICK)).one())

    def pass_over(self, state: InstigatorState, missed: Sequence[Missed], *, now: float) -> bool:
        """See TickStore.pass_over."""
        with self._database.writing() as connection:
            if not self._move_on(connection, state, missed[-1].at):
                return False
            self._add_missed(connection, state, missed, now)
        return True

    def open(self) -> list[Tick]:
        """See TickStore.open."""
        query = select(*_TICK).where(self._here(ticks), ticks.c.status == TickStatus.STARTED).order_by(ticks.c.id)
        with self._database.reading() as connection:
            return [_tick(row) for row in connection.execute(query)]

    def take_over(self, tick: Tick, holder: str) -> bool:
        """See TickStore.take_over."""
        with self._database.writing() as connection:
            return connection.execute(update(ticks).where(_held(tick)).values(holder=holder)).rowcount == 1

    def note(
        self,
        tick: Tick,
        asked: Sequence[AskedRun],
        *,
        cursor: str | None,
        reason: str | None,
        effects: TickEffects = NO_EFFECTS,
    ) -> bool:
        """See TickStore.note."""
        told = msgspec.json.encode(list(asked)).decode()
        change = update(ticks).where(_held(tick), ticks.c.asked.is_(None))
        with self._database.writing() as connection:
            made = connection.execute(change.values(asked=told, cursor_after=cursor, reason=reason))
            if made.rowcount == 1:
                self._take_effect(connection, effects)
            return made.rowcount == 1

    def _take_effect(self, connection: Connection, effects: TickEffects) -> None:
        here = self._place["environment"]
        change_partitions(connection, effects.partitions)
        told = Entries(
            materializations=[entry._replace(environment=here) for entry in effects.materializations],
            observations=[entry._replace(environment=here) for entry in effects.observations],
            checks=[entry._replace(environment=here) for entry in effects.checks],
        )
        add_told(connection, told)
        insert_rows(connection, decisions, [(here, self._place["location"], *entry) for entry in effects.decisions])

    def decisions(self, asset: str | None = None, *, limit: int = 1) -> list[DecisionEntry]:
        """See TickStore.decisions."""
        columns = [decisions.c[name] for name in DecisionEntry._fields]
        query = select(*columns).where(self._here(decisions)).order_by(decisions.c.asset, decisions.c.tick.desc())
        if asset is not None:
            query = query.where(decisions.c.asset == asset).limit(limit)
        else:
            newest = select(decisions.c.asset, func.max(decisions.c.tick).label("tick")).where(self._here(decisions))
            last = newest.group_by(decisions.c.asset).subquery()
            query = query.join(last, (last.c.asset == decisions.c.asset) & (last.c.tick == decisions.c.tick))
        with self._database.reading() as connection:
            return [DecisionEntry(*row) for row in connection.execute(query)]

    def reserve(self, tick: Tick, run_key: str, run_id: str) -> Reserved:
        """See TickStore.reserve."""
        names = {**self._place, "instigator": tick.instigator, "run_key": run_key}
        with self._database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO run_keys (environment, location, instigator, run_key, run_id, tick) "
                    "VALUES (:environment, :location, :instigator, :run_key, :run_id, :tick) ON CONFLICT DO NOTHING"
                ),
                {**names, "run_id": run_id, "tick": tick.id},
            )
            row = connection.execute(select(run_keys).where(_all(run_keys, names))).one()
        return Reserved(row.run_id, row.launched is not None, row.tick == tick.id)

    def launched(self, tick: Tick, run_key: str, at: float) -> None:
        """See TickStore.launched."""
        names = {**self._place, "instigator": tick.instigator, "run_key": run_key}
        with self._database.writing() as connection:
            connection.execute(update(run_keys).where(_all(run_keys, names)).values(launched=at))

    def settle(
        self,
        tick: Tick,
        status: TickStatus,
        *,
        at: float,
        reason: str | None = None,
        error: str | None = None,
        run_ids: Sequence[str] = (),
        cursor: str | None = None,
        last_run_key: str | None = None,
    ) -> bool:
        """See TickStore.settle."""
        with self._database.writing() as connection:
            made = connection.execute(
                update(ticks)
                .where(_held(tick))
                .values(
                    status=status.value,
                    ended=at,
                    reason=_clean(reason),
                    error=_clean(error),
                    run_ids=json.dumps(list(run_ids)),
                    cursor_after=cursor,
                )
            )
            if made.rowcount != 1:
                return False
            noted: dict[str, Any] = {"last_ended": at, "cursor": cursor}
            if last_run_key is not None:
                noted["last_run_key"] = last_run_key
            connection.execute(update(instigators).where(self._one(tick.instigator)).values(**noted))
        return True

    def ticks(
        self, name: str | None = None, *, limit: int = 50, before: int | None = None, statuses: Collection[str] = ()
    ) -> list[Tick]:
        """See TickStore.ticks."""
        query = select(*_TICK).where(self._here(ticks)).order_by(ticks.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(ticks.c.instigator == name)
        if before is not None:
            query = query.where(ticks.c.id < before)
        if statuses:
            query = query.where(ticks.c.status.in_(list(statuses)))
        with self._database.reading() as connection:
            return [_tick(row) for row in connection.execute(query)]

    def _here(self, table: Table) -> ColumnElement[bool]:
        return _all(table, self._place)

    def _one(self, name: str) -> ColumnElement[bool]:
        return _all(instigators, {**self._place, "name": name})

    def _state(self, connection: Connection, name: str) -> InstigatorState:
        return InstigatorState(*connection.execute(select(*_STATE).where(self._one(name))).one())

    def _add(self, connection: Connection, name: str, kind: str, last_at: float | None = None) -> None:
        connection.execute(
            text(
                "INSERT INTO instigators (environment, location, name, kind, wanted, last_at) "
                "VALUES (:environment, :location, :name, :kind, '', :last_at) ON CONFLICT DO NOTHING"
            ),
            {**self._place, "name": name, "kind": kind, "last_at": last_at},
        )

    def _move_on(self, connection: Connection, state: InstigatorState, at: float) -> bool:
        """Take an instigator to a later tick, if it is where it was seen, and not stopped since."""
        unmoved = instigators.c.last_at.is_not_distinct_from(state.last_at)
        here = and_(self._one(state.name), unmoved, instigators.c.wanted == state.wanted)
        return connection.execute(update(instigators).where(here).values(last_at=at)).rowcount == 1

    def _add_missed(self, connection: Connection, state: InstigatorState, missed: Sequence[Missed], now: float) -> None:
        for one in missed:
            skipped = self._adding(state, one.at, TickStatus.SKIPPED, now)
            connection.execute(skipped.values(ended=now, reason=one.reason, holder=""))

    def _adding(self, state: InstigatorState, at: float, status: TickStatus, now: float) -> Any:
        return insert(ticks).values(
            **self._place,
            instigator=state.name,
            kind=state.kind,
            at=at,
            status=status.value,
            started=now,
            run_ids="[]",
        )


def forget_ticks(database: Database, ended_before: float, now: float, *, dry_run: bool = False) -> int:
    """Clear away ticks that ended before a time, and those of sensors that asked for nothing a week ago.

    The run keys that users have chosen stay: a run of theirs is never started twice.

    Args:
        ended_before, now: seconds since the epoch.
        dry_run: only tell how many there are.
    """
    idle = and_(
        ticks.c.kind == InstigatorKind.SENSOR,
        ticks.c.status == TickStatus.SKIPPED,
        ticks.c.ended < now - SKIPPED_SENSOR_DAYS * 86_400,
    )
    old = or_(ticks.c.ended < ended_before, idle)
    with database.writing() as connection:
        if dry_run:
            return len(connection.execute(select(literal_column("1")).select_from(ticks).where(old)).all())
        mine = run_keys.c.tick.in_(select(ticks.c.id).where(old))
        connection.execute(delete_from(run_keys).where(mine, run_keys.c.run_key.startswith(_OF_A_TICK)))
        later = decisions.alias()
        newer = select(later.c.tick).where(
            *(later.c[name] == decisions.c[name] for name in ("environment", "location", "asset")),
            later.c.tick > decisions.c.tick,
        )
        connection.execute(delete_from(decisions).where(decisions.c.at < ended_before, newer.exists()))
        return connection.execute(delete_from(ticks).where(old)).rowcount


def _all(table: Table, values: dict[str, str]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in values.items()))


def _held(tick: Tick) -> ColumnElement[bool]:
    return and_(ticks.c.id == tick.id, ticks.c.holder == tick.holder, ticks.c.status == TickStatus.STARTED)


def _tick(row: Any) -> Tick:
    found = Tick(*row)
    asked = None if found.asked is None else _asked.decode(str(found.asked))
    return found._replace(asked=asked, run_ids=json.loads(str(found.run_ids)))


def _clean(told: str | None) -> str | None:
    """A text as every database can keep it: its end, where the cause stands, if it is long."""
    return None if told is None else told.replace("\0", "\N{REPLACEMENT CHARACTER}")[-_LONGEST_ERROR:]
