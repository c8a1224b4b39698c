"""What is known of one stored version, kept behind its bytes in the same file.

Readers of pickles stop at the end of the pickle, so they do not notice. What is in one file cannot be separated: the
checksum goes wherever the value goes, and both appear at once.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from assetflow.errors import DamagedRecordError


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one asset.

    Attributes:
        key: segments of the asset's key.
        version: its name, ``{token:016x}-{nonce:08x}``.
        run_id: the run that made it.
        size: bytes.
        sha256: of the bytes, checked when they are read.
        stored_at: seconds since the epoch.
        type: qualified class name of the value.
        codec: how the bytes are to be read.
        metadata: label to ``{"type": ..., "value": ...}``, as far as it was known when the value was stored.
    """

    key: tuple[str, ...]
    version: str
    run_id: str
    size: int
    sha256: str
    stored_at: float
    type: str = ""
    codec: str = "pickle"
    metadata: dict[str, Any] = {}

    def to_json(self) -> bytes:
        """As it is stored."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(raw: bytes, *, where: str) -> Manifest:
        """Read it back.

        Raises:
            DamagedRecordError: it is not a manifest.
        """
        try:
            return msgspec.json.decode(raw, type=Manifest)
        except msgspec.DecodeError as error:
            raise DamagedRecordError(f"a manifest cannot be read: {error}", where=where) from None


_MARK = b"\0assetflow manifest\0"
_LENGTH = 8  # bytes, before the mark
_TAIL = 4096  # bytes; most manifests are shorter


def behind(manifest: Manifest) -> bytes:
    """What is written after the bytes of a value."""
    text = manifest.to_json()
    return text + len(text).to_bytes(_LENGTH, "big") + _MARK


def has_manifest(raw: bytes) -> bool:
    """Whether bytes end like those of a stored version."""
    return raw.endswith(_MARK)


def split(raw: bytes, *, where: str) -> tuple[memoryview, Manifest]:
    """The bytes of a value and the manifest behind them.

    Raises:
        DamagedRecordError: there is none.
    """
    start, end = _manifest_at(raw, len(raw), where)
    if start < 0:
        raise _missing(where)
    return memoryview(raw)[:start], Manifest.from_json(raw[start:end], where=where)


def read_manifest(path: str) -> Manifest:
    """The manifest behind a value, without reading the value.

    Raises:
        DamagedRecordError: the file is not there, or has none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise _missing(path) from None
    try:
        return manifest_in(descriptor, where=path)
    finally:
        os.close(descriptor)


def manifest_in(descriptor: int, *, where: str) -> Manifest:
    """The manifest behind a value, in an open file.

    Raises:
        DamagedRecordError: there is none.
    """
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _TAIL, max(0, size - _TAIL))
    start, end = _manifest_at(tail, size, where)
    if start < 0:  # a long one
        tail = os.pread(descriptor, len(tail) - start, size - len(tail) + start)
        start, end = _manifest_at(tail, size, where)
    return Manifest.from_json(tail[start:end], where=where)


def _manifest_at(tail: bytes, size: int, where: str) -> tuple[int, int]:
    """Where in the last bytes of a file its manifest begins and ends; a beginning below 0 lies before them."""
    end = len(tail) - len(_MARK) - _LENGTH
    if end < 0 or not tail.endswith(_MARK):
        raise _missing(where)
    length = int.from_bytes(tail[end : end + _LENGTH], "big")
    if length > size:
        raise _missing(where)
    return end - length, end


def _missing(where: str) -> DamagedRecordError:
    return DamagedRecordError(
        "the manifest of a stored version is missing", where=where, fix="materialize the asset again"
    )
