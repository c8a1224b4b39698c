"""Code bundles in Redis."""

from __future__ import annotations

import redis

from assetflow.stores.redis.scripts import answering, refused_when_full

KEPT_SECONDS = 86_400


def code_key(name: str) -> str:
    """The key a bundle is kept under; a live run prolongs it."""
    return f"af:code:{name}"


class RedisCodeStore:
    """Sealed bundles that expire a day after the last run that used them."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def put(self, name: str, sealed: bytes) -> None:
        """See CodeStore.put."""
        with refused_when_full(self._client), answering():
            self._client.set(code_key(name), sealed, ex=KEPT_SECONDS)

    def get(self, name: str) -> bytes | None:
        """See CodeStore.get."""
        with answering():
            raw = self._client.get(code_key(name))
        return None if raw is None else bytes(raw)
