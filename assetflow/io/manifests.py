"""What is known of one stored version, kept beside its bytes."""

from __future__ import annotations

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
