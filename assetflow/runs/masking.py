"""Making secrets unreadable in what steps write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache

SHORTEST = 6  # characters of a secret; shorter values stand everywhere
_PASSWORD = re.compile(rb"(?<=://)([^\s:/@\"]*):([^\s/@\"]+)(?=@)")


def masked(data: bytes, secrets: Iterable[str]) -> bytes:
    """The same number of bytes, with stars for secrets and for passwords in addresses.

    Args:
        secrets: values; those that are too short to be told apart from other text are left alone.
    """
    for form in _forms(tuple(secrets)):
        if form in data:
            data = data.replace(form, b"*" * len(form))
    if b"://" in data and b"@" in data:
        data = _PASSWORD.sub(lambda found: found[1] + b":" + b"*" * len(found[2]), data)
    return data


def masked_text(text: str, secrets: Iterable[str]) -> str:
    """The same of a text."""
    return masked(text.encode(errors="replace"), secrets).decode(errors="replace")


@lru_cache(maxsize=8)
def _forms(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The ways in which secrets may be written, the longest first: one may be part of another."""
    found: set[bytes] = set()
    for secret in secrets:
        for part in (secret, *secret.splitlines()):  # a traceback has each line of a message on its own
            if len(part) >= SHORTEST:
                found |= {part.encode(errors="replace"), _as_json(part, ascii_only=False), _as_json(part)}
                found.add(repr(part)[1:-1].encode(errors="replace"))
    return tuple(sorted(found, key=len, reverse=True))


def _as_json(secret: str, *, ascii_only: bool = True) -> bytes:
    """As it stands in the text of a JSON document."""
    return json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode(errors="replace")
