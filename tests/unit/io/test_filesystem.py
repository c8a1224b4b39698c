from __future__ import annotations

import os
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from assetflow.errors import DamagedRecordError, InvariantViolationError, UnserializableValueError
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey, Version
from assetflow.testing.contexts import build_input_context, build_output_context

KEY = AssetKey(["warehouse", "sales"])
EARLY, LATE = Version(10, 1), Version(20, 2)


@pytest.fixture
def manager(tmp_path: Path) -> FilesystemIOManager:
    return FilesystemIOManager(tmp_path)


def stage(manager: FilesystemIOManager, value: Any, version: Version, key: AssetKey = KEY) -> None:
    manager.stage(build_output_context(asset_key=key, version=version, run_id="run"), value)


def publish(manager: FilesystemIOManager, version: Version) -> None:
    manager.publish(path=KEY.parts, version=version, run_id="run")


def read(manager: FilesystemIOManager, version: Version | None = None) -> Any:
    return manager.load_input(build_input_context(asset_key=KEY, version=version))


def test_a_value_is_a_pickle_at_the_path_of_its_key(manager: FilesystemIOManager, tmp_path: Path) -> None:
    context = build_output_context(asset_key=KEY)
    manager.handle_output(context, {"rows": 3})
    assert pickle.loads((tmp_path / "warehouse" / "sales").read_bytes()) == {"rows": 3}
    assert context.collected_metadata["path"].value == str(tmp_path / "warehouse" / "sales")
    assert read(manager) == {"rows": 3}


def test_a_staged_value_is_seen_by_its_version_only(manager: FilesystemIOManager) -> None:
    stage(manager, 1, EARLY)
    assert read(manager, EARLY) == 1
    with pytest.raises(FileNotFoundError, match="materialize it first"):
        read(manager)


def test_the_higher_token_stays_whichever_is_published_first(manager: FilesystemIOManager) -> None:
    stage(manager, "early", EARLY)
    stage(manager, "late", LATE)
    publish(manager, LATE)
    publish(manager, EARLY)
    publish(manager, LATE)
    assert read(manager) == "late"
    assert read(manager, EARLY) == "early", "every version is kept"
    current = manager.current(KEY)
    assert current is not None and current.version == LATE.name and current.run_id == "run"


@pytest.mark.parametrize("first", ["nothing", "a link to nothing"])
def test_of_many_who_publish_at_once_the_highest_token_stays(tmp_path: Path, first: str) -> None:
    managers = [FilesystemIOManager(tmp_path) for _ in range(4)]
    for turn in range(20):
        key = AssetKey(["warehouse", f"sales_{turn}"])
        versions = [Version(100 * turn + number, number) for number in range(24)]
        for version in versions:
            stage(managers[0], version.token, version, key)
        if first != "nothing":
            (tmp_path / "warehouse" / key.parts[-1]).symlink_to("nowhere")
        random.Random(turn).shuffle(versions)
        with ThreadPoolExecutor(4) as pool:

            def publish_some(number: int, key: AssetKey = key, versions: list[Version] = versions) -> None:
                for version in versions[number::4]:
                    managers[number].publish(path=key.parts, version=version, run_id="run")

            list(pool.map(publish_some, range(4)))
        assert managers[0].load_input(build_input_context(asset_key=key)) == max(versions).token


def test_publishing_leaves_no_scratch_files(manager: FilesystemIOManager, tmp_path: Path) -> None:
    for number in range(5):
        version = Version(number + 1, number)
        stage(manager, number, version)
        publish(manager, version)
    assert sorted(os.listdir(tmp_path / "warehouse")) == [".versions", "sales"]
    assert len(os.listdir(tmp_path / "warehouse" / ".versions")) == 5


def test_the_path_names_one_version_and_publishing_is_one_move(manager: FilesystemIOManager, tmp_path: Path) -> None:
    stage(manager, "early", EARLY)
    publish(manager, EARLY)
    path = tmp_path / "warehouse" / "sales"
    assert path.samefile(tmp_path / "warehouse/.versions" / f"sales@{EARLY.name}")
    (tmp_path / "warehouse").rename(tmp_path / "moved")
    assert pickle.loads((tmp_path / "moved" / "sales").read_bytes()) == "early", "names go with their folder"


