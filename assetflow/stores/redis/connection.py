"""Connecting to the server, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from assetflow.errors import ServiceUnreachableError, UnsupportedServerError

OLDEST = (7, 0)
PASSING_ERRORS = (ReadOnlyError, MasterDownError, OutOfMemoryError)  # a replica that takes over, a server that is full


class Durability(StrEnum):
    """When a write the server has answered is safe from a power cut."""

    ALWAYS = "always"  # at once
    EVERY_SECOND = "everysec"  # within about a second; WAITAOF tells when
    NONE = "none"  # there is no append-only file, or nobody says when it is written


def connect(url: str, *, patient: bool = True, answers_within: float = 1.5) -> redis.Redis:
    """A client that has answered once.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        patient: wait half a minute for each answer and ask several times, as workers do; else tell within five
            seconds that there is none.
        answers_within: seconds that one who is not patient waits for an answer, and once more.

    Raises:
        ServiceUnreachableError: nobody answers, or the credentials are wrong.
        UnsupportedServerError: the server is too old.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": 5 if patient else 2,
        "socket_timeout": 30 if patient else answers_within,
        # The last beat of a run can only be told from a lost one by asking again, which every script allows.
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=8 if patient else 1),
        "retry_on_error": [redis.exceptions.ConnectionError, redis.exceptions.TimeoutError],
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
    }
    try:
        client = redis.Redis.from_url(url, health_check_interval=15, **options)
        # With an interval it would ask whether the server is well before it asks anything, and twice as often.
        first = redis.Redis.from_url(url, **options)
    except ValueError as error:
        raise ServiceUnreachableError(
            f"{redacted(url)} is not the address of a Redis: {error}",
            fix="use redis://host:port/0, rediss://host:port/0 or unix:///path/to/socket",
        ) from None
    try:
        info = first.info("server")
    except AuthenticationError as error:
        raise ServiceUnreachableError(
            f"Redis at {redacted(url)} refuses the credentials: {error}",
            fix="put them into ASSETFLOW_REDIS_URL: redis://user:password@host:port/0",
        ) from None
    except (RedisError, OSError) as error:
        raise ServiceUnreachableError(
            f"no Redis answers at {redacted(url)} ({error})",
            fix="start it, or correct ASSETFLOW_REDIS_URL (or `redis_url` in assetflow.toml); "
            "without it assetflow uses `assetflow dev` or a cluster of its own",
        ) from None
    finally:
        first.close()
    if version_in(info) < OLDEST:
        text = info.get("valkey_version") or info.get("redis_version")
        raise UnsupportedServerError(
            f"Redis at {redacted(url)} is version {text}; runs need 7.0 or Valkey 7.2",
            fix="upgrade the server",
        )
    return client


def version_in(info: Mapping[str, Any]) -> tuple[int, ...]:
    """Major and minor version of the server that has told this of itself."""
    text = str(info.get("valkey_version") or info.get("redis_version", "0"))
    return tuple(int(part) for part in text.split(".")[:2])


def durability(client: redis.Redis) -> Durability:
    """What the server promises of an answered write."""
    try:
        if int(client.info("persistence").get("aof_enabled", 0)) == 0:
            return Durability.NONE
        policy = client.config_get("appendfsync").get("appendfsync", "everysec")
    except (ResponseError, NoPermissionError):
        return Durability.EVERY_SECOND
    return {"always": Durability.ALWAYS, "no": Durability.NONE}.get(policy, Durability.EVERY_SECOND)


def redacted(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{place}"))
