"""From the segments of keys to places below a folder, without ever leaving it."""

from __future__ import annotations

from assetflow.errors import InvariantViolationError

_LONGEST = 200
RESERVED = ".versions"


def safe_segments(value: tuple[str, ...]) -> tuple[str, ...]:
    """The segments, each of which can be the name of a file or a folder.

    Raises:
        InvariantViolationError: a segment is not a safe file name.
    """
    if not value:
        raise InvariantViolationError("an asset with an empty key has no place in storage")
    for part in value:
        if not part or part in (".", "..", RESERVED) or "/" in part or "\\" in part or "\0" in part:
            raise InvariantViolationError(
                f"the segment {part!r} of asset {'/'.join(value)!r} cannot be a file name",
                fix="use letters, digits, dashes and underscores in asset keys",
            )
        if len(part.encode()) > _LONGEST:
            raise InvariantViolationError(
                f"a segment of asset {'/'.join(value)[:60]!r}... is longer than {_LONGEST} bytes"
            )
    return value
