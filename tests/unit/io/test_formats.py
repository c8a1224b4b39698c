"""From values to bytes and back: each format, by name and by type."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as some

from assetflow.errors import (
    DamagedRecordError,
    InvalidDefinitionError,
    InvariantViolationError,
    UnserializableValueError,
)
from assetflow.io import pickles
from assetflow.io.codecs import decode, encode, type_name
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.manifests import Manifest, behind
from assetflow.keys import AssetKey, Version
from assetflow.testing.contexts import build_input_context, build_output_context

FRAME = pandas.DataFrame({"id": [1, 2], "name": ["ä", None]}, index=[7, 9])
POLARS = polars.DataFrame({"id": [1, 2], "name": ["ä", None]})
TABLE = pyarrow.table({"id": [1, 2], "amount": [1.5, None]})
EARLY = Version(10, 1)


def store(manager: FilesystemIOManager, value: Any, key: str = "made") -> None:
    manager.handle_output(build_output_context(asset_key=key, version=EARLY, run_id="run"), value)


def load(manager: FilesystemIOManager, key: str = "made", **about: Any) -> Any:
    return manager.load_input(build_input_context(asset_key=key, **about))


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, polars.LazyFrame):
        return bool(one.collect().equals(other.collect()))
    return bool(one.equals(other)) if hasattr(one, "equals") else bool(one == other)


@pytest.mark.parametrize(
    ("value", "codec"),
    [
        (FRAME, "parquet"),
        (polars.DataFrame({"a": [1, None]}), "parquet"),
        (polars.LazyFrame({"a": [1, 2]}), "parquet"),
        (TABLE, "parquet"),
        ("text with é", "text"),
        ("", "text"),
        ("half \ud800", "pickle"),
        (b"\0\xff", "bytes"),
        (bytearray(b"ab"), "bytes"),
        ({"a": [1, 2.5, None, True, {"b": "é"}]}, "json"),
        ([], "json"),
        (None, "json"),
        (7, "json"),
        ({1: "a"}, "pickle"),
        ({"a": (1, 2)}, "pickle"),
        ([float("inf")], "pickle"),
        ({"k\ud800": 1}, "pickle"),
        ({1, 2}, "pickle"),
        (AssetKey("a"), "pickle"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__qualname__,
)
def test_by_type_each_value_has_the_format_that_gives_it_back(tmp_path: Path, value: Any, codec: str) -> None:
    manager = FilesystemIOManager(tmp_path, format="auto")
    store(manager, value)
    found = manager.current(AssetKey("made"))
    assert found is not None and found.codec == codec
    assert same(load(manager), value)
    assert same(load(manager, version=EARLY), value)
    assert len(list((tmp_path / ".versions").iterdir())) == (1 if codec == "pickle" else 2)


def test_other_tools_read_what_is_stored(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path, format="auto")
    for key, value in {"frame": FRAME, "plain": {"a": [1]}, "text": "x\n", "raw": b"\x89PNG", "model": {1: 2}}.items():
        store(manager, value, key)
    assert pandas.read_parquet(tmp_path / "frame").equals(FRAME)
    assert polars.read_parquet(tmp_path / "frame")["id"].to_list() == [1, 2]
    assert json.loads((tmp_path / "plain").read_text()) == {"a": [1]}
    assert (tmp_path / "text").read_text() == "x\n"
    assert (tmp_path / "raw").read_bytes() == b"\x89PNG"
    assert pickle.loads((tmp_path / "model").read_bytes()) == {1: 2}


def test_frames_are_compressed_with_zstd(tmp_path: Path) -> None:
    for number, frame in enumerate((FRAME, polars.DataFrame({"a": [1]}), TABLE)):
        store(FilesystemIOManager(tmp_path, format="parquet"), frame, f"f{number}")
        about = pyarrow.parquet.ParquetFile(tmp_path / f"f{number}").metadata
        assert about.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize(
    ("chosen", "value", "message"),
    [
        ("text", 5, "it has to be a str, not a int"),
        ("text", "\ud800", "cannot be stored as text"),
        ("bytes", "x", "it has to be bytes, not a str"),
        ("parquet", [1], "DataFrame of pandas or polars, or a Table"),
        ("parquet", pandas.DataFrame({"payload": ["a", {"b": 1}]}), "payload"),
        ("parquet", pandas.DataFrame([[1, 2]], columns=["a", "a"]), "[Dd]uplicate"),
        ("json", {"a": [1, {"b": {2}}]}, r"value\['a'\]\[1\]\['b'\] is a set"),
        ("json", {"a": (1,)}, r"value\['a'\] is a tuple"),
        ("json", {1: 1}, "value has the key 1, a int"),
        ("json", float("nan"), "value is nan"),
        ("json", {"a": "\ud800"}, "half a character"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_by_name_and_leaves_nothing(
    tmp_path: Path, chosen: str, value: Any, message: str
) -> None:
    with pytest.raises(UnserializableValueError, match=message) as caught:
        store(FilesystemIOManager(tmp_path, format=chosen), value)
    assert 'asset "made"' in str(caught.value) and caught.value.fix
    assert not list(tmp_path.rglob("*@*"))


def test_a_frame_that_parquet_cannot_hold_is_a_pickle_by_type_and_that_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = FilesystemIOManager(tmp_path, format="auto")
    odd = pandas.DataFrame({"payload": ["a", {"b": 1}]})
    logging.getLogger("assetflow").addHandler(caplog.handler)
    try:
        store(manager, odd)
    finally:
        logging.getLogger("assetflow").removeHandler(caplog.handler)
    assert load(manager).equals(odd)
    assert "payload" in caplog.text and "it is stored as a pickle" in caplog.text


def test_a_deep_value_is_no_json(tmp_path: Path) -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(UnserializableValueError, match="nested more than 200 deep"):
        store(FilesystemIOManager(tmp_path, format="json"), deep)


def test_a_format_that_is_none_is_refused_when_the_manager_is_made() -> None:
    with pytest.raises(InvalidDefinitionError, match="no format 'parket'") as caught:
        FilesystemIOManager(format="parket")
    assert "parquet" in str(caught.value)


@pytest.mark.parametrize("chosen", ["parquet", "pickle"])
@pytest.mark.parametrize("frame", [FRAME, POLARS, TABLE], ids=["pandas", "polars", "arrow"])
def test_some_columns_are_loaded_and_a_missing_one_tells_what_there_is(tmp_path: Path, chosen: str, frame: Any) -> None:
    manager = FilesystemIOManager(tmp_path, format=chosen)
    store(manager, frame)
    loaded = load(manager, metadata={"columns": ["id"]})
    assert type(loaded) is type(frame)
    names = loaded.column_names if isinstance(loaded, pyarrow.Table) else list(loaded.columns)
    assert names == ["id"]
    assert loaded["id"].to_list() == [1, 2] if hasattr(loaded["id"], "to_list") else True
    with pytest.raises(InvariantViolationError, match="has no column 'idd'") as caught:
        load(manager, metadata={"columns": ["id", "idd"]})
    assert "its columns are: id, " in str(caught.value)
    with pytest.raises(InvariantViolationError, match="is a list of names"):
        load(manager, metadata={"columns": "id"})


def test_a_reader_gets_the_kind_of_frame_it_asks_for(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path, format="auto")
    store(manager, TABLE)
    for kind in (pandas.DataFrame, polars.DataFrame, polars.LazyFrame, pyarrow.Table):
        assert type(load(manager, dagster_type=kind)) is kind
    assert type(load(manager, dagster_type=dict)) is pyarrow.Table


def test_what_somebody_else_has_put_there_is_read_for_what_it_is(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path, format="auto")
    FRAME.to_parquet(tmp_path / "frame")
    (tmp_path / "model").write_bytes(pickle.dumps([1]))
    (tmp_path / "text").write_text("who knows")
    assert load(manager, "frame").equals(FRAME)
    assert load(manager, "model") == [1]
    with pytest.raises(DamagedRecordError, match="neither a pickle nor Parquet"):
        load(manager, "text")
    assert load(FilesystemIOManager(tmp_path, format="text"), "text") == "who knows"


def test_bytes_that_no_longer_are_what_was_stored_are_noticed_in_every_format(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path, format="auto")
    for key, value in {"frame": FRAME, "plain": [1, 2], "text": "abc", "raw": b"abc"}.items():
        store(manager, value, key)
        file = tmp_path / ".versions" / f"{key}@{EARLY.name}"
        whole = file.read_bytes()
        for wrong in (whole[:-1], whole + b"x", b"", bytes([whole[0] ^ 1]) + whole[1:]):
            file.write_bytes(wrong)
            for version in (EARLY, None):
                with pytest.raises(DamagedRecordError):
                    load(manager, key, version=version)
        file.write_bytes(whole)
        (tmp_path / ".versions" / f"{key}@{EARLY.name}.json").unlink()
        with pytest.raises(DamagedRecordError, match="manifest of a stored version is missing"):
            load(manager, key, version=EARLY)


def test_bytes_that_end_like_a_stored_pickle_are_refused(tmp_path: Path) -> None:
    told = Manifest(key=("other",), version=EARLY.name, run_id="", size=1, checksum="", stored_at=0.0)
    with pytest.raises(UnserializableValueError, match="ends like the file of a stored pickle"):
        store(FilesystemIOManager(tmp_path, format="bytes"), b"x" + behind(told))


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@given(JSON | some.binary() | some.dictionaries(some.integers(), some.tuples(some.text())))
def test_every_value_comes_back_by_type(value: Any) -> None:
    found = encode(value, "auto", what="it")
    raw = b"".join(found.parts)
    told = Manifest(
        key=("a",), version="", run_id="", size=len(raw), checksum="", stored_at=0, codec=found.codec,
        type=type_name(value), buffers=found.buffers,
    )  # fmt: skip
    loaded = decode(raw, told, where="", what="it")
    assert loaded == value and type(loaded) is type(value)


ARRAYS = some.sampled_from(
    [
        numpy.arange(10_000, dtype="f8"),
        numpy.asfortranarray(numpy.arange(20_000.0).reshape(100, 200)),
        numpy.arange(70_000, dtype="u1"),
        numpy.arange(9000, dtype="c16")[::2],
        numpy.arange(3),
        b"b" * 70_000,
        bytearray(b"c" * 70_001),
        "s" * 70_000,
    ]
)


@given(some.lists(ARRAYS, max_size=5), some.binary(max_size=200))
def test_a_pickle_with_large_buffers_is_an_ordinary_pickle_and_its_buffers_are_in_line(
    arrays: list[Any], before: bytes
) -> None:
    found = pickles.dump([before, *arrays, *arrays], what="it")
    raw = bytearray(b"".join(found.parts))
    assert all(start % 16 == 0 for _, start, _ in found.buffers)
    for loaded in (pickle.loads(raw), pickles.load(memoryview(raw), where="", buffers=found.buffers)):
        assert loaded[0] == before
        for one, other in zip(loaded[1:], [*arrays, *arrays], strict=True):
            assert type(one) is type(other)
            assert numpy.array_equal(one, other) if isinstance(other, numpy.ndarray) else one == other
        assert all(loaded[1 + number] is loaded[1 + number + len(arrays)] for number in range(len(arrays)))


def test_loading_a_large_array_copies_nothing_of_what_was_read(tmp_path: Path) -> None:
    array = numpy.arange(1_000_000.0)
    array.flags.writeable = True
    found = pickles.dump(array, what="it")
    raw = bytearray(b"".join(found.parts))
    assert any(numpy.shares_memory(numpy.frombuffer(part, "u1"), array) for part in found.parts if len(part) > 1000)
    loaded = pickles.load(memoryview(raw), where="", buffers=found.buffers)
    assert numpy.shares_memory(loaded, numpy.frombuffer(raw, "u1"))
    assert loaded.flags.writeable and loaded.flags.aligned
    manager = FilesystemIOManager(tmp_path)
    store(manager, array)
    stored = load(manager)
    stored += 1
    assert numpy.array_equal(load(manager), array)


def test_an_array_that_was_not_to_be_written_to_stays_so(tmp_path: Path) -> None:
    array = numpy.arange(100_000.0)
    array.flags.writeable = False
    manager = FilesystemIOManager(tmp_path)
    store(manager, array)
    assert not load(manager).flags.writeable
