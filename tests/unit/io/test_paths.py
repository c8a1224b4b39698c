"""Keys never lead out of the place where values are kept, and never to another key's place."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from assetflow.errors import InvariantViolationError
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.paths import LONGEST_SEGMENT, safe_segments
from assetflow.io.places import BESIDE, Place
from assetflow.io.s3.places import LONGEST_KEY, parse_key
from assetflow.io.s3.places import Place as S3Place
from assetflow.keys import AssetKey, Version
from assetflow.testing.contexts import build_input_context, build_output_context

NASTY = some.sampled_from(
    ["..", ".", "", "/", "a/b", "../x", "/etc/passwd", "\\", "..\\x", "\0", "a\0b", "\n", "\x7f", ".versions",
     ".Versions", ".assetflow", "..", "~", "%2e%2e", "%2f", "é", "e\u0301", "Å", "\u212b", "ß", "İ", "CON", "nul.txt",
     "a@b", "a!b",
     "x@0000000000000001-00000001", ".x.0000000000000001-00000001.tmp", "\ud800", "s" * 300, "é" * 101,
     " ", "a ", "-", "*"]
)  # fmt: skip
SEGMENTS = some.lists(NASTY | some.text(max_size=250) | some.text("ab/.\\\0", max_size=6), min_size=1, max_size=6)
VERSION = Version(2**63, 2**31)


@settings(max_examples=2000)
@given(SEGMENTS)
@example(["a", "..", "..", "b"])
def test_a_key_is_refused_or_stays_below_the_base_folder(segments: list[str]) -> None:
    value = tuple(segments)
    try:
        place = Place.below("base/folder", safe_segments(value))
    except InvariantViolationError as error:
        str(error).encode()  # people can be shown it
        return
    for path in (place.path, place.version(VERSION), place.version(VERSION) + BESIDE, place.versions):
        assert os.path.normpath(path) == path
        assert os.path.commonpath([path, "base/folder"]) == "base/folder"
        assert all(len(part.encode()) <= 255 for part in path.split("/"))
        assert "\0" not in path
    scratch = f".{place.name}.{VERSION.name}.tmp"
    assert len(scratch.encode()) <= 255


@settings(max_examples=2000)
@given(SEGMENTS, some.sampled_from(["", "prefix/", "a/b/"]))
def test_a_key_is_refused_or_stays_below_the_prefix(segments: list[str], prefix: str) -> None:
    value = tuple(segments)
    try:
        place = S3Place.below(prefix, safe_segments(value))
    except InvariantViolationError:
        return
    for key in (place.key, place.version(VERSION), place.version(VERSION) + ".json", place.note(VERSION)):
        assert key.startswith(prefix)
        assert all(part not in ("", ".", "..") for part in key.split("/"))
        assert len(key.encode()) <= LONGEST_KEY
    for key, mark in ((place.version(VERSION), "@"), (place.note(VERSION), "!")):
        assert parse_key(key) == (value[-1], mark, VERSION)


@settings(max_examples=500)
@given(SEGMENTS, SEGMENTS)
def test_two_keys_never_share_a_place_or_look_the_same(one: list[str], other: list[str]) -> None:
    try:
        places = [Place.below("b", safe_segments(tuple(value))) for value in (one, other)]
        keys = [S3Place.below("p/", safe_segments(tuple(value))) for value in (one, other)]
    except InvariantViolationError:
        return
    if one != other:
        assert places[0].path != places[1].path and places[0].version(VERSION) != places[1].version(VERSION)
        assert keys[0].key != keys[1].key and keys[0].note(VERSION) != keys[1].note(VERSION)
        shown = [unicodedata.normalize("NFC", place.path) for place in places]
        assert shown[0] != shown[1]


def test_notes_of_later_versions_come_first_in_a_list() -> None:
    place = S3Place.below("", ("a",))
    versions = [Version(5, 1), Version(5, 2), Version(16, 0), Version(2**40, 7), Version(2**60, 2**32 - 1)]
    notes = [place.note(version) for version in versions]
    assert sorted(notes, reverse=True) == notes


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("..", "it means a folder"),
        ("a/b", "it has the character '/'"),
        ("x\0y", r"it has the character '\\x00'"),
        ("", "it is empty"),
        (".Versions", "versions are kept under that name"),
        (".assetflow", "versions are kept under that name"),
        ("e\u0301", r"not in composed Unicode form \(NFC\)"),
        ("\ud800", "half a character"),
        ("ü" * 101, f"it has 202 bytes, more than {LONGEST_SEGMENT}"),
    ],
)
def test_the_error_says_what_is_wrong_with_a_segment(segment: str, reason: str) -> None:
    with pytest.raises(InvariantViolationError, match=reason):
        safe_segments(("good", segment))


def test_a_key_that_is_too_long_in_all_is_refused() -> None:
    with pytest.raises(InvariantViolationError, match="has 4020 bytes"):
        safe_segments(("s" * 200,) * 20)
    with pytest.raises(InvariantViolationError, match="S3 takes 1024"):
        S3Place.below("", safe_segments(("s" * 200,) * 6))


def test_the_longest_name_can_be_stored_published_and_loaded(tmp_path: Path) -> None:
    for chosen in ("pickle", "json"):
        manager = FilesystemIOManager(tmp_path / chosen, format=chosen)
        key = AssetKey(["ü" * 100])
        for number in (1, 2):
            manager.handle_output(build_output_context(asset_key=key, version=Version(number, 1)), number)
        assert manager.load_input(build_input_context(asset_key=key)) == 2


def test_on_a_disk_without_case_one_asset_is_not_stored_over_another(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path)
    manager.handle_output(build_output_context(asset_key=["shop", "sales"]), 1)
    manager.handle_output(build_output_context(asset_key=["shop", "Sales"]), 2)  # two names, on this disk
    (tmp_path / "shop" / ".VERSIONS").symlink_to(".versions")  # as a disk shows it that takes them for one
    (tmp_path / "shop" / "Sales").unlink()
    for file in (tmp_path / "shop" / ".versions").glob("Sales@*"):
        file.unlink()
    manager = FilesystemIOManager(tmp_path)
    with pytest.raises(InvariantViolationError, match="'sales' is stored there, and this disk takes upper and lower"):
        manager.handle_output(build_output_context(asset_key=["shop", "Sales"]), 2)
    assert manager.load_input(build_input_context(asset_key=["shop", "sales"])) == 1
    manager.handle_output(build_output_context(asset_key=["shop", "sales"]), 3)
