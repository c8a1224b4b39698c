"""Putting many rows into a table at once, in the way that is fastest for each database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, LargeBinary, Table

# Types of PostgreSQL's arrays; all others are text.
_ARRAYS: tuple[tuple[type[Any], str], ...] = (
    (BigInteger, "bigint"),
    (Double, "float8"),
    (Boolean, "boolean"),
    (LargeBinary, "bytea"),
)


def insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], on_conflict: str = "") -> None:
    """Add rows; those that are there already stay as they are.

    Args:
        rows: values in the order of the columns, without the id where the table counts its rows itself.
        on_conflict: what happens instead with a row that is there, as SQL.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_of_values(table, on_conflict), list(rows))
    else:  # one statement, whatever the number of rows
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.exec_driver_sql(_of_arrays(table, on_conflict), tuple(columns))


@cache
def _of_values(table: Table, on_conflict: str) -> str:
    columns = _columns(table)
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({_named(columns)}) VALUES ({marks}) {on_conflict or 'ON CONFLICT DO NOTHING'}"


@cache
def _of_arrays(table: Table, on_conflict: str) -> str:
    columns = _columns(table)
    arrays = ", ".join(f"%s::{_array(column)}[]" for column in columns)
    return (
        f"INSERT INTO {table.name} ({_named(columns)}) SELECT * FROM unnest({arrays}) "
        f"{on_conflict or 'ON CONFLICT DO NOTHING'}"
    )


def _columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name != "id"]


def _named(columns: Sequence[Column[Any]]) -> str:
    return ", ".join(f'"{column.name}"' for column in columns)


def _array(column: Column[Any]) -> str:
    return next((name for kind, name in _ARRAYS if isinstance(column.type, kind)), "text")
