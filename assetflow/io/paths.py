"""From the segments of keys to places below a folder or a prefix, without ever leaving it."""

from __future__ import annotations

import re
import unicodedata

from assetflow.errors import InvariantViolationError

LONGEST_SEGMENT = 200  # bytes; with a version and what is written beside it, a name stays below the 255 of file systems
LONGEST_PATH = 3500  # bytes of all segments together; Linux takes 4096 of a whole path
RESERVED = ".versions"
RESERVED_IN_S3 = ".assetflow"
_USUAL = re.compile(f"[A-Za-z0-9_][A-Za-z0-9_-]{{0,{LONGEST_SEGMENT - 1}}}")
_LETTERS = "use letters, digits, dashes and underscores in asset keys"


def safe_segments(value: tuple[str, ...]) -> tuple[str, ...]:
    """The segments, each of which can be the name of a file or a folder anywhere.

    Two that look the same are the same: only composed Unicode (NFC) is taken, because some disks compose names
    themselves. Names that differ by case are different ones, unless the disk takes them for the same.

    Raises:
        InvariantViolationError: a segment is not a safe file name.
    """
    if not value:
        raise InvariantViolationError("an asset with an empty key has no place in storage")
    for part in value:
        if _USUAL.fullmatch(part):
            continue
        reason = _unsafe(part)
        if reason is not None:
            name = "/".join(value).encode("utf-8", "backslashreplace").decode()
            shown = repr(part) if len(part) < 60 else repr(part[:60]) + "..."
            raise InvariantViolationError(
                f"the segment {shown} of asset {name[:200]!r} cannot be a file name: {reason[0]}", fix=reason[1]
            )
    if sum(len(part) for part in value) > LONGEST_PATH // 4:
        length = sum(len(part.encode()) + 1 for part in value)
        if length > LONGEST_PATH:
            raise InvariantViolationError(
                f"the key of asset {'/'.join(value)[:60]!r}... has {length} bytes, more than {LONGEST_PATH}",
                fix="give it a shorter key",
            )
    return value


def _unsafe(part: str) -> tuple[str, str] | None:
    """Why a segment cannot be a file name, and what to do; None if it can."""
    if not part:
        return "it is empty", _LETTERS
    if part in (".", ".."):
        return "it means a folder", _LETTERS
    if part.casefold() in (RESERVED, RESERVED_IN_S3):
        return "versions are kept under that name", _LETTERS
    odd = next((letter for letter in part if letter in "/\\" or ord(letter) < 32 or ord(letter) == 127), None)
    if odd is not None:
        return f"it has the character {odd!r}", _LETTERS
    if any("\ud800" <= letter <= "\udfff" for letter in part):
        return "it has half a character (a lone surrogate)", _LETTERS
    if not unicodedata.is_normalized("NFC", part):
        composed = unicodedata.normalize("NFC", part)
        return (
            f"it is not in composed Unicode form (NFC), so another name looks the same: {part!a} and {composed!a}",
            f"write it as {composed!r}, or call unicodedata.normalize('NFC', name)",
        )
    if len(part.encode()) > LONGEST_SEGMENT:
        return f"it has {len(part.encode())} bytes, more than {LONGEST_SEGMENT}", "give it a shorter name"
    return None


def folded(value: tuple[str, ...]) -> tuple[str, ...]:
    """The segments as a disk sees them that takes upper and lower case for the same."""
    return tuple(unicodedata.normalize("NFC", part.casefold()) for part in value)
