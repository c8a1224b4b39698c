"""The EventLog in a SQL database."""

from __future__ import annotations

import json
import time
from collections.abc import Collection

from sqlalchemy import Connection, delete, exists, func, select, text, tuple_

from assetflow.runs.entries import AttemptEntry, Entries, LogEntry, Move, Place, RunEntry
from assetflow.runs.facts import Fact, FactKind
from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.dynamic_partitions import change_partitions
from assetflow.stores.sql.inserting import insert
from assetflow.stores.sql.schema import prepare
from assetflow.stores.sql.tables import (
    alerts,
    assets,
    attempts,
    checks,
    codes,
    facts,
    logs,
    materializations,
    observations,
    offsets,
    run_statuses,
    runs,
    unmade,
)
from assetflow.stores.sql.telling import add_told, in_turn

_KINDS = {kind.value for kind in FactKind}
_AT_ONCE = 500  # names in one question

_CHANGE = text(
    "UPDATE runs SET status = COALESCE(:status, status), started = COALESCE(started, :started), "
    "ended = COALESCE(:ended, ended), error = COALESCE(error, :error), done = done + :done WHERE run_id = :run_id"
)
_INTO_ATTEMPTS = "ON CONFLICT (run_id, step, token) DO UPDATE SET " + ", ".join(
    f'"{column.name}" = excluded."{column.name}"' for column in attempts.columns if not column.primary_key
)
_INTO_UNMADE = (
    "ON CONFLICT (environment, asset, partition) DO UPDATE SET outcome = excluded.outcome, run_id = excluded.run_id, "
    "step = excluded.step, at = excluded.at WHERE excluded.at >= unmade.at"
)


class _Outpaced(Exception):
    """Another recorder has moved a stream on."""


