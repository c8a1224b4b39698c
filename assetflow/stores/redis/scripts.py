"""The Lua scripts, each behind a typed method."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import redis
from redis.exceptions import BusyLoadingError, ConnectionError, NoScriptError, ReadOnlyError, TimeoutError

from assetflow.errors import ServiceUnreachableError
from assetflow.runs.transitions import as_lua

_VERBS_ON_RUNS = ("create", "advance", "reclaim", "cancel", "tick", "holds")
# Settling must work on a full server: it is what frees memory. New runs are refused there.
_ALLOWED_WHEN_FULL = ("advance", "reclaim", "cancel", "tick", "beat", "leave")


class Script:
    """One verb: its source, and how to call it."""

    def __init__(self, client: redis.Redis, name: str) -> None:
        self._client = client
        self._source, self._sha = _load(name)

    def __call__(self, keys: list[str], args: list[Any]) -> Any:
        """Run the script; loads it where the server does not know it yet.

        Raises:
            ServiceUnreachableError: the server does not answer. It may or may not have run the script.
        """
        with answering():
            try:
                return self._client.evalsha(self._sha, len(keys), *keys, *args)
            except NoScriptError:
                return self._client.eval(self._source, len(keys), *keys, *args)


@contextmanager
def answering() -> Iterator[None]:
    """Say in our own words that the server does not answer."""
    try:
        yield
    except (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError) as error:
        raise ServiceUnreachableError(
            f"the Redis that carries the runs does not answer ({error})",
            fix="it may be starting again; runs go on when it is back",
        ) from error


@cache
def _load(name: str) -> tuple[str, str]:
    folder = files("assetflow.stores.redis") / "lua"
    flags = " flags=allow-oom" if name in _ALLOWED_WHEN_FULL else ""
    parts = [f"#!lua{flags}\n"]
    if name in _VERBS_ON_RUNS:
        parts += [as_lua(), (folder / "prelude.lua").read_text()]
    parts.append((folder / f"{name}.lua").read_text())
    source = "".join(parts)
    return source, hashlib.sha1(source.encode()).hexdigest()
