"""Signatures on everything that workers act upon: plans, code references, bundles, exceptions.

Whoever can write to Redis must not be able to run code on a worker. What is unsigned or wrongly signed is
refused before a byte of it is decoded.

Layout of an envelope: ``AF1`` · 4 bytes of key id · 32 bytes HMAC-SHA256 over purpose and body · body (zstd).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import threading
from pathlib import Path

import zstandard

from assetflow.errors import DamagedRecordError, SettingsError, SignatureError

_MAGIC = b"AF1"
_ID = 4
_MAC = 32
_LARGEST = 1 << 28  # bytes of anything that was sealed


class _Zstd(threading.local):
    """What compresses and inflates, kept for each thread: to make one takes longer than a small plan."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(3)
        self.decompressor = zstandard.ZstdDecompressor()


_zstd = _Zstd()


class Signer:
    """Seals bytes with a shared key, and opens what was sealed with the same one.

    Args:
        key: the shared secret, at least 16 bytes.

    Raises:
        SettingsError: the key is too short to be one.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise SettingsError(
                "the signing key is shorter than 16 bytes",
                where="ASSETFLOW_SIGNING_KEY",
                fix='make one: python -c "import secrets; print(secrets.token_hex(32))"',
            )
        self._key = key
        self._id = hashlib.sha256(b"assetflow key id" + key).digest()[:_ID]

    @property
    def key_id(self) -> str:
        """Eight hex digits that tell keys apart without giving them away."""
        return self._id.hex()

    def seal(self, purpose: str, body: bytes) -> bytes:
        """Compress and sign. The purpose keeps a sealed plan from being opened as code."""
        packed = _zstd.compressor.compress(body)
        return _MAGIC + self._id + self._mac(purpose, packed) + packed

    def open(self, purpose: str, sealed: bytes, *, what: str) -> bytes:
        """The bytes that were sealed.

        Args:
            what: names the thing in errors, such as ``the plan of run 01J...``.

        Raises:
            SignatureError: it is unsigned, changed, or signed with another key.
            DamagedRecordError: it is signed, and cannot be inflated or would be too large.
        """
        head = len(_MAGIC) + _ID + _MAC
        if len(sealed) < head or not sealed.startswith(_MAGIC):
            raise SignatureError(f"{what} carries no signature and is refused")
        identity = sealed[len(_MAGIC) : len(_MAGIC) + _ID]
        if identity != self._id:
            raise SignatureError(
                f"{what} was signed with key {identity.hex()}, but this process has key {self.key_id}",
                fix="give clients and workers the same ASSETFLOW_SIGNING_KEY",
            )
        mac, packed = sealed[len(_MAGIC) + _ID : head], sealed[head:]
        if not hmac.compare_digest(mac, self._mac(purpose, packed)):
            raise SignatureError(f"{what} was changed after it was signed and is refused")
        try:
            if zstandard.frame_content_size(packed) > _LARGEST:
                raise DamagedRecordError(f"{what} is larger than {_LARGEST >> 20} MB, which nothing is")
            return _zstd.decompressor.decompress(packed, max_output_size=_LARGEST)
        except zstandard.ZstdError as error:
            raise DamagedRecordError(f"{what} is damaged: {error}") from None

    def token(self, purpose: str, body: bytes) -> str:
        """32 hex digits that only who has the key can make of the body."""
        return self._mac(f"token {purpose}", body).hex()[:32]

    def _mac(self, purpose: str, packed: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + packed, "sha256")


def kept_key(path: Path) -> bytes:
    """The key in a file that only this user can read; made at the first call.

    Raises:
        SettingsError: the file is readable by others.
    """
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            "the signing key can be read by other users of this machine", where=str(path), fix=f"chmod 600 {path}"
        )
    return path.read_text().strip().encode()


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(scratch, path)
    finally:
        scratch.unlink()