class SqlEventLog:
    """The history in one database.

    Args:
        database: whose tables are made if there are none.

    Raises:
        HistorySchemaError: its tables are of another version.
        HistoryUnreachableError: it does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._identity = prepare(database)

    @property
    def identity(self) -> str:
        """See EventLog."""
        return self._identity

    @property
    def is_shared(self) -> bool:
        """See EventLog."""
        return not self._database.is_sqlite

    def places(self, run_ids: Collection[str]) -> dict[str, Place]:
        """See EventLog.places."""
        found: dict[str, Place] = {}
        wanted = sorted(run_ids)
        with self._database.reading() as connection:
            for at in range(0, len(wanted), _AT_ONCE):
                rows = connection.execute(select(offsets).where(offsets.c.run_id.in_(wanted[at : at + _AT_ONCE])))
                found.update((row.run_id, Place(row.born, row.after_id)) for row in rows)
        return found

    def record(self, entries: Entries) -> bool:
        """See EventLog.record."""
        try:
            with self._database.writing() as connection:
                in_turn(connection)
                for move in sorted(entries.moves):
                    _move(connection, move)
                insert(connection, runs, entries.runs)
                if entries.changes:
                    connection.execute(_CHANGE, [change._asdict() for change in entries.changes])
                insert(connection, run_statuses, entries.statuses)
                insert(connection, facts, entries.facts)
                # A try that was taken for lost may be heard of again: what is told last of it counts.
                tries = {attempt[:3]: attempt for attempt in entries.attempts}
                insert(connection, attempts, list(tries.values()), _INTO_ATTEMPTS)
                add_told(connection, entries)
                insert(connection, logs, entries.logs)
                insert(connection, alerts, entries.alerts)
                change_partitions(connection, entries.partitions)
                last = {entry[:3]: entry for entry in entries.unmade}
                insert(connection, unmade, list(last.values()), _INTO_UNMADE)
        except _Outpaced:
            return False
        return True

    def keep_code(self, name: str, body: bytes) -> None:
        """See EventLog.keep_code."""
        with self._database.writing() as connection:
            insert(connection, codes, [(name, time.time(), body)])

    def code(self, name: str) -> bytes | None:
        """See EventLog.code."""
        with self._database.reading() as connection:
            found = connection.execute(select(codes.c.body).where(codes.c.name == name)).scalar()
        return None if found is None else bytes(found)

    def run(self, run_id: str) -> RunEntry | None:
        """See EventLog.run."""
        with self._database.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
        return None if row is None else RunEntry(*row)

    def runs(self, limit: int = 50, *, before: str | None = None, statuses: Collection[str] = ()) -> list[RunEntry]:
        """See EventLog.runs."""
        light = [column for column in runs.columns if column.name != "envelope"]
        query = select(*light).order_by(runs.c.run_id.desc()).limit(limit)
        if before is not None:
            query = query.where(runs.c.run_id < before)
        if statuses:
            query = query.where(runs.c.status.in_(list(statuses)))
        with self._database.reading() as connection:
            return [RunEntry._make((*row, b"")) for row in connection.execute(query)]

    def facts(self, run_id: str, after: str = "0", limit: int = 1000) -> list[Fact]:
        """See EventLog.facts."""
        ms, seq = numbers_of(after)
        query = (
            select(facts.c.ms, facts.c.seq, facts.c.at, facts.c.kind, facts.c.steps, facts.c.token, facts.c.detail)
            .where(facts.c.run_id == run_id, tuple_(facts.c.ms, facts.c.seq) > tuple_(ms, seq))
            .order_by(facts.c.ms, facts.c.seq)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [_fact(*row) for row in rows if row.kind in _KINDS]

    def attempts(self, run_id: str, first: int = 0, count: int = 1000) -> list[AttemptEntry]:
        """See EventLog.attempts."""
        query = (
            select(attempts)
            .where(attempts.c.run_id == run_id, attempts.c.step >= first, attempts.c.step < first + count)
            .order_by(attempts.c.step, attempts.c.token)
        )
        with self._database.reading() as connection:
            return [AttemptEntry(*row) for row in connection.execute(query)]

    def versions(self, run_id: str) -> dict[int, tuple[str | None, str | None]]:
        """See EventLog.versions."""
        made = materializations.c
        query = select(made.output, made.version, made.data_version).where(made.run_id == run_id, made.output >= 0)
        with self._database.reading() as connection:
            return {row.output: (row.version, row.data_version) for row in connection.execute(query.order_by(made.id))}

    def data_versions(
        self, environment: str, keys: Collection[tuple[str, ...]], until: float
    ) -> dict[tuple[str, ...], str]:
        """See EventLog.data_versions."""
        found: dict[tuple[str, ...], str] = {}
        with self._database.reading() as connection:
            for table in (observations, materializations):
                told = table.c
                newest = select(told.data_version).order_by(told.id.desc()).limit(1)
                newest = newest.where(told.environment == environment, told.data_version.is_not(None), told.at <= until)
                for key in sorted(set(keys) - found.keys()):
                    version = connection.execute(newest.where(told.asset == json.dumps(list(key)))).scalar()
                    if version is not None:
                        found[key] = str(version)
        return found

    def logs(self, run_id: str) -> list[LogEntry]:
        """See EventLog.logs."""
        query = select(logs).where(logs.c.run_id == run_id).order_by(logs.c.at, logs.c.token)
        with self._database.reading() as connection:
            return [LogEntry(*row) for row in connection.execute(query)]

    def over(self, run_id: str) -> set[int]:
        """See EventLog.over."""
        query = select(attempts.c.step).where(attempts.c.run_id == run_id, attempts.c.outcome.not_in(("retry", "lost")))
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def ended(self, before: float, limit: int = 500) -> list[str]:
        """See EventLog.ended."""
        query = select(runs.c.run_id).where(runs.c.ended < before).order_by(runs.c.run_id).limit(limit)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def forget_runs(self, run_ids: Collection[str]) -> None:
        """See EventLog.forget_runs."""
        old = list(run_ids)
        newest = exists().where(
            assets.c.environment == materializations.c.environment,
            assets.c.asset == materializations.c.asset,
            assets.c.partition == materializations.c.partition,
            assets.c.run_id == materializations.c.run_id,
            assets.c.token == materializations.c.token,
        )
        with self._database.writing() as connection:
            connection.execute(delete(materializations).where(materializations.c.run_id.in_(old), ~newest))
            for table in (facts, attempts, observations, checks, logs, alerts, run_statuses, unmade, offsets, runs):
                connection.execute(delete(table).where(table.c.run_id.in_(old)))

    def forget_codes(self, kept_before: float) -> None:
        """See EventLog.forget_codes."""
        used = select(runs.c.bundle).where(runs.c.bundle != "")
        with self._database.writing() as connection:
            connection.execute(delete(codes).where(codes.c.name.not_in(used), codes.c.kept < kept_before))

    def count_ended(self, ended_before: float) -> int:
        """See EventLog.count_ended."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.count()).where(runs.c.ended < ended_before)).scalar() or 0)

    def figures(self) -> dict[str, float | None]:
        """See EventLog.figures."""
        with self._database.reading() as connection:
            found: dict[str, float | None] = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar()
                for table in (runs, materializations, assets)
            }
            found["oldest"] = connection.execute(select(func.min(runs.c.created))).scalar()
            if self._database.is_sqlite:
                pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
                found["bytes"] = int(pages or 0) * int(connection.exec_driver_sql("PRAGMA page_size").scalar() or 0)
            else:
                size = text("SELECT pg_database_size(current_database())")
                found["bytes"] = connection.execute(size).scalar()
        return found


def numbers_of(fact_id: str) -> tuple[int, int]:
    """The two numbers of a fact's id, ``ms-seq``; stores without servers count with the second alone."""
    ms, dash, seq = fact_id.partition("-")
    return (int(ms), int(seq)) if dash else (0, int(ms))


def _move(connection: Connection, move: Move) -> None:
    """Take a stream from where this recorder has found it to where it is now."""
    after = move.after
    if move.before is None:
        made = connection.execute(
            text(
                "INSERT INTO recorder_offsets (run_id, born, after_id) VALUES (:run, :born, :after) "
                "ON CONFLICT DO NOTHING"
            ),
            {"run": move.run_id, "born": after.born, "after": after.after},
        )
    else:
        made = connection.execute(
            text(
                "UPDATE recorder_offsets SET born = :born, after_id = :after "
                "WHERE run_id = :run AND born = :was_born AND after_id = :was_after"
            ),
            {
                "run": move.run_id,
                "born": after.born,
                "after": after.after,
                "was_born": move.before.born,
                "was_after": move.before.after,
            },
        )
    if made.rowcount != 1:
        raise _Outpaced


def _fact(ms: int, seq: int, at: float, kind: str, steps: str, token: int, detail: str) -> Fact:
    return Fact(
        id=f"{ms}-{seq}" if ms else str(seq),
        kind=FactKind(kind),
        at=at,
        steps=tuple(int(part) for part in steps.split(",")) if steps else (),
        token=token,
        raw=detail.encode(),
    )
