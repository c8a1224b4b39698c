from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from assetflow.comparing.values import compare
from assetflow.errors import InvalidInvocationError


def frame(**changes: Any) -> pd.DataFrame:
    columns = {"id": [1, 2, 3, 4], "name": ["a", "b", None, "d"], "price": [1.0, 2.0, np.nan, 4.0]}
    return pd.DataFrame({**columns, **changes})


def test_equal_frames_are_the_same_nulls_and_all() -> None:
    assert compare(frame(), frame()).same
    assert compare(frame(), frame(), ["id"]).same
    assert compare(pl.from_pandas(frame()), pl.from_pandas(frame())).same


def test_rows_are_told_apart_by_keys_in_any_order() -> None:
    after = frame(id=[4, 3, 2, 9], name=["d", None, "B", "new"], price=[4.0, np.nan, 2.5, 0.0])
    told = compare(frame(), after, ["id"])
    found = told.frame
    assert found is not None
    assert (found.removed, found.added, found.changed) == (1, 1, 1)
    assert found.sample == {"removed": [{"id": 1}], "added": [{"id": 9}], "changed": [{"id": 2}]}
    assert {name: column.changed for name, column in found.columns.items()} == {"name": 1, "price": 1}
    assert found.columns["price"].before["max"] == 4.0 and found.columns["price"].after["min"] == 0.0
    assert told.summary == "4 rows, 1 removed, 1 added, 1 changed"


def test_without_keys_rows_are_told_apart_by_position_or_by_what_stands_in_them() -> None:
    told = compare(frame(), frame(price=[1.0, 2.0, 3.0, 4.0])).frame
    assert told is not None and told.changed == 1 and told.sample == {"changed": [2]}
    shorter = compare(frame(), frame().iloc[[3, 0, 1]]).frame
    assert shorter is not None and (shorter.removed, shorter.added) == (1, 0)
    assert shorter.by == "rows told apart by all that stands in them"


def test_columns_that_come_go_or_change_their_type_are_told() -> None:
    after = frame(id=["1", "2", "3", "4"]).drop(columns="name").assign(extra=1)
    found = compare(frame(), after)
    assert found.summary == "4 rows, 4 changed, columns gone: name, new columns: extra, of another type: id"


def test_keys_that_repeat_or_are_not_there_are_told() -> None:
    repeated = compare(frame(id=[1, 1, 2, 3]), frame(id=[1, 1, 2, 4]), ["id"]).frame
    assert repeated is not None and repeated.by.endswith("since id repeat") and repeated.changed == 1
    with pytest.raises(InvalidInvocationError, match="'nr' is no column of both frames"):
        compare(frame(), frame(), ["nr"])


@pytest.mark.parametrize(
    ("before", "after", "summary"),
    [
        (1, 2, "1 → 2"),
        (1, 1.5, "int 1 → float 1.5"),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, "2 → 2 keys: 1 gone, 1 new, 1 changed"),
        ([1, 2, 3], [1, 5], "3 → 2 items: 1 gone, 1 changed"),
        (np.arange(4), np.array([0, 1, 2, 7]), "1 of 4 elements changed, by 4 at most"),
        (np.zeros(3), np.zeros(4), "float64[3] → float64[4]"),
        ("x" * 200, "y", f"'{'x' * 78}… → 'y'"),
    ],
)
def test_other_values_are_compared_by_what_they_are(before: Any, after: Any, summary: str) -> None:
    told = compare(before, after)
    assert not told.same and told.summary == summary
    assert compare(before, before).same and compare(after, after).same


def test_values_in_values_are_compared_too() -> None:
    assert compare({"a": np.arange(3), "b": frame()}, {"a": np.arange(3), "b": frame()}).same
    told = compare({"a": np.arange(3)}, {"a": np.arange(4)})
    assert told.summary == "1 → 1 keys: 1 changed"
    many = compare(list(range(100)), list(range(1, 101)))
    assert len(many.details) == 11 and many.details[-1] == "and 90 more"


