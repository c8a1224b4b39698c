"""Frames as tables of a DuckDB file.

::

    <schema>.<table>                     what people query: a view of the version that is published
    _assetflow."<key>@<version>"         every version, a table of its own
    _assetflow.versions                  the manifest of each, and whether a run has accepted it
    _assetflow.published                 which version each view shows

The last segment of a key is the table, those before it, joined by two underscores, the schema; ``main`` if there are
none. DuckDB lets one process at a time open a file for writing, so each storing and each loading opens it, takes its
turn at a lock beside it, and closes it again. What belongs together is one transaction.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assetflow.clock import pause
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.errors import InvariantViolationError, StorageError
from assetflow.io.arrow_tables import as_frame, as_stream, as_table, content_of
from assetflow.io.codecs import type_name
from assetflow.io.frames import check_columns, wanted_columns
from assetflow.io.kept_versions import KeepsVersions, KeptVersion
from assetflow.io.manifests import Manifest, copied
from assetflow.io.paths import safe_segments
from assetflow.keys import AssetKey, Version
from assetflow.optional_libraries import library

_CODEC = "duckdb"
_OURS = "_assetflow"
_TAKEN = frozenset({_OURS, "information_schema", "pg_catalog", "temp", "system"})
_TABLES = f"""
CREATE SCHEMA IF NOT EXISTS {_OURS};
CREATE TABLE IF NOT EXISTS {_OURS}.versions (
    key VARCHAR, version VARCHAR, manifest VARCHAR, accepted BOOLEAN, PRIMARY KEY (key, version));
