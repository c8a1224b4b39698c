"""Code bundles in Redis."""

from __future__ import annotations

import redis

KEPT_SECONDS = 86_400


def code_key(sha: str) -> str:
    """The key a bundle is kept under; a live run prolongs it."""
    return f"af:code:{sha}"


class RedisCodeStore:
    """Sealed bundles that expire a day after the last run that used them."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def put(self, sha: str, sealed: bytes) -> None:
        """See CodeStore.put."""
        if not self._client.expire(code_key(sha), KEPT_SECONDS):
            self._client.set(code_key(sha), sealed, ex=KEPT_SECONDS)

    def get(self, sha: str) -> bytes | None:
        """See CodeStore.get."""
        raw = self._client.get(code_key(sha))
        return None if raw is None else bytes(raw)
