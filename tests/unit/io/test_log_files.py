"""Logs are kept where a run's logs are kept, and nothing else is ever read or removed as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetflow.errors import DamagedRecordError, SettingsError
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.log_files import StoredLogFiles
from assetflow.io.retention import Retention, garbage
from assetflow.runs.step_logs import KeptLog, Section

RUN = "01M8BNCT236B3Y02QXFNFK3HPS"
LOG = KeptLog(Section(b"out\n" * 1000), Section(b"head", 7, b"tail"))


def test_a_log_is_read_as_it_was_kept_and_takes_little_room(tmp_path: Path) -> None:
    files = StoredLogFiles()
    uri = files.uri(str(tmp_path), RUN, 3, 77)
    assert uri == f"{tmp_path.resolve()}/.assetflow/logs/{RUN}/3-77.zst"
    assert files.keep(uri, LOG) == Path(uri).stat().st_size < 200
    assert files.read(uri, RUN) == LOG


def test_removed_logs_leave_no_folder_and_may_be_gone_already(tmp_path: Path) -> None:
    files = StoredLogFiles()
    uris = [files.uri(str(tmp_path), RUN, step, 1) for step in range(3)]
    for uri in uris[:2]:
        files.keep(uri, LOG)
    files.remove(uris[:1], RUN)
    assert Path(uris[1]).exists()
    files.remove(uris, RUN)
    assert not Path(uris[0]).parent.exists()
    files.keep(uris[0], LOG)  # the folder is made again
    assert files.read(uris[0], RUN) == LOG


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd",
        f"/somewhere/.assetflow/logs/{RUN}/../../secret-1.zst",
        f"/a/../b/.assetflow/logs/{RUN}/1-1.zst",
        f"/somewhere/.assetflow/logs/{RUN}/1-1.zst\0",
        "/somewhere/.assetflow/logs/ANOTHERRUN/1-1.zst",
        f"s3://bucket/{RUN}/1-1.zst",
        "",
    ],
)
def test_a_forged_address_is_neither_read_nor_removed(uri: str) -> None:
    files = StoredLogFiles()
    with pytest.raises(DamagedRecordError, match="no place where a log of run"):
        files.read(uri, RUN)
    with pytest.raises(DamagedRecordError, match="no place where a log of run"):
        files.remove([uri], RUN)


@pytest.mark.parametrize("content", [b"", b"no log", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_log_is_told_as_such(tmp_path: Path, content: bytes) -> None:
    files = StoredLogFiles()
    uri = files.uri(str(tmp_path), RUN, 0, 1)
    files.keep(uri, LOG)
    Path(uri).write_bytes(content)
    with pytest.raises(DamagedRecordError, match="cannot be read"):
        files.read(uri, RUN)


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError):
        StoredLogFiles().uri("gopher://somewhere", RUN, 0, 1)


def test_logs_are_no_garbage_of_the_storage_they_lie_in(tmp_path: Path) -> None:
    files = StoredLogFiles()
    files.keep(files.uri(str(tmp_path), RUN, 0, 1), LOG)
    retention = Retention(keep=1, keep_seconds=0, staged_seconds=0)
    manager = FilesystemIOManager(tmp_path)
    assert list(garbage(manager, retention, now=1e12, oldest_live_run=None)) == []
