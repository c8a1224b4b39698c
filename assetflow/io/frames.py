"""Frames and tables as Parquet. pandas, polars and Arrow are imported here, when a value needs them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from assetflow.errors import DamagedRecordError, InvariantViolationError, LoadError, UnserializableValueError
from assetflow.optional_libraries import library

_FRAMES = {
    ("pandas", "DataFrame"),
    ("polars", "DataFrame"),
    ("polars", "LazyFrame"),
    ("pyarrow", "Table"),
}


def kind_of(frame_type: type) -> tuple[str, str]:
    """Library and name of a type: ``("pandas", "DataFrame")``."""
    return frame_type.__module__.partition(".")[0], frame_type.__qualname__


def is_frame(value: Any) -> bool:
    """Whether a value is a frame or a table that Parquet can hold."""
    return kind_of(type(value)) in _FRAMES


def dump(value: Any, *, what: str) -> memoryview:
    """A frame as the bytes of a Parquet file.

    Raises:
        UnserializableValueError: it is no frame, or has a column that Parquet cannot hold.
        LoadError: a library is missing.
    """
    root, name = kind_of(type(value))
    if (root, name) not in _FRAMES:
        raise UnserializableValueError(
            f"the value of {what} is stored as Parquet, so it has to be a DataFrame of pandas or polars, or a Table of "
            f"Arrow, not a {type(value).__qualname__}",
            fix='return one, or give the asset an IO manager with another format (format="auto" goes by the type)',
        )
    buffer = io.BytesIO()
    try:
        if root == "polars":
            frame = value.collect() if name == "LazyFrame" else value
            frame.write_parquet(buffer, compression="zstd")
        else:
            arrow = library("pyarrow", what=f"storing {what} as Parquet")
            table = value if root == "pyarrow" else arrow.Table.from_pandas(value)
            import_module("pyarrow.parquet").write_table(table, buffer, compression="zstd")
    except LoadError:
        raise
    except Exception as error:
        reason = "; ".join(str(part) for part in error.args) or type(error).__name__
        raise UnserializableValueError(
            f"the value of {what} cannot be stored as Parquet: {reason}",
            fix="give each column one type and each a name of its own, or store this asset as a pickle "
            '(format="pickle")',
        ) from error
    return buffer.getbuffer()


def load(
    raw: bytes | bytearray | memoryview,
    stored: str,
    annotation: Any,
    columns: Sequence[str] | None,
    *,
    where: str,
    what: str,
) -> Any:
    """What a Parquet file holds, as the type that was stored, or the one that is asked for.

    Args:
        stored: qualified class name of what was stored; empty if it is not known.
        annotation: of the reader; counts if it is a frame.
        columns: which to load; None for all.

    Raises:
        DamagedRecordError: it is no Parquet file.
        InvariantViolationError: a column is not there.
        LoadError: the library of the type is missing.
    """
    asked = kind_of(annotation) if isinstance(annotation, type) else ("", "")
    root, name = asked if asked in _FRAMES else _kind_of_name(stored)
    try:
        if root == "polars":
            return _with_polars(raw, name, columns, what)
        return _with_arrow(raw, root, columns, what)
    except (InvariantViolationError, LoadError):
        raise
    except Exception as error:
        raise DamagedRecordError(
            f"the stored value of {what} cannot be read as Parquet: {type(error).__name__}: {error}",
            where=where,
            fix="materialize the asset again",
        ) from error


def select(value: Any, columns: Sequence[str], *, what: str) -> Any:
    """Some columns of a frame; anything else as it is."""
    root, name = kind_of(type(value))
    if (root, name) not in _FRAMES:
        return value
    there = value.collect_schema().names() if name == "LazyFrame" else getattr(value, "column_names", None)
    check_columns(columns, list(value.columns) if there is None else list(there), what=what)
    return value[list(columns)] if root == "pandas" else value.select(list(columns))


def wanted_columns(metadata: Mapping[str, Any] | None, *, what: str) -> list[str] | None:
    """The ``columns`` a reader asks for, or None; InvariantViolationError if they are no list of names."""
    given = metadata.get("columns") if metadata else None
    if given is None:
        return None
    given = getattr(given, "value", given)
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise InvariantViolationError(
            f"columns of {what} is a list of names, not {given!r}",
            fix='AssetIn(metadata={"columns": ["id", "amount"]})',
        )
    return list(given)


def check_columns(columns: Sequence[str], there: Sequence[Any], *, what: str) -> None:
    """Raise InvariantViolationError if a column is not there."""
    missing = [name for name in columns if name not in there]
    if missing:
        shown = ", ".join(map(str, there[:40])) + (f" and {len(there) - 40} more" if len(there) > 40 else "")
        raise InvariantViolationError(
            f"{what} has no column {', '.join(map(repr, missing))}", fix=f"its columns are: {shown or 'none'}"
        )


def _kind_of_name(stored: str) -> tuple[str, str]:
    found = stored.partition(".")[0], stored.rpartition(".")[2]
    return found if found in _FRAMES else ("pandas", "DataFrame")


def _with_polars(raw: bytes | bytearray | memoryview, name: str, columns: Sequence[str] | None, what: str) -> Any:
    polars = library("polars", what=f"loading {what}")
    source = io.BytesIO(raw)
    if columns is not None:
        check_columns(columns, list(polars.read_parquet_schema(source)), what=what)
        source.seek(0)
    frame = polars.read_parquet(source, columns=None if columns is None else list(columns))
    return frame.lazy() if name == "LazyFrame" else frame


def _with_arrow(raw: bytes | bytearray | memoryview, root: str, columns: Sequence[str] | None, what: str) -> Any:
    arrow = library("pyarrow", what=f"loading {what}, which is stored as Parquet,")
    if root == "pandas":
        library("pandas", what=f"loading {what} as a DataFrame of pandas")
    file = import_module("pyarrow.parquet").ParquetFile(arrow.BufferReader(arrow.py_buffer(raw)))
    if columns is not None:
        check_columns(columns, file.schema_arrow.names, what=what)
    table = file.read(columns=None if columns is None else list(columns), use_pandas_metadata=root == "pandas")
    return table.to_pandas() if root == "pandas" else table
