"""Equal data has one data version, whoever stores it and reads it; other data has another."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import VersionedIOManager
from assetflow.io.duckdb_tables import DuckDBIOManager
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.s3.s3_io_manager import S3IOManager
from assetflow.keys import AssetKey, Version
from tests.support.s3 import SeaweedFS

TOKENS = itertools.count(1)
MANAGERS = ["pickles", "parquet", "tables", "s3"]
KEY = AssetKey("data")


@pytest.fixture(params=MANAGERS)
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> VersionedIOManager:
    if request.param == "s3":
        s3: SeaweedFS = request.getfixturevalue("s3")
        return S3IOManager(request.getfixturevalue("bucket"), **s3.options)
    makers: dict[str, Callable[[], VersionedIOManager]] = {
        "pickles": lambda: FilesystemIOManager(tmp_path),
        "parquet": lambda: FilesystemIOManager(tmp_path, format="auto"),
        "tables": lambda: DuckDBIOManager(tmp_path / "here.duckdb"),
    }
    return makers[request.param]()


def store(manager: VersionedIOManager, value: Any, said: str | None = None) -> OutputContext:
    context = OutputContext(asset_key=KEY, run_id="r", version=Version(next(TOKENS), 0), data_version=said)
    manager.handle_output(context, value)
    return context


def load(manager: VersionedIOManager) -> InputContext:
    context = InputContext(asset_key=KEY, name="data")
    manager.load_input(context)
    return context


def frame(last: int = 3) -> pandas.DataFrame:
    return pandas.DataFrame({"n": [1, 2, last], "text": ["a", "b", None]})


def test_frames_with_the_same_cells_are_the_same_data(manager: VersionedIOManager) -> None:
    first, again, other = store(manager, frame()), store(manager, frame()), store(manager, frame(4))
    assert first.digest and first.digest == again.digest != other.digest
    assert first.version != again.version


def test_whoever_reads_it_learns_the_version_and_the_data_version(manager: VersionedIOManager) -> None:
    stored = store(manager, frame())
    read = load(manager)
    assert stored.version is not None
    assert (read.loaded_version, read.loaded_data_version) == (stored.version.name, stored.digest)


def test_what_the_function_says_comes_first(manager: VersionedIOManager) -> None:
    stored = store(manager, frame(), "monday")
    assert stored.digest == load(manager).loaded_data_version == "monday"


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"b": [1.5, None], "a": {"nested": (1, "x")}},
        lambda: numpy.arange(100_000, dtype="float32").reshape(100, -1),
        lambda: pandas.DataFrame({"when": pandas.date_range("2026-01-01", periods=5000), "n": range(5000)}),
        lambda: [pandas.Series(["x", "y"]), "text", b"bytes"],
    ],
    ids=["plain", "array", "frame", "list"],
)
def test_pickles_of_equal_values_are_the_same(make: Callable[[], Any], tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path)
    assert store(manager, make()).digest == store(manager, make()).digest
