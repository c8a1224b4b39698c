"""Making secrets unreadable in what steps write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

SHORTEST = 6  # characters of a secret; shorter values stand everywhere
_PASSWORD = re.compile(rb"(?<=://)([^\s:/@\"]*):([^\s/@\"]+)(?=@)")


def masked(data: bytes, secrets: Iterable[str]) -> bytes:
    """The same number of bytes, with stars for secrets and for passwords in addresses.

    Args:
        secrets: values; those that are too short to be told apart from other text are left alone.
    """
    for secret in secrets:
        if len(secret) >= SHORTEST:
            for form in {secret.encode(errors="replace"), _as_json(secret, ascii_only=False), _as_json(secret)}:
                if form in data:
                    data = data.replace(form, b"*" * len(form))
    if b"://" in data and b"@" in data:
        data = _PASSWORD.sub(lambda found: found[1] + b":" + b"*" * len(found[2]), data)
    return data


def _as_json(secret: str, *, ascii_only: bool = True) -> bytes:
    """As it stands in the text of a JSON document."""
    return json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode(errors="replace")
