"""A spool keeps the head and the tail of what is written to it, within bounds of disk and memory."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assetflow.distributed.spool import Spool


def write(spool: Spool, number: int, data: bytes) -> None:
    while data:
        data = data[os.write(spool.descriptors[number], data) :]


def test_what_is_written_can_be_read_by_another_process_and_is_gone_when_it_is_cleared(tmp_path: Path) -> None:
    writing, reading = Spool(tmp_path, "ab12"), Spool(tmp_path, "ab12")
    assert writing.is_empty
    write(writing, 0, b"out")
    write(writing, 1, b"error")
    assert not writing.is_empty
    assert reading.sizes == (3, 5)
    assert [section.head for section in (reading.log(100).stdout, reading.log(100).stderr)] == [b"out", b"error"]
    writing.clear()
    assert writing.is_empty and reading.sizes == (0, 0)
    write(writing, 0, b"next")
    assert reading.log(100).stdout.head == b"next"


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(2, 200))
def test_what_is_kept_is_head_and_tail_and_never_too_much(out: bytes, error: bytes, most: int) -> None:
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"spool-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    spool = Spool(folder, "ab12")
    try:
        write(spool, 0, out)
        write(spool, 1, error)
        log = spool.log(most)
    finally:
        spool.remove()
        folder.rmdir()
    assert log.size == len(out) + len(error)
    assert log.size - log.left_out <= most
    assert log.left_out == 0 or log.size > most
    for section, written in ((log.stdout, out), (log.stderr, error)):
        assert written.startswith(section.head) and written.endswith(section.tail)
        assert section.size == len(written)


def test_the_room_of_what_will_not_be_kept_is_given_back(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "ab12")
    for number in range(40):
        write(spool, 0, bytes([number]) * 1_000_000)
        spool.thin_out(1_000_000)
        assert os.fstat(spool.descriptors[0]).st_blocks * 512 < 4_000_000
    log = spool.log(1_000_000)
    assert (log.stdout.size, log.left_out) == (40_000_000, 39_000_000)
    assert log.stdout.head == b"\0" * 500_000
    assert log.stdout.tail == b"\x27" * 500_000
