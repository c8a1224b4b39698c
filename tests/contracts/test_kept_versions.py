"""History, rollback and what may be removed: on a disk and in S3."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from assetflow.errors import InvariantViolationError
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.history import find_version, history_of, roll_back
from assetflow.io.kept_versions import KeepsVersions
from assetflow.io.retention import Retention, garbage, remove
from assetflow.io.s3.s3_io_manager import S3IOManager
from assetflow.keys import Version
from assetflow.testing.contexts import build_input_context, build_output_context

PATH = ("shop", "sales")
DAY = 86_400.0


@pytest.fixture(params=["pickle", "json", "s3"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> KeepsVersions:
    if request.param == "s3":
        return S3IOManager(request.getfixturevalue("bucket"), "p", **request.getfixturevalue("s3").options)
    return FilesystemIOManager(tmp_path, format=request.param)


def made(days_ago: float) -> Version:
    return Version(int((time.time() - days_ago * DAY) * 1e6), 7)


def stage(manager: KeepsVersions, value: Any, version: Version, path: tuple[str, ...] = PATH) -> None:
    manager.stage(build_output_context(asset_key=list(path), version=version, run_id="run"), value)


def store(manager: KeepsVersions, value: Any, version: Version, path: tuple[str, ...] = PATH) -> None:
    stage(manager, value, version, path)
    manager.publish(path=path, version=version, run_id="run")


def load(manager: KeepsVersions, version: Version | None = None) -> Any:
    return manager.load_input(build_input_context(asset_key=list(PATH), version=version))


def test_the_history_has_what_runs_accepted_and_nothing_that_was_only_staged(manager: KeepsVersions) -> None:
    first, second, staged = made(3), made(2), made(1)
    store(manager, 1, first)
    store(manager, 2, second)
    stage(manager, 3, staged)
    store(manager, 9, made(1), ("shop", "sales@2"))  # a neighbour whose name begins like ours
    found = history_of(manager, PATH)
    assert [(one.version, one.is_published) for one in found] == [(second, True), (first, False)]
    assert [one.manifest.run_id for one in found] == ["run", "run"]
    assert {one.version: one.is_committed for one in manager.kept(PATH)} == {first: True, second: True, staged: False}


def test_a_version_is_found_by_its_name_its_beginning_and_by_counting_back(manager: KeepsVersions) -> None:
    with pytest.raises(InvariantViolationError, match="no version of shop/sales is kept"):
        find_version(manager, PATH, "@-1")
    versions = [Version(16**15 * number, 7) for number in (1, 2, 3)]
    for number, version in enumerate(versions):
        store(manager, number, version)
    assert find_version(manager, PATH, versions[0].name) == versions[0]
    assert find_version(manager, PATH, "2") == versions[1]
    assert [find_version(manager, PATH, f"@-{back}") for back in (1, 2)] == [versions[1], versions[0]]
    for wrong, reason in (
        ("", "no version begins"),
        ("f", "no version begins"),
        ("@-3", "only 2"),
        ("@1", "is no version"),
    ):
        with pytest.raises(InvariantViolationError, match=reason) as caught:
            find_version(manager, PATH, wrong)
        assert versions[2].name in str(caught.value)


def test_rolling_back_shows_the_earlier_bytes_as_a_later_version(manager: KeepsVersions) -> None:
    first, second = made(3), made(2)
    store(manager, "one", first)
    store(manager, "two", second)
    new = roll_back(manager, PATH, first)
    assert new > second and load(manager) == load(manager, new) == "one" and load(manager, second) == "two"
    told = manager.current(PATH)
    assert told is not None and told.restored_from == first.name
    assert told.checksum == manager.manifest(PATH, first).checksum
    manager.publish(path=PATH, version=second, run_id="run")  # a chore that comes late
    assert load(manager) == "one"
    store(manager, "three", Version(new.token + 1, 1))
    assert load(manager) == "three"


def test_old_versions_go_but_never_what_is_published_or_may_be_needed(manager: KeepsVersions) -> None:
    versions = [made(age) for age in (9, 8, 7, 6, 0.5)]
    for number, version in enumerate(versions):
        store(manager, number, version)
    old_staged, new_staged = made(5), made(0.9)
    stage(manager, "old", old_staged)
    stage(manager, "new", new_staged)
    policy = Retention(keep=2)

    def found(live: float | None = None, policy: Retention = policy) -> set[Version]:
        items = garbage(manager, policy, now=time.time(), oldest_live_run=live)
        return {item.what.version for item in items}  # type: ignore[union-attr]

    assert found() == {*versions[:3], old_staged}
    assert found(live=time.time() - 7.5 * DAY) == set(versions[:2]), "a run goes on that may read them"
    assert found(policy=Retention(keep=2, keep_seconds=7.5 * DAY)) == {*versions[:2], old_staged}
    assert found(policy=Retention(keep=1, keep_seconds=0, staged_seconds=0)) == {*versions[:4], old_staged, new_staged}
    roll_back(manager, PATH, versions[0])
    for item in list(garbage(manager, policy, now=time.time(), oldest_live_run=None)):
        assert remove(manager, item)
    assert load(manager) == 0
    assert {one.version for one in manager.kept(PATH)} >= {versions[-1], new_staged}
    assert not found()
    with pytest.raises(FileNotFoundError):
        load(manager, versions[1])


def test_what_is_published_is_not_removed_even_if_asked_to(manager: KeepsVersions) -> None:
    store(manager, 1, made(30))
    [kept] = manager.kept(PATH)
    assert not manager.remove(kept)
    assert load(manager) == 1