@pytest.mark.parametrize("foreign", ["file", "link", "strange link", "broken link"])
def test_what_others_put_at_the_path_is_read_and_replaced(
    manager: FilesystemIOManager, tmp_path: Path, foreign: str
) -> None:
    path = tmp_path / "warehouse" / "sales"
    path.parent.mkdir()
    other = tmp_path / "other"
    other.write_bytes(pickle.dumps("theirs"))
    if foreign == "file":
        path.write_bytes(other.read_bytes())
    else:
        targets = {"link": "../other", "strange link": ".versions/sales@not-a-version", "broken link": "nowhere"}
        path.symlink_to(targets[foreign])
    if foreign in ("file", "link"):
        assert read(manager) == "theirs"
    assert manager.current(KEY) is None
    stage(manager, "ours", EARLY)
    publish(manager, EARLY)
    assert read(manager) == "ours"
    assert pickle.loads(other.read_bytes()) == "theirs"


def test_a_discarded_version_leaves_nothing(manager: FilesystemIOManager, tmp_path: Path) -> None:
    stage(manager, 1, EARLY)
    manager.discard(path=KEY.parts, version=EARLY)
    manager.discard(path=KEY.parts, version=EARLY)
    assert os.listdir(tmp_path / "warehouse" / ".versions") == []


def test_damaged_bytes_are_noticed(manager: FilesystemIOManager, tmp_path: Path) -> None:
    stage(manager, "value", EARLY)
    path = tmp_path / "warehouse/.versions" / f"sales@{EARLY.name}"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"value", b"vague", 1))
    with pytest.raises(DamagedRecordError, match="is not what was written"):
        read(manager, EARLY)
    for cut in (whole[:-1], whole[:10], b"", b"short", whole[-10:], whole[-27:], bytes(len(whole))):
        path.write_bytes(cut)
        with pytest.raises(DamagedRecordError):
            read(manager, EARLY)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="without a value, or the value was removed since"):
        read(manager, EARLY)


@pytest.mark.parametrize("rows", [1, 10_000])
def test_the_manifest_is_behind_the_value_and_read_without_it(
    manager: FilesystemIOManager, tmp_path: Path, rows: int
) -> None:
    context = build_output_context(asset_key=KEY, version=EARLY, run_id="run")
    context.add_output_metadata({"long": "x" * rows})
    manager.stage(context, b"y" * 50_000)
    publish(manager, EARLY)
    found = manager.current(KEY)
    assert found is not None
    assert found.metadata["long"]["value"] == "x" * rows
    assert found.size < 50_100 < (tmp_path / "warehouse" / "sales").stat().st_size
    assert pickle.loads((tmp_path / "warehouse" / "sales").read_bytes()) == b"y" * 50_000
    (tmp_path / "warehouse" / "sales").write_bytes(b"no manifest here")
    assert manager.current(KEY) is None, "somebody else's file"


def test_a_value_that_cannot_be_pickled_names_its_part_and_leaves_nothing(
    manager: FilesystemIOManager, tmp_path: Path
) -> None:
    with pytest.raises(UnserializableValueError, match=r"value\['rows'\]\[1\], a function") as caught:
        stage(manager, {"rows": [1, lambda: 2]}, EARLY)
    assert "io_manager_key" in str(caught.value)
    assert not list(tmp_path.rglob("*-*"))


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", ".versions", "x\0y", "y" * 300])
def test_a_key_cannot_leave_the_base_folder(manager: FilesystemIOManager, part: str) -> None:
    with pytest.raises(InvariantViolationError):
        manager.path_of(AssetKey(["a", part]))


def test_a_key_that_begins_another_is_told_apart_with_an_error(manager: FilesystemIOManager) -> None:
    manager.handle_output(build_output_context(asset_key=["a"]), 1)
    with pytest.raises(InvariantViolationError, match="either a file or a folder"):
        manager.handle_output(build_output_context(asset_key=["a", "b"]), 1)


def test_with_fsync_it_stores_the_same(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path, fsync=True)
    stage(manager, 5, EARLY)
    publish(manager, EARLY)
    assert read(manager) == 5
