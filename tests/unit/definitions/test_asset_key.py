"""Keys of assets."""

from __future__ import annotations

import pickle

import pytest

from assetflow import AssetKey, CheckError, ParameterCheckError


def test_a_text_is_one_segment_and_is_never_split():
    assert AssetKey("a/b").path == ["a/b"]
    assert AssetKey("a") == AssetKey(["a"])


def test_a_list_or_tuple_gives_the_segments():
    assert AssetKey(["a", "b"]).path == ["a", "b"]
    assert AssetKey(("a", "b")) == AssetKey(["a", "b"])
    assert AssetKey([]).path == []


@pytest.mark.parametrize("path", [3, None, {"a"}, [1], ["a", None]])
def test_anything_else_is_refused(path):
    with pytest.raises(ParameterCheckError):
        AssetKey(path)


def test_a_refusal_is_a_check_error():
    with pytest.raises(CheckError):
        AssetKey(3)  # type: ignore[arg-type]


def test_keys_are_values_with_an_order():
    assert len({AssetKey("a"), AssetKey(["a"])}) == 1
    assert sorted([AssetKey("b"), AssetKey(["a", "c"]), AssetKey("a")]) == [
        AssetKey("a"),
        AssetKey(["a", "c"]),
        AssetKey("b"),
    ]
    assert AssetKey("a") != "a"


def test_keys_cannot_be_changed():
    with pytest.raises(AttributeError):
        AssetKey("a").parts = ("b",)
    AssetKey("a").path.append("b")
    assert AssetKey("a").path == ["a"]


def test_the_texts_of_a_key():
    key = AssetKey(["a-x", "b"])
    assert str(key) == repr(key) == "AssetKey(['a-x', 'b'])"
    assert key.to_user_string() == "a-x/b"
    assert AssetKey.from_user_string("a-x/b") == key
    assert key.to_string() == '["a-x", "b"]'
    assert key.to_python_identifier() == "a_x__b"
    assert key.to_python_identifier("out") == "a_x__b__out"


def test_a_key_survives_pickling():
    assert pickle.loads(pickle.dumps(AssetKey(["a", "b"]))) == AssetKey(["a", "b"])
