"""What every request passes first, and what every answer says: host, size and form of the body, headers, audit."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.stores.sql.audit import AuditEntry
from assetflow.web.refusals import Refused, answer

LARGEST_BODY = 1_000_000  # bytes
BODY_WITHIN = 20.0  # seconds
DEEPEST = 64
_LONGEST_URL = 16_000
_SAFE = ("GET", "HEAD", "OPTIONS")
_QUIET = ("/api/v1/plans",)  # nothing is changed there
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Guard:
    """Refuses what cannot be meant, and keeps note of what was done.

    Args:
        hosts: names under which this server may be asked.
        any_address: it listens to more than its own machine: any address that is no name will do.
        policy: the content security policy of the page.
        keep: keeps an entry of the audit.
        address_of: where a request comes from.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        any_address: bool,
        policy: Callable[[], str],
        keep: Callable[[AuditEntry], None],
        address_of: Callable[[Request], str],
    ) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts} | set(_LOCAL)
        self._any_address = any_address
        self._keep = keep
        self._address_of = address_of
        self._policy = policy
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        writes = request.method not in _SAFE and request.url.path.startswith("/api/")
        to_be_noted = writes and request.url.path not in _QUIET
        policy = (b"content-security-policy", self._policy().encode())

        async def note(status: int) -> None:
            nonlocal to_be_noted
            if to_be_noted:
                to_be_noted = False
                await run_in_threadpool(self._note, request, status)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                await note(message["status"])  # who reads the answer finds it in the audit
                message = {**message, "headers": [*message["headers"], *self._headers, policy]}
            await send(message)

        try:
            self._check(request)
            taken = receive if request.method in _SAFE else await _read(request, receive)
        except Refused as error:
            await answer(error.status, error.problem, error.headers)(scope, receive, told)
        else:
            await self._app(scope, taken, told)
        await note(500)

    def _check(self, request: Request) -> None:
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise Refused(
                421, "misdirected", f"this server is not {hosts[0] if hosts else ''!r:.200}",
                fix="set ASSETFLOW_WEB_HOSTS to the names under which it is asked",
            )  # fmt: skip
        if len(request.scope["raw_path"]) + len(request.scope["query_string"]) > _LONGEST_URL:
            raise Refused(414, "too_large", "the address is too long")

    def _is_ours(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, _ = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if name in self._hosts:
            return True
        if not self._any_address:
            return False
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    def _note(self, request: Request, status: int) -> None:
        caller = getattr(request.state, "caller", None)
        about: dict[str, str] = getattr(request.state, "about", {})
        route = request.scope.get("route")
        path = getattr(route, "path", request.url.path)
        entry = AuditEntry(
            id=0,
            at=time.time(),
            user=caller.user if caller is not None else "",
            role=caller.role.word if caller is not None else "",
            action=f"{request.method} {str(path).removeprefix('/api/v1')}",
            target=about.get("target", "") or " ".join(map(str, request.path_params.values())),
            env=about.get("env", ""),
            outcome="ok" if status < 400 else about.get("refused", str(status)),
            ip=self._address_of(request),
        )
        try:
            self._keep(entry)
        except AssetflowError as error:
            logger.error("what %s did (%s) is not in the audit: %s", entry.user, entry.action, error)


async def _read(request: Request, receive: Receive) -> Receive:
    """The body as a whole, checked, for whoever asks for it.

    Raises:
        Refused: it is too large, or no JSON.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "unsupported", "the body must not be compressed")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > LARGEST_BODY:
        raise _too_large()
    body = bytearray()
    more = True
    deadline = asyncio.get_running_loop().time() + BODY_WITHIN
    while more:
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise Refused(408, "too_slow", f"the body did not come within {BODY_WITHIN:g} s") from None
        if message["type"] != "http.request":
            raise Refused(400, "malformed", "the request broke off")
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise _too_large()
        more = message.get("more_body", False)
    if body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, "unsupported", "the body is JSON", fix="Content-Type: application/json")
        check_json(bytes(body))
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return again


def check_json(body: bytes) -> None:
    """Let a body through that every reader reads alike.

    Raises:
        Refused: it is no JSON, nested too deeply, names something twice, or has numbers that are none.
    """
    depth = deepest = 0
    quoted = escaped = False
    for byte in body:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
        if deepest > DEEPEST:
            raise Refused(400, "malformed", f"the body is nested more than {DEEPEST} deep")
    try:
        json.loads(body, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "malformed", f"the body is no JSON: {error}"[:300]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r:.100} stands there twice")
        found[name] = value
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _too_large() -> Refused:
    return Refused(413, "too_large", f"the body is larger than {LARGEST_BODY:,} bytes")
