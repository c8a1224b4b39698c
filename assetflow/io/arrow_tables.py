"""Frames of pandas, polars and DuckDB as tables of Arrow, and back."""

from __future__ import annotations

import hashlib
from typing import Any

from assetflow.errors import UnserializableValueError
from assetflow.io.frames import is_frame, kind_of
from assetflow.io.manifests import DIGITS
from assetflow.optional_libraries import library


def as_table(value: Any, what: str) -> Any:
    """The frame as a table of Arrow."""
    arrow = library("pyarrow", what=f"storing {what} in DuckDB")
    if type(value).__name__ == "DuckDBPyRelation":
        return value.to_arrow_table()
    if not is_frame(value):
        raise UnserializableValueError(
            f"the value of {what}, a {type(value).__qualname__}, is no frame, and DuckDB keeps tables",
            fix="return a frame of pandas, polars or Arrow, or duckdb.sql(...); or give it another io_manager_key",
        )
    root, name = kind_of(type(value))
    if root == "pandas":
        pandas = library("pandas", what=f"storing {what}")
        if not value.index.equals(pandas.RangeIndex(len(value))):
            raise UnserializableValueError(
                f"the frame of {what} has an index, and a table of DuckDB has none", fix="call reset_index() on it"
            )
        return arrow.Table.from_pandas(value, preserve_index=False)
    if root == "polars":
        return (value.collect() if name == "LazyFrame" else value).to_arrow()
    return value


def as_stream(table: Any) -> Any:
    """A table as a buffer of Arrow."""
    arrow = library("pyarrow", what="DuckDBIOManager")
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return sink.getvalue()


def content_of(table: Any) -> str:
    """A hash that equal tables have in common."""
    return hashlib.sha256(as_stream(table)).hexdigest()[:DIGITS]


def as_frame(table: Any, stored: str, annotation: Any, what: str) -> Any:
    """A table of Arrow as the kind of frame that is wanted, or that was stored."""
    asked = isinstance(annotation, type) and annotation.__module__.partition(".")[0] in ("pandas", "polars", "pyarrow")
    wanted = f"{annotation.__module__}.{annotation.__qualname__}" if asked else stored
    root, name = wanted.partition(".")[0], wanted.rpartition(".")[2]
    if root == "pandas":
        library("pandas", what=f"loading {what} as a DataFrame of pandas")
        return table.to_pandas()
    if root == "polars":
        frame = library("polars", what=f"loading {what}").from_arrow(table)
        return frame.lazy() if name == "LazyFrame" else frame
    return table
