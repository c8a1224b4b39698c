"""Frames as tables of DuckDB: SQL finds them, processes take turns, and names that clash are refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pytest

from assetflow.errors import InvariantViolationError, StorageError, UnserializableValueError
from assetflow.io.duckdb_tables import DuckDBIOManager
from assetflow.io.history import find_version, history_of, roll_back
from assetflow.io.retention import Retention, garbage, remove
from assetflow.keys import Version
from assetflow.testing.contexts import build_input_context, build_output_context

ROOT = Path(__file__).parents[3]
TABLE = pyarrow.table({"id": [1, 2], "name": ["a", "b"]})


@pytest.fixture
def manager(tmp_path: Path) -> DuckDBIOManager:
    return DuckDBIOManager(tmp_path / "values.duckdb")


def store(manager: DuckDBIOManager, value: Any, *key: str, version: Version | None = None) -> None:
    manager.handle_output(build_output_context(asset_key=list(key), run_id="run", version=version), value)


def load(manager: DuckDBIOManager, *key: str, **options: Any) -> Any:
    return manager.load_input(build_input_context(asset_key=list(key), **options))


def query(manager: DuckDBIOManager, text: str) -> list[Any]:
    with duckdb.connect(manager.database, read_only=True) as connection:
        return connection.execute(text).fetchall()


def test_assets_written_in_sql_are_tables_that_sql_finds(tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    subprocess.run(
        [sys.executable, "-m", "examples.sql_orders"], cwd=ROOT, check=True, timeout=60,
        env={**os.environ, "SHOP_DATABASE": str(database)},
    )  # fmt: skip
    manager = DuckDBIOManager(database)
    assert query(manager, "FROM shop.good_customers") == [("eve", 1, 40.0), ("ann", 2, 32.5)]
    assert query(manager, "SELECT count(*) FROM raw.orders") == [(4,)]


def test_a_reader_gets_the_kind_of_frame_and_the_columns_it_asks_for(manager: DuckDBIOManager) -> None:
    store(manager, TABLE, "shop", "sales")
    assert load(manager, "shop", "sales").equals(TABLE)
    assert isinstance(load(manager, "shop", "sales", dagster_type=pandas.DataFrame), pandas.DataFrame)
    assert isinstance(load(manager, "shop", "sales", dagster_type=polars.LazyFrame), polars.LazyFrame)
    assert load(manager, "shop", "sales", metadata={"columns": ["name"]}).column_names == ["name"]
    with pytest.raises(InvariantViolationError, match=r"no column 'nam'[\s\S]*id, name"):
        load(manager, "shop", "sales", metadata={"columns": ["nam"]})


def test_what_is_no_table_is_refused_with_what_to_do(manager: DuckDBIOManager) -> None:
    with pytest.raises(UnserializableValueError, match="a dict, is no frame"):
        store(manager, {"rows": 1}, "sales")
    with pytest.raises(UnserializableValueError, match="reset_index"):
        store(manager, pandas.DataFrame({"a": [1]}, index=["x"]), "sales")


def test_names_that_sql_takes_for_the_same_are_refused(manager: DuckDBIOManager) -> None:
    store(manager, TABLE, "a", "b", "sales")
    for other in (("A", "b", "sales"), ("a__b", "sales"), ("a", "b", "Sales")):
        with pytest.raises(InvariantViolationError, match="a/b/sales has that name"):
            store(manager, TABLE, *other)
    with pytest.raises(InvariantViolationError, match="own"):
        store(manager, TABLE, "_assetflow", "versions")
    with duckdb.connect(manager.database) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
    with pytest.raises(InvariantViolationError, match="assetflow has not made"):
        store(manager, TABLE, "mine")
    assert query(manager, "FROM mine") == [(1,)]


def test_names_are_never_read_as_sql(manager: DuckDBIOManager) -> None:
    name = 'x" AS SELECT 1; DROP TABLE _assetflow.versions; --'
    store(manager, TABLE, "s'", name)
    assert load(manager, "s'", name).equals(TABLE)


def test_versions_are_listed_taken_again_and_removed(manager: DuckDBIOManager) -> None:
    versions = [Version(number * 1000, 1) for number in (1, 2, 3)]
    for version in versions:
        store(manager, pyarrow.table({"n": [version.token]}), "shop", "sales", version=version)
    path = ("shop", "sales")
    assert [one.version for one in history_of(manager, path)] == versions[::-1]
    new = roll_back(manager, path, find_version(manager, path, "@-2"))
    assert query(manager, "FROM shop.sales") == [(1000,)]
    manager.stage(build_output_context(asset_key=list(path), version=Version(1500, 1), run_id="run"), TABLE)
    items = list(garbage(manager, Retention(keep=2, keep_seconds=0, staged_seconds=0), now=4e9, oldest_live_run=None))
    assert len(items) == 3 and all(remove(manager, item) for item in items)
    assert {one.version for one in manager.kept()} == {new, versions[2]}
    tables = query(
        manager, "SELECT table_name FROM duckdb_tables WHERE schema_name = '_assetflow' AND table_name ~ '@'"
    )
    assert len(tables) == 2


def test_processes_that_store_at_once_take_turns(manager: DuckDBIOManager) -> None:
    program = (
        "import sys, pyarrow\n"
        "from assetflow import DuckDBIOManager\n"
        "from assetflow.testing.contexts import build_output_context\n"
        "for number in range(5):\n"
        "    context = build_output_context(asset_key=['shop', sys.argv[2]], run_id='run')\n"
        "    DuckDBIOManager(sys.argv[1]).handle_output(context, pyarrow.table({'n': [number]}))\n"
    )
    command = [sys.executable, "-c", program, str(manager.database)]
    started = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("a", "b", "a")]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert query(manager, "SELECT (FROM shop.a), (FROM shop.b)") == [(4, 4)]
    assert len(list(manager.kept())) == 15


def test_a_program_that_keeps_the_file_open_is_named(manager: DuckDBIOManager) -> None:
    store(manager, TABLE, "sales")
    holds = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(manager.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        other.stdout.readline()
        with pytest.raises(StorageError, match=rf"(?s){other.pid}.*end the program"):
            load(DuckDBIOManager(manager.database, patience=0.3), "sales")
        other.stdin.close()
    assert load(manager, "sales").equals(TABLE)


def test_an_asset_with_partitions_is_refused_with_what_to_do(manager: DuckDBIOManager) -> None:
    context = build_output_context(asset_key="sales", version=Version(1, 1), partition_key="2026-11-02")
    with pytest.raises(InvariantViolationError, match="sales has partitions"):
        manager.stage(context, None)
