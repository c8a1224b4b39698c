"""The disk is full, loses what was not synced, or gives back other bytes; nobody ever sees half a value."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assetflow import AssetsDefinition, RunHandle, asset, submit
from assetflow.errors import DamagedRecordError
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey, Version
from assetflow.testing.contexts import build_input_context, build_output_context
from tests.support.cluster import children_of
from tests.support.fleet import Fleet, running_fleet
from tests.support.ledger import Ledger, report
from tests.support.small_disk import as_seen_by, refusal, small_disk

VALUE = 10 * 1024 * 1024  # bytes, of which there is room for one
LIMIT = 4 * 1024 * 1024  # bytes of the largest file


def big(letter: str, before: Callable[[], None] = lambda: None, size: int = VALUE) -> AssetsDefinition:
    @asset(name="big")
    def made():
        before()
        return letter.encode() * size

    return made


def assert_the_old_value_stays(storage: Path, first: RunHandle, failed: RunHandle, letter: bytes) -> str:
    """Nothing of the failed attempt is left, and the value of before is what it was. What the error says."""
    before = (storage / "big").read_bytes()
    [kept] = (storage / ".versions").iterdir()
    assert kept.samefile(storage / "big")
    assert letter * 1000 in before
    result = failed.wait(30, raise_on_error=False)
    assert not result.success
    return result.errors["big"].message


def test_f16_a_full_disk_leaves_the_old_value_and_says_what_was_free(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        why = refusal(fleet.storage)
        if why:
            pytest.skip(f"this machine mounts no disk for a test: {why} (the next test needs none)")
        worker = fleet.start(prefix=small_disk(fleet.storage))
        storage = as_seen_by(worker.pid, fleet.storage)
        first = submit(big("a"))
        assert first.wait(30).success
        kept = (storage / "big").read_bytes()
        failed = submit(big("b"))
        failed.wait(30, raise_on_error=False)
        message = assert_the_old_value_stays(storage, first, failed, b"a")
        assert (storage / "big").read_bytes() == kept
        found = re.search(r"No space left on device \((\d+) bytes were to be written, (\d+) are free\)", message)
        assert found, message
        assert f"{fleet.storage}/.versions/big@" in message
        assert int(found[1]) > VALUE > int(found[2]) > 0
        # There is room again, and the same worker goes on.
        for path in (storage / "big", *(storage / ".versions").iterdir()):
            path.unlink()
        assert submit(big("c")).wait(30).success
        assert b"c" * 1000 in (storage / "big").read_bytes()
        report("F16", free=int(found[2]), needed=int(found[1]))


@pytest.mark.slow
def test_f16_a_file_that_may_not_grow_leaves_the_old_value_and_says_what_was_free(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    with running_fleet(tmp_path) as (fleet, _server):
        fleet.start()
        first = submit(big("a", size=1000))
        assert first.wait(30).success
        failed = submit(big("b", limit, size=LIMIT + 1))
        failed.wait(30, raise_on_error=False)
        message = assert_the_old_value_stays(fleet.storage, first, failed, b"a")
        assert re.search(r"File too large \(\d+ bytes were to be written, \d+ are free\)", message), message
        assert f"{fleet.storage}/.versions/big@" in message


KEY = AssetKey(["shop", "sales"])
EARLY, LATE = Version(10, 1), Version(20, 2)


def stored(folder: Path) -> tuple[FilesystemIOManager, Path]:
    """Two versions of one asset, the later of which is published, and the file of that."""
    manager = FilesystemIOManager(folder)
    for version in (EARLY, LATE):
        manager.stage(build_output_context(asset_key=KEY, version=version, run_id="run"), f"value {version.token}")
        manager.publish(path=KEY.parts, version=version, run_id="run")
    return manager, folder / "shop/.versions" / f"sales@{LATE.name}"


def read(manager: FilesystemIOManager, version: Version | None) -> object:
    return manager.load_input(build_input_context(asset_key=KEY, version=version))


@pytest.mark.parametrize("version", [LATE, None], ids=["by its version", "as it is published"])
def test_f17_a_value_that_is_cut_anywhere_or_has_a_wrong_byte_is_never_returned(
    tmp_path: Path, version: Version | None
) -> None:
    manager, file = stored(tmp_path)
    whole = file.read_bytes()
    assert read(manager, version) == "value 20"
    for at in range(len(whole)):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            file.write_bytes(content)
            try:
                assert read(manager, version) == "value 20"  # a byte of what is only told of it
            except DamagedRecordError:
                continue
            # Without its end it counts as somebody else's file where people read; the value is whole all the same.
            assert version is None or len(content) == len(whole)
            assert at >= whole.index(b'{"key"')


@pytest.mark.parametrize("version", [LATE, None], ids=["by its version", "as it is published"])
def test_f17_a_file_of_another_version_or_asset_is_never_returned(tmp_path: Path, version: Version | None) -> None:
    manager, file = stored(tmp_path)
    other = AssetKey(["shop", "costs"])
    manager.stage(build_output_context(asset_key=other, version=LATE, run_id="run"), "value of costs")
    others = [file.with_name(f"costs@{LATE.name}")]
    if version is not None:  # at the path, an earlier version of the same asset is as good as any
        others.append(file.with_name(f"sales@{EARLY.name}"))
    for foreign in others:
        file.write_bytes(foreign.read_bytes())
        with pytest.raises(DamagedRecordError, match=f"what is stored as version {LATE.name} of .*sales.* is version"):
            read(manager, version)


def traced(folder: Path) -> list[str]:
    """A command that starts another one and notes each file it opens and syncs, and all that it tells the server."""
    program = shutil.which("strace")
    assert program is not None, "strace is missing: apt-get install -y strace"
    probe = subprocess.run([program, "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"this machine lets nobody trace a process: {probe.stderr.strip()}")
    calls = "fsync,fdatasync,sendto,sendmsg,write,rename,link,linkat"
    return [program, "-ff", "-y", "-s", "4000", "-e", f"trace={calls}", "-o", str(folder / "trace")]


@pytest.mark.slow
def test_f17_files_and_folders_are_synced_before_anything_is_settled(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        worker = fleet.start(environment={"ASSETFLOW_FSYNC": "true"}, prefix=traced(tmp_path))
        made = Ledger(tmp_path / "ledger").step("sales", key_prefix=["shop", "north"])
        handle = submit(made)
        assert handle.wait(60).success
        [version] = [str(item.version) for event in handle.events() for item in event.detail.outputs or ()]
        os.kill(children_of(worker.pid)[0], signal.SIGTERM)  # its parent is the one who traces
        assert worker.process.wait(60) == 0
        order = calls_of_the_slot(fleet, tmp_path, version)
        place = fleet.storage / "shop/north"
        staged = order(rf"fsync\(\d+<{re.escape(str(place))}/\.versions/sales@{version}>\)")
        named = order(rf"fsync\(\d+<{re.escape(str(place))}/\.versions>\)")
        folders = [order(rf"fsync\(\d+<{re.escape(str(above))}>\)") for above in (place, place.parent, fleet.storage)]
        settled = order(rf"(sendto|sendmsg|write)\(.*EVALSHA.*{version}")
        published = order(rf"link(at)?\(.*sales@{version}")
        shown = order(rf"fsync\(\d+<{re.escape(str(place))}>\)", after=published)
        assert staged < named < settled < published < shown
        assert all(at < settled for at in folders)


def calls_of_the_slot(fleet: Fleet, folder: Path, version: str) -> Callable[..., int]:
    """Where in the calls of the process that made a version the first one is that matches."""
    found = [text for path in folder.glob("trace.*") if f"sales@{version}>" in (text := path.read_text())]
    assert len(found) == 1
    lines = found[0].splitlines()

    def position(pattern: str, after: int = -1) -> int:
        places = [at for at, line in enumerate(lines) if at > after and re.search(pattern, line)]
        assert places, f"no call is {pattern}"
        return places[0]

    return position
