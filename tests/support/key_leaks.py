"""Finds keys that nobody owns and that never expire."""

from __future__ import annotations

import redis

# What may stay for ever: it belongs to the installation, not to a run or a process.
OWNED = {
    b"af:workers",
    b"af:q",
    b"af:runs",
    b"af:calm",
    b"af:pools",
    b"af:limits",
    b"af:history",
    b"af:unrecorded",
    b"af:counters",
}
# kombu's own: bindings of a queue, and what was received and not acknowledged.
BROKER_PREFIXES = (b"af:celery:_kombu.binding", b"af:celery:unacked")


def leaked_keys(client: redis.Redis) -> list[str]:
    """Keys without an owner and without a TTL. Meant for a server on which nothing runs any more."""
    found = []
    for key in client.scan_iter(count=1000):
        if key in OWNED or key.startswith(BROKER_PREFIXES):
            continue
        if client.ttl(key) == -1:
            found.append(key.decode())
    return sorted(found)
