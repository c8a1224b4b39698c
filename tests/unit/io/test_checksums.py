"""Checksums tell whether bytes are those that were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetflow.errors import DamagedRecordError
from assetflow.io.checksums import checksum_of, is_of
from assetflow.io.memory_for_bytes import memory_for

MEBIBYTE = 2**20


@given(st.lists(st.binary()))
def test_a_checksum_is_that_of_the_bytes_however_they_are_cut(parts: list[bytes]) -> None:
    assert checksum_of(parts) == checksum_of([b"".join(parts)])
    assert is_of(checksum_of(parts), b"".join(parts))


@given(st.binary(min_size=1), st.data())
def test_one_flipped_bit_gives_another_checksum(content: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    other = bytearray(content)
    other[bit // 8] ^= 1 << bit % 8
    assert not is_of(checksum_of([content]), other)


def test_a_checksum_names_what_it_is_and_does_not_change_between_releases() -> None:
    assert checksum_of([]) == "xxh128:99aa06d3014798d86001c324468d497f"


def test_a_checksum_of_another_kind_is_told() -> None:
    with pytest.raises(DamagedRecordError, match="of a kind that is not known here"):
        is_of("md5:d41d8cd98f00b204e9800998ecf8427e", b"")


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE, 4 * MEBIBYTE, 5 * MEBIBYTE + 1])
def test_memory_for_bytes_is_empty_and_may_be_written_to(size: int) -> None:
    memory = memory_for(size)
    assert len(memory) == size and memory[:8] == bytes(min(size, 8)) and memory[-8:] == bytes(min(size, 8))
    memory[-8:] = b"assetflo"[: min(size, 8)]
    assert bytes(memory[-8:]) == b"assetflo"[: min(size, 8)]
