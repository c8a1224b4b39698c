"""The Lua scripts, each behind a typed method."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any

import redis
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,
)

from assetflow.errors import LostPlaceError, ServerFullError, ServiceUnreachableError
from assetflow.runs.transitions import as_lua

_SHARED = ("run", "pools", "limits", "flow")
_SETTLING = ("advance", "resync", "reclaim")
_VERBS_ON_RUNS = (
    *("create", "advance", "resync", "reclaim", "boot_failed", "cancel", "pause", "resume", "tick", "holds"),
    *("set_limit", "recorded", "gauge"),
)
# New runs are refused on a full server; everything else must work there, since it is what frees memory.
_REFUSED_WHEN_FULL = ("create", "holds")


class Script:
    """One verb: its source, and how to call it.

    Args:
        server: the only start of the server that may run it; empty for any. A server that starts knows no scripts,
            and so the name of the right one in the source is all that it takes: nothing is asked for while it is
            the same.
        ask: sends a command, if another way than the client's own is to be taken.
    """

    def __init__(
        self, client: redis.Redis, name: str, server: str = "", *, ask: Callable[..., Any] | None = None
    ) -> None:
        self._client = client
        self._send = ask or client.execute_command
        self._name, self._server = name, server
        self._source, self._sha = _load(name, server)
        self._narrowed: Script | None = None

    def only_on(self, server: str) -> Script:
        """The same verb, for one start of the server."""
        if self._narrowed is None or self._narrowed._server != server:
            self._narrowed = Script(self._client, self._name, server, ask=self._send)
        return self._narrowed

    def __call__(self, keys: list[str], args: list[Any]) -> Any:
        """Run the script; loads it where the server does not know it yet.

        Raises:
            ServiceUnreachableError: the server does not answer. It may or may not have run the script.
            LostPlaceError: this is not the server that it is for. It has run nothing.
        """
        with answering():
            try:
                return self._send("EVALSHA", self._sha, len(keys), *keys, *args)
            except NoScriptError:
                if self._server and generation_of(self._client) != self._server:
                    raise LostPlaceError("another server carries the runs now") from None
                return self._client.eval(self._source, len(keys), *keys, *args)


def generation_of(client: redis.Redis) -> str:
    """The name of the server; one that was started again has another name."""
    return str(client.info("server")["run_id"])


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
    except OutOfMemoryError as error:
        raise ServerFullError(
            "the Redis that carries the runs has no memory left for anything new",
            fix="give it more memory (maxmemory), or wait until ended runs are forgotten; what runs goes on",
        ) from error


@contextmanager
def refused_when_full(client: redis.Redis) -> Iterator[None]:
    """Say how full the server is, if it refuses something new for that reason."""
    try:
        yield
    except ServerFullError as error:
        with answering():
            memory = client.info("memory")
        raise ServerFullError(
            f"{error.message}: {memory['used_memory']} bytes are used, and maxmemory is {memory['maxmemory']}",
            fix=error.fix,
        ) from None


@lru_cache(maxsize=64)
def _load(name: str, server: str) -> tuple[str, str]:
    folder = files("assetflow.stores.redis") / "lua"
    flags = "" if name in _REFUSED_WHEN_FULL else " flags=allow-oom"
    shared = _SHARED if name in _VERBS_ON_RUNS else ()
    files_in_order = (*shared, *(("settle",) if name in _SETTLING else ()), name)
    table = as_lua() if shared else ""
    mark = f"-- {server}\n" if server else ""
    source = "".join(
        (f"#!lua{flags}\n", mark, table, *((folder / f"{file}.lua").read_text() for file in files_in_order))
    )
    return source, hashlib.sha1(source.encode()).hexdigest()
