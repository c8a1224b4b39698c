"""Checksums of stored bytes: what tells that they are still those that were written.

They find damage: a cut file, a flipped bit, another version's bytes. They are no defence against somebody who may write
to the storage, who could write another manifest too. So the fastest one is used that is wide enough for equal checksums
to mean equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import xxhash

from assetflow.errors import DamagedRecordError

_XXH128 = "xxh128:"
_AT_ONCE = 65_536  # bytes; others may use the interpreter while more of them are worked out


def checksum_of(parts: Sequence[bytes | bytearray | memoryview]) -> str:
    """The name of the algorithm, and the checksum of the bytes one behind the other, such as ``xxh128:99aa...``."""
    if len(parts) == 1 and len(parts[0]) < _AT_ONCE:
        return _XXH128 + xxhash.xxh3_128_hexdigest(parts[0])
    digest = xxhash.xxh3_128()
    for part in parts:
        digest.update(part)
    return _XXH128 + digest.hexdigest()


def is_of(checksum: str, content: bytes | bytearray | memoryview) -> bool:
    """Whether a checksum is that of these bytes.

    Raises:
        DamagedRecordError: it is not one that this release can work out.
    """
    if not checksum.startswith(_XXH128):
        raise DamagedRecordError(
            f"the checksum {checksum[:20]!r} of a stored value is of a kind that is not known here",
            fix="read it with the release of assetflow that has stored it, or materialize the asset again",
        )
    return checksum_of((content,)) == checksum