CREATE TABLE IF NOT EXISTS {_OURS}.published (place VARCHAR PRIMARY KEY, key VARCHAR, version VARCHAR);
"""


class DuckDBIOManager(KeepsVersions):
    """Stores frames of pandas, polars and Arrow, and relations of DuckDB, as tables that SQL can query.

    Args:
        database: the file, made when first written to. Name it unlike any schema: in ``shop.duckdb`` DuckDB wants
            ``shop.shop.sales`` for ``shop.sales``.
        patience: seconds to wait for a program that has the file open.

    A frame comes back as what it was, or as the kind of frame its reader's annotation names; a relation comes back as
    a table of Arrow.
    """

    def __init__(self, database: str | Path, *, patience: float = 60.0) -> None:
        self.database = Path(database)
        self.patience = patience

    def stage(self, context: OutputContext, obj: Any) -> None:
        """Write a table of the attempt's own."""
        _refuse_partitions(context)
        value, version, what = context.value_path, context.version, context.value_title
        assert version is not None, "staging needs a version"
        schema, name = _view_of(value)
        table = as_table(obj, what)
        context.add_output_metadata(
            {"table": MetadataValue.text(f"{schema}.{name}"), "rows": table.num_rows, "columns": table.num_columns}
        )
        manifest = Manifest(
            key=value,
            version=version.name,
            run_id=context.run_id,
            size=table.nbytes,
            checksum="",
            stored_at=time.time(),
            type=type_name(obj),
            codec=_CODEC,
            data_label=context.data_version or content_of(table),
            metadata=metadata_to_json(context.collected_metadata),
        )
        context.digest = manifest.data_version
        with self._open() as connection:
            self._refuse_clash(connection, value, what)
            connection.register("staged", table)
            _rows(connection, f"CREATE OR REPLACE TABLE {_table_of(value, version)} AS SELECT * FROM staged")
            _note(connection, manifest)

    def publish(self, *, path: tuple[str, ...], version: Version, run_id: str) -> None:  # noqa: ARG002
        """Let the view show this version, unless it shows a later one.

        Raises:
            FileNotFoundError: it was never staged, or is discarded.
            InvariantViolationError: the view of another asset has this name.
        """
        schema, name = _view_of(path)
        with self._open() as connection:
            self._one(connection, path, version)
            self._refuse_clash(connection, path, _title(path))
            _rows(
                connection,
                f"UPDATE {_OURS}.versions SET accepted = true WHERE key = ? AND version = ?",
                [_title(path), version.name],
            )
            shown = _shown(connection, path)
            if shown is not None and shown >= version:
                return
            # With the name of the file in front, which may be that of a schema, too.
            place = f"{_quoted(_rows(connection, 'SELECT current_database()')[0][0])}.{_quoted(schema)}"
            _rows(connection, f"CREATE SCHEMA IF NOT EXISTS {place}")
            _rows(
                connection,
                f"CREATE OR REPLACE VIEW {place}.{_quoted(name)} AS SELECT * FROM {_table_of(path, version)}",
            )
            _rows(
                connection,
                f"INSERT OR REPLACE INTO {_OURS}.published VALUES (?, ?, ?)",
                [_place_of(path), _title(path), version.name],
            )

    def discard(self, *, path: tuple[str, ...], version: Version) -> None:
        """Drop what an attempt staged whose outcome does not count."""
        _view_of(path)
        with self._open() as connection:
            _drop(connection, path, version)

    def load_input(self, context: InputContext) -> Any:
        """The frame: the exact version where the context names one, else the published one.

        Raises:
            FileNotFoundError: the asset was never materialized here, or without a value.
            InvariantViolationError: its metadata asks for columns that are not there.
        """
        _refuse_partitions(context)
        value, version, what = context.value_path, context.version, context.value_title
        columns = wanted_columns(context.metadata, what=what)
        schema, name = _view_of(value)
        with self._open() as connection:
            version = version or _shown(connection, value)
            try:
                manifest = None if version is None else self._one(connection, value, version)
            except FileNotFoundError:
                manifest = None
            if manifest is None or version is None:
                raise FileNotFoundError(
                    f"{what} has no stored value at {schema}.{name} of {self.location}: {context.absence()}"
                )
            context.loaded_version, context.loaded_data_version = version.name, manifest.data_version
            source = _table_of(value, version)
            if columns is not None:
                check_columns(columns, [row[0] for row in _rows(connection, f"DESCRIBE {source}")], what=what)
            chosen = "*" if columns is None else ", ".join(map(_quoted, columns))
            table = connection.sql(f"SELECT {chosen} FROM {source}").to_arrow_table()
        return as_frame(table, manifest.type, context.annotation, what)

    @property
    def location(self) -> str:
        """The file."""
        return os.path.abspath(self.database)

    def current(self, path: tuple[str, ...] | AssetKey) -> Manifest | None:
        """What is published; None if nothing is."""
        value = path.parts if isinstance(path, AssetKey) else path
        with self._open() as connection:
            shown = _shown(connection, value)
            return None if shown is None else self._one(connection, value, shown)

    def manifest(self, path: tuple[str, ...], version: Version) -> Manifest:
        """See KeepsVersions.manifest."""
        with self._open() as connection:
            return self._one(connection, path, version)

    def kept(self, path: tuple[str, ...] | None = None) -> Iterator[KeptVersion]:
        """See KeepsVersions.kept."""
        with self._open() as connection:
            where, given = ("WHERE key = ?", [_title(path)]) if path is not None else ("", [])
            rows = _rows(connection, f"SELECT manifest, accepted FROM {_OURS}.versions {where}", given)
            found = []
            for text, accepted in rows:
                told = Manifest.from_json(text, where=self.location)
                version = Version.parse(told.version)
                published = _shown(connection, told.key) == version
                found.append(
                    KeptVersion(
                        path=told.key,
                        version=version,
                        size=told.size,
                        is_committed=accepted,
                        is_published=published,
                    )
                )
        yield from found

    def remove(self, kept: KeptVersion) -> bool:
        """See KeepsVersions.remove."""
        with self._open() as connection:
            if _shown(connection, kept.path) == kept.version:
                return False
            _drop(connection, kept.path, kept.version)
        return True

    def copy_version(self, path: tuple[str, ...], version: Version, copy: Version, *, stored_at: float) -> None:
        """See KeepsVersions.copy_version."""
        with self._open() as connection:
            told = self._one(connection, path, version)
            _rows(connection, f"CREATE TABLE {_table_of(path, copy)} AS SELECT * FROM {_table_of(path, version)}")
            _note(connection, copied(told, version, copy, stored_at))

    def content(self, path: tuple[str, ...], version: Version) -> tuple[bytes, Manifest]:
        """The table of a version as a stream of Arrow."""
        with self._open() as connection:
            told = self._one(connection, path, version)
            table = connection.sql(f"SELECT * FROM {_table_of(path, version)}").to_arrow_table()
        return as_stream(table).to_pybytes(), told

    def keep(self, manifest: Manifest, content: bytes | bytearray | memoryview) -> None:
        """See KeepsVersions.keep; the bytes are those that `content` gives.

        Raises:
            InvariantViolationError: they were stored by an IO manager of another kind.
        """
        if manifest.codec != _CODEC:
            raise InvariantViolationError(
                f"{_title(manifest.key)} was stored as {manifest.codec}, and DuckDB takes tables of DuckDB only",
                fix="materialize it in this environment, or give both the same kind of IO manager",
            )
        arrow = library("pyarrow", what="copying tables into DuckDB")
        table = arrow.ipc.open_stream(arrow.py_buffer(content)).read_all()
        with self._open() as connection:
            self._refuse_clash(connection, manifest.key, _title(manifest.key))
            connection.register("kept", table)
            place = _table_of(manifest.key, Version.parse(manifest.version))
            _rows(connection, f"CREATE OR REPLACE TABLE {place} AS SELECT * FROM kept")
            _note(connection, manifest)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """A transaction on the file, which nobody else has open meanwhile."""
        duckdb = library("duckdb", what="DuckDBIOManager")
        self.database.parent.mkdir(parents=True, exist_ok=True)
        turn = os.open(f"{self.database}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            connection = self._connection(duckdb)
            try:
                _rows(connection, _TABLES)
                connection.begin()
                yield connection
                connection.commit()
            except duckdb.Error as error:
                raise StorageError(f"DuckDB refuses: {error}", where=self.location, fix="see what it says") from error
            finally:
                connection.close()
        finally:
            os.close(turn)

    def _connection(self, duckdb: Any) -> Any:
        """Open the file, once whoever has it open lets go."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return duckdb.connect(self.database)
            except duckdb.Error as error:
                if "lock" not in str(error) or time.monotonic() > deadline:
                    raise StorageError(
                        f"the DuckDB file cannot be opened: {error}",
                        where=self.location,
                        fix="end the program that has it open, or open it there with read_only=True for a moment only",
                    ) from error
            pause(0.05)

    def _one(self, connection: Any, path: tuple[str, ...], version: Version) -> Manifest:
        found = _rows(
            connection,
            f"SELECT manifest FROM {_OURS}.versions WHERE key = ? AND version = ?",
            [_title(path), version.name],
        )
        if not found:
            raise FileNotFoundError(f"version {version.name} of {_title(path)} is not kept in {self.location}")
        return Manifest.from_json(found[0][0], where=self.location)

    def _refuse_clash(self, connection: Any, path: tuple[str, ...], what: str) -> None:
        """SQL takes upper and lower case for the same, and a name may be somebody else's table."""
        schema, name = _view_of(path)
        found = _rows(connection, f"SELECT key FROM {_OURS}.published WHERE place = ?", [_place_of(path)]) or _rows(
            connection,
            "SELECT 'a table or view that assetflow has not made' FROM information_schema.tables "
            "WHERE table_catalog = current_database() "
            "AND lower(table_schema) = lower(?) AND lower(table_name) = lower(?)",
            [schema, name],
        )
        if found and found[0][0] != _title(path):
            raise InvariantViolationError(
                f"{what} cannot be stored as {schema}.{name}: {found[0][0]} has that name already",
                where=self.location,
                fix="rename one of the two, or give one a key_prefix of its own",
            )


def _refuse_partitions(context: OutputContext | InputContext) -> None:
    if context.has_asset_partitions:
        raise InvariantViolationError(
            f"{context.asset_key.to_user_string()} has partitions, which are no tables of their own in DuckDB",
            fix='keep it with another IO manager, such as FilesystemIOManager(format="parquet"): DuckDB reads all '
            "partitions of a folder with read_parquet('folder/*')",
        )


def _view_of(path: tuple[str, ...]) -> tuple[str, str]:
    """Schema and name of what people query."""
    *folders, name = safe_segments(path)
    schema = "__".join(folders) or "main"
    if schema.casefold() in _TAKEN:
        raise InvariantViolationError(
            f"asset {_title(path)} cannot be stored: the schema {schema} is DuckDB's or assetflow's own",
            fix="give it another key_prefix",
        )
    return schema, name


def _place_of(path: tuple[str, ...]) -> str:
    return ".".join(map(_quoted, _view_of(path))).casefold()


def _title(path: tuple[str, ...]) -> str:
    return "/".join(path)


def _table_of(path: tuple[str, ...], version: Version) -> str:
    return f"{_OURS}.{_quoted(f'{_title(path)}@{version.name}')}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rows(connection: Any, text: str, given: list[Any] | None = None) -> list[Any]:
    """What a statement answers, to its end: an answer that is half read keeps others from being asked for."""
    found: list[Any] = connection.execute(text, given).fetchall()
    return found


def _note(connection: Any, manifest: Manifest) -> None:
    _rows(
        connection,
        f"INSERT OR REPLACE INTO {_OURS}.versions VALUES (?, ?, ?, false)",
        [_title(manifest.key), manifest.version, manifest.to_json().decode()],
    )


def _drop(connection: Any, path: tuple[str, ...], version: Version) -> None:
    _rows(connection, f"DROP TABLE IF EXISTS {_table_of(path, version)}")
    _rows(connection, f"DELETE FROM {_OURS}.versions WHERE key = ? AND version = ?", [_title(path), version.name])


def _shown(connection: Any, path: tuple[str, ...]) -> Version | None:
    found = _rows(connection, f"SELECT version FROM {_OURS}.published WHERE key = ?", [_title(path)])
    return Version.parse(found[0][0]) if found else None
