"""Looking at a server: does it answer, and is it one that runs are safe on?"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from assetflow.findings import Finding, fine, problem, warning
from assetflow.loopback import leaves_this_machine
from assetflow.stores.redis.connection import OLDEST, redacted, version_in

AHEAD = 2.0  # seconds that clocks may differ before it is worth a word
_PATIENCE = 3.0  # seconds
_NEARLY_FULL = 0.9
_SCRIPT = "#!lua flags=allow-oom\nredis.call('SET', KEYS[1], ARGV[1], 'EX', 60)\nreturn redis.call('GET', KEYS[1])"
_NOT_REDIS = "what answers at {where} is no Redis"


def look_at_server(url: str, *, area: str = "redis", setting: str = "ASSETFLOW_REDIS_URL") -> Iterator[Finding]:
    """All there is to say of a server. Writes a few keys of its own, and removes them.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        area: of the findings.
        setting: where the address stands, for what to do.
    """
    where = redacted(url)
    try:
        once = Retry(NoBackoff(), 0)
        client = redis.Redis.from_url(url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE, retry=once)
    except ValueError as error:
        yield problem(
            area, f"{where} is not the address of a Redis: {error}", f"correct {setting}: redis://host:6379/0"
        )
        return
    try:
        began = time.perf_counter()
        client.ping()
        took = time.perf_counter() - began
        info: Mapping[str, Any] = client.info()
    except (RedisError, OSError, ValueError) as error:
        yield _unanswered(error, where, area, setting)
        return
    try:
        yield from _look(client, url, where, info, took, area)
    except (RedisError, OSError) as error:
        yield _unanswered(error, where, area, setting)
    finally:
        client.close()


def _look(
    client: redis.Redis, url: str, where: str, info: Mapping[str, Any], took: float, area: str
) -> Iterator[Finding]:
    kind = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    if version_in(info) < OLDEST:
        yield problem(area, f"{kind} {version} at {where} is too old: runs need 7.0", "upgrade the server")
        return
    yield fine(area, f"{kind} {version} at {where}, answers in {took * 1000:.1f} ms")
    if info.get("loading"):
        yield problem(area, f"{where} is still loading its data", "wait until it has; runs go on by themselves")
        return
    refusals = [
        _role(info, where, area),
        _cluster(info, where, area),
        _eviction(info, area),
        _persistence(client, info, area),
        _room(info, area),
        _reach(url, where, area),
        _clock(client),
    ]
    yield from (finding for finding in refusals if finding is not None)
    if info.get("role") == "master":
        yield from _rights(client, where, area)


def _unanswered(error: Exception, where: str, area: str, setting: str) -> Finding:
    """Each way not to answer in a sentence of its own."""
    text = str(error).strip()
    if isinstance(error, NoPermissionError):
        return problem(
            area,
            f"{where} lets this user not even look: {text}",
            "give it the rights that docs/how-to/secure.md lists (ACL SETUSER ...)",
        )
    if isinstance(error, AuthenticationError | AuthorizationError) or "NOAUTH" in text or "WRONGPASS" in text:
        return problem(
            area,
            f"{where} refuses the credentials ({text})",
            f"put them into {setting}: redis://user:password@host:port/0, with %40 for an @ in them",
        )
    if isinstance(error, BusyLoadingError) or "LOADING" in text:
        return problem(area, f"{where} is still loading its data", "wait until it has; runs go on by themselves")
    if isinstance(error, InvalidResponse) or "Protocol Error" in text or "HTTP/" in text:
        return problem(area, _NOT_REDIS.format(where=where), f"correct host and port in {setting}")
    if "certificate" in text.lower() or "ssl" in text.lower() or "wrong version number" in text.lower():
        return problem(
            area,
            f"no safe connection to {where}: {text}",
            f"check the certificate, and add ?ssl_ca_certs=/path/to/ca.pem to {setting} if its authority is your own",
        )
    if any(word in text.lower() for word in ("closed by server", "reset by peer")) and where.startswith("redis://"):
        return problem(
            area,
            f"{where} closed the connection at once ({text}): it may want TLS, or be no Redis",
            f"use rediss:// in {setting}, or correct host and port",
        )
    return problem(
        area,
        f"nobody answers at {where} ({text})",
        f"start the server, or correct {setting}; `assetflow dev` needs none",
    )


def _role(info: Mapping[str, Any], where: str, area: str) -> Finding | None:
    if info.get("role") == "master":
        return None
    leader = f"{info.get('master_host')}:{info.get('master_port')}"
    return problem(
        area, f"{where} is a replica, which takes no writes (READONLY)", f"use its primary, {leader}, or promote it"
    )


def _cluster(info: Mapping[str, Any], where: str, area: str) -> Finding | None:
    if not info.get("cluster_enabled"):
        return None
    return problem(
        area,
        f"{where} runs in cluster mode: a run's keys would lie on different servers",
        "use a single primary (with replicas, if you like): cluster-enabled no",
    )


def _eviction(info: Mapping[str, Any], area: str) -> Finding | None:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction":
        return None
    return problem(
        area,
        f"maxmemory-policy is {policy}: the state of runs could be thrown away",
        "CONFIG SET maxmemory-policy noeviction, and the same in its configuration file",
    )


def _persistence(client: redis.Redis, info: Mapping[str, Any], area: str) -> Finding:
    if not info.get("aof_enabled"):
        return warning(
            area,
            "there is no append-only file: runs that go on are lost when the server ends",
            "CONFIG SET appendonly yes, and the same in its configuration file",
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        return problem(area, "the server cannot write its append-only file", "make room on its disk; see its log")
    try:
        policy = str(client.config_get("appendfsync").get("appendfsync", ""))
    except ResponseError:
        policy = ""
    if policy == "no":
        return warning(
            area,
            "appendfsync is no: after a power cut half a minute of what runs did is gone",
            "CONFIG SET appendfsync everysec",
        )
    return fine(
        area, f"append-only file, {f'written {_WORDS.get(policy, policy)}' if policy else 'as the server says'}"
    )


_WORDS = {"always": "at once", "everysec": "every second"}


def _room(info: Mapping[str, Any], area: str) -> Finding | None:
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if not limit or used < _NEARLY_FULL * limit:
        return None
    return warning(
        area,
        f"{used:,} of {limit:,} bytes of its memory are used; new runs are refused when it is full",
        "raise maxmemory, or shorten keep_hours",
    )


def _reach(url: str, where: str, area: str) -> Finding | None:
    """Whether somebody else could listen, or come in."""
    if not leaves_this_machine(url):
        return None
    parts = urlsplit(url)
    if not parts.password:
        return problem(
            area,
            f"{where} asks for no password, and others can reach it: whoever does could do anything with runs",
            "set a password (requirepass, or a user with ACL SETUSER) and put it into the address",
        )
    if parts.scheme != "rediss":
        return warning(
            area,
            f"the connection to {where} is not encrypted",
            "let the server speak TLS (tls-port), and write rediss://",
        )
    return None


def _clock(client: redis.Redis) -> Finding | None:
    before = time.time()
    seconds, micros = client.time()
    ahead = seconds + micros / 1e6 - (before + time.time()) / 2
    if abs(ahead) < AHEAD:
        return None
    return warning(
        "clock",
        f"the clock of the server is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's: times "
        "are shown wrongly, and schedules fire late or early",
        "let both follow a time server (chrony, systemd-timesyncd)",
    )


def _rights(client: redis.Redis, where: str, area: str) -> Iterator[Finding]:
    """Call what runs call, on keys of our own."""
    key = f"af:doctor:{secrets.token_hex(6)}"
    calls: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("EVAL", (_SCRIPT, 1, key, "1")),
        ("EVALSHA", ("0" * 40, 0)),
        ("EXPIRE", (key, 60)),
        ("GETRANGE", (key, 0, 1)),
        ("EXISTS", (key,)),
        ("DEL", (key,)),
        ("HSET", (key, "a", "1")),
        ("HMGET", (key, "a")),
        ("HGETALL", (key,)),
        ("DEL", (key,)),
        ("ZADD", (key, 1, "a")),
        ("ZRANGE", (key, 0, -1)),
        ("ZCARD", (key,)),
        ("DEL", (key,)),
        ("XADD", (key, "*", "k", "v")),
        ("XREAD", ("COUNT", 1, "STREAMS", key, "0")),
        ("DEL", (key,)),
        ("LPUSH", (key, "1")),
        ("BRPOP", (key, 1)),
        ("SCAN", (0, "MATCH", f"{key}*", "COUNT", 10)),
        ("TIME", ()),
    )
    refused: list[str] = []
    for command, arguments in calls:
        try:
            client.execute_command(command, *arguments)
        except NoPermissionError:
            refused.append(command)
        except ResponseError as error:
            if command == "EVAL" and "unknown command" in str(error).lower():
                yield problem(area, f"{where} runs no Lua scripts", "allow EVAL and EVALSHA on the server")
                return
            if not isinstance(error, redis.exceptions.NoScriptError) and command != "EVALSHA":
                yield problem(area, f"{command} fails on {where}: {error}", "see the server's log")
                return
    if refused:
        names = ", ".join(dict.fromkeys(refused))
        yield problem(
            area,
            f"the user of {where} may not call {names} on the keys of runs",
            "give it the rights that docs/how-to/secure.md lists (ACL SETUSER ...)",
        )
