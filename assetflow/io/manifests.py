"""What is known of one stored version: where it comes from, and what its bytes have to be.

On a disk it stands behind a pickle, in the same file: readers of pickles stop at the end of the pickle, so they do not
notice, and what is in one file cannot be separated. Other formats do not bear that, and have it in a file beside them.
In S3 it goes with the object, as its metadata.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from assetflow.errors import DamagedRecordError
from assetflow.io.checksums import checksum_of, is_of
from assetflow.keys import Version

DIGITS = 16  # of a content's hash that name a data version


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of one asset.

    Attributes:
        key: segments of the asset's key.
        version: its name, ``{token:016x}-{nonce:08x}``.
        run_id: the run that made it.
        size: bytes.
        checksum: of the bytes, checked when they are read; empty where nothing can be held against one.
        stored_at: seconds since the epoch.
        type: qualified class name of the value.
        codec: how the bytes are to be read.
        buffers: of a pickle: where its large buffers are.
        restored_from: the version whose bytes were taken again; empty if a run has made them.
        promoted_from: the environment whose bytes were taken over; empty if they were made in this one.
        data_label: what the function has said of its data, or a hash of what is no bytes; empty for neither.
        metadata: label to ``{"type": ..., "value": ...}``, as far as it was known when the value was stored.
    """

    key: tuple[str, ...]
    version: str
    run_id: str
    size: int
    checksum: str
    stored_at: float
    type: str = ""
    codec: str = "pickle"
    buffers: tuple[tuple[int, int, int], ...] = ()
    restored_from: str = ""
    promoted_from: str = ""
    data_label: str = ""
    metadata: dict[str, Any] = {}

    @property
    def data_version(self) -> str:
        """Equal for equal data: as the function has said, else by content, else no other version's."""
        start = self.checksum.find(":") + 1
        return self.data_label or self.checksum[start : start + DIGITS] or self.version

    def to_json(self) -> bytes:
        """As it is stored."""
        return _encoder.encode(self)

    @staticmethod
    def from_json(raw: bytes | memoryview | str, *, where: str) -> Manifest:
        """Read it back.

        Raises:
            DamagedRecordError: it is not a manifest.
        """
        try:
            return _decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DamagedRecordError(f"a manifest cannot be read: {error}", where=where) from None


_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Manifest)


def copied(manifest: Manifest, version: Version, copy: Version, stored_at: float) -> Manifest:
    """The manifest of a version that has the bytes of another one.

    Args:
        version: the other one.
    """
    return msgspec.structs.replace(manifest, version=copy.name, stored_at=stored_at, restored_from=version.name)


def fits(content: bytes | bytearray | memoryview, manifest: Manifest) -> bool:
    """Whether bytes are those that were stored."""
    return len(content) == manifest.size and is_of(manifest.checksum, content)


def same_bytes(one: Manifest, other: Manifest) -> bool:
    """Whether two versions are known to have the same bytes; a table of a database is known by none."""
    return bool(one.checksum) and (one.checksum, one.size) == (other.checksum, other.size)


def check_content(content: bytes | bytearray | memoryview, manifest: Manifest, *, what: str, where: str) -> None:
    """Raise DamagedRecordError if bytes are not those that were stored."""
    if not fits(content, manifest):
        raise DamagedRecordError(
            f"the stored value of {what} is not what was written: "
            f"{len(content)} bytes instead of {manifest.size}, or other content",
            where=where,
            fix="materialize the asset again",
        )


_MARK = b"\0assetflow manifest\0"
_LENGTH = 8  # bytes, before the mark
_TAIL = 4096  # bytes; most manifests are shorter


def behind(manifest: Manifest) -> bytes:
    """What is written after the bytes of a value."""
    text = manifest.to_json()
    return text + len(text).to_bytes(_LENGTH, "big") + _MARK


def has_manifest(raw: bytes | memoryview) -> bool:
    """Whether bytes end like those of a stored version."""
    return raw[-len(_MARK) :] == _MARK


def split(raw: bytes | memoryview, *, where: str) -> tuple[memoryview, Manifest]:
    """The bytes of a value and the manifest behind them.

    Raises:
        DamagedRecordError: there is none.
    """
    start, end = _manifest_at(raw, len(raw), where)
    if start < 0:
        raise _missing(where)
    view = memoryview(raw)
    return view[:start], Manifest.from_json(view[start:end], where=where)


class _Seal(msgspec.Struct, frozen=True):
    """What of a manifest says whether the bytes before it are sound; the rest takes three times as long to read."""

    key: tuple[str, ...]
    version: str
    size: int
    checksum: str
    codec: str = "pickle"
    buffers: tuple[tuple[int, int, int], ...] = ()


_seal_decoder = msgspec.json.Decoder(_Seal)


def sound_pickle(raw: bytes | memoryview, key: tuple[str, ...], version: str) -> memoryview | None:
    """The bytes of a pickle without large buffers, if what is behind them says that they are this version, and sound.

    Returns:
        None for everything else, of which `split` and `check_content` say what it is.
    """
    end = len(raw) - len(_MARK) - _LENGTH
    if end < 0 or raw[-len(_MARK) :] != _MARK:
        return None
    view = memoryview(raw)
    start = end - int.from_bytes(view[end : end + _LENGTH], "big")
    if start < 0:
        return None
    content = view[:start]
    try:
        seal = _seal_decoder.decode(view[start:end])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    sound = (
        seal.version == version
        and seal.key == key
        and seal.codec == "pickle"
        and not seal.buffers
        and seal.size == start
        and seal.checksum == checksum_of((content,))
    )
    return content if sound else None


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


def _manifest_at(tail: bytes | memoryview, size: int, where: str) -> tuple[int, int]:
    """Where in the last bytes of a file its manifest begins and ends; a beginning below 0 lies before them."""
    end = len(tail) - len(_MARK) - _LENGTH
    if end < 0 or not has_manifest(tail):
        raise _missing(where)
    length = int.from_bytes(tail[end : end + _LENGTH], "big")
    if length > size:
        raise _missing(where)
    return end - length, end


def _missing(where: str) -> DamagedRecordError:
    return DamagedRecordError(
        "the manifest of a stored version is missing", where=where, fix="materialize the asset again"
    )