def test_all_seeded_differences_of_a_million_rows_are_found() -> None:
    count = 1_000_000
    chance = np.random.default_rng(1)
    before = pd.DataFrame({"id": np.arange(count), "price": chance.random(count), "shop": chance.integers(0, 9, count)})
    after = before.copy()
    changed = chance.choice(count, 1_000, replace=False)
    after.loc[changed, "price"] += 1
    gone = changed[:100]
    new = pd.DataFrame({"id": np.arange(count, count + 50), "price": 0.5, "shop": 1})
    after = pd.concat([after.drop(index=gone), new]).sample(frac=1, random_state=1)
    found = compare(before, after, ["id"]).frame
    assert found is not None and (found.removed, found.added, found.changed) == (100, 50, 900)


def arrow_lists(values: list[list[int]]) -> pd.DataFrame:
    return pd.DataFrame({"a": pd.Series(values, dtype=pd.ArrowDtype(pa.list_(pa.int64())))})


BIG = 2**53  # from here on a float cannot tell whole numbers apart


@pytest.mark.parametrize(
    ("before", "after", "summary"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[1, 3]], columns=["a", "a"]), "1 rows, 1 changed"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame({"a": [1]}), "1 rows, columns gone: a (2)"),
        (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [2], "a": [1]}), "1 rows, columns in another order"),
        (pd.DataFrame({"a": [[1], [2]]}), pd.DataFrame({"a": [[2]]}), "2 → 1 rows, 1 removed"),
        (
            pd.DataFrame({"a": [np.arange(2000), np.arange(2)]}),
            pd.DataFrame({"a": [np.where(np.arange(2000) == 1000, 0, np.arange(2000)), np.arange(2)]}),
            "2 rows, 1 changed",
        ),
        (pd.DataFrame({"v": [1]}, index=["x"]), pd.DataFrame({"v": [1]}, index=["y"]), "1 rows, 1 changed"),
        (frame().set_index("id", drop=False), frame(id=[1, 2, 3, 5]).set_index("id", drop=False), "4 rows, 1 changed"),
        (pl.DataFrame({"a": [BIG, None]}), pl.DataFrame({"a": [BIG + 1, None]}), "2 rows, 1 changed"),
        (pl.from_pandas(frame()).to_arrow(), pl.from_pandas(frame(id=[1, 2, 3, 5])).to_arrow(), "4 rows, 1 changed"),
        (arrow_lists([[1], [2]]), arrow_lists([[1], [3]]), "2 rows, 1 changed"),
        (pd.Series([1, 2]), pd.Series([1, 3]), "2 rows, 1 changed"),
        (pl.Series("a", [1, 2]), pl.Series("a", [1, 2]), "the same"),
        (pd.DataFrame(), pd.DataFrame(), "the same"),
        ([float("nan"), {"a": [np.arange(3)]}], [float("nan"), {"a": [np.arange(3)]}], "the same"),
        (np.array(["NaT"], "M8[s]"), np.array(["NaT"], "M8[s]"), "the same"),
        (np.array([np.nan]), np.array([1.0]), "1 of 1 elements changed"),
        (np.array([1, "a"], dtype=object), np.array([1, "a"], dtype=object), "the same"),
    ],
)
def test_odd_values_are_compared_like_any_other(before: Any, after: Any, summary: str) -> None:
    assert compare(before, after).summary == summary


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ([1, 2], ["1", "2"], (2, 2, 0)),
        (pd.date_range("2024", periods=2, tz="UTC"), pd.date_range("2024", periods=2), (2, 2, 0)),
        ([[1], [2]], [[1], [3]], (1, 1, 0)),
        ([1.0, None], [1.0, None], (0, 0, 0)),
    ],
)
def test_keys_of_any_type_tell_rows_apart(old: Any, new: Any, changes: tuple[int, int, int]) -> None:
    found = compare(pd.DataFrame({"left": old, "x": 0}), pd.DataFrame({"left": new, "x": 0}), ["left"]).frame
    assert found is not None and (found.removed, found.added, found.changed) == changes


def test_what_is_told_of_frames_is_json() -> None:
    found = compare(frame(price=[np.inf, 1.0, np.nan, -np.inf]), frame(id=[1, 2, 3, np.nan]), ["id"]).frame
    assert found is not None and found.columns["price"].before["max"] == "inf"
    json.dumps(found.record(), allow_nan=False)
