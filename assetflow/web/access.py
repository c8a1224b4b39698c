"""Who asks, and whether they may: tokens, cookies, and what a proxy in front says."""

from __future__ import annotations

import hmac
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import Request

from assetflow.errors import InvalidInvocationError
from assetflow.settings import Settings
from assetflow.stores.sql.access import Bearer, SqlAccess
from assetflow.web.refusals import Refused
from assetflow.web.roles import Role
from assetflow.wiring import signer_for

SESSION_SECONDS = 12 * 3600.0
TICKET_SECONDS = 24 * 3600.0
CSRF_HEADER = "x-csrf-token"
_FAILURES, _WITHIN = 10, 60.0  # seconds
_ADDRESSES_KEPT = 10_000
_SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks.

    Attributes:
        csrf: what a write has to bring in its header; empty if it need not, because no browser logs in so by itself.
        environments: that may be written to; empty for all.
    """

    user: str
    role: Role
    csrf: str = ""
    environments: tuple[str, ...] = ()

    def check_env(self, env: str) -> None:
        """Let a write into an environment go on.

        Raises:
            Refused: it is none of theirs.
        """
        if self.environments and env not in self.environments:
            raise Refused(
                403,
                "forbidden",
                f"{self.user} ({self.role.word}) may not write to environment {env}",
                fix=f"the token is for {', '.join(self.environments)}; ask for another",
            )


class Failures:
    """Counts failed attempts to get in, by address. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Let somebody try.

        Raises:
            Refused: there were too many failures from there.
        """
        with self._lock:
            times = self._times.get(address)
            while times and self._clock() - times[0] > _WITHIN:
                times.popleft()
            if times is not None and len(times) >= _FAILURES:
                wait = int(_WITHIN - (self._clock() - times[0])) + 1
                raise Refused(
                    429, "too_many", "too many failed attempts to log in", fix=f"wait {wait} s",
                    headers={"Retry-After": str(wait)},
                )  # fmt: skip

    def note(self, address: str) -> None:
        """Somebody has failed."""
        with self._lock:
            self._times.setdefault(address, deque(maxlen=_FAILURES)).append(self._clock())
            self._times.move_to_end(address)
            while len(self._times) > _ADDRESSES_KEPT:
                self._times.popitem(last=False)


class Access:
    """Finds out who asks, and whether they may.

    Args:
        store: where tokens and sessions are.
        is_open: everybody may do everything, as on one's own machine.
    """

    def __init__(self, settings: Settings, store: Callable[[], SqlAccess], *, is_open: bool = False) -> None:
        self._settings = settings
        self._store = store
        self.is_open = is_open
        self.failures = Failures()
        self._trusted = [ip_network(text) for text in settings.web_trusted_peers]

    def caller(self, request: Request, role: Role) -> Caller:
        """Who asks, if they may do what needs this role.

        Raises:
            Refused: nobody is known to ask (401), or they may not (403); or it came from elsewhere (403).
        """
        if "token" in request.query_params or "access_token" in request.query_params:
            raise Refused(400, "malformed", "a token in an address ends up in logs", fix="use the header: "
                          "Authorization: Bearer TOKEN")  # fmt: skip
        found = self._who(request)
        request.state.caller = found
        writes = request.method not in _SAFE
        if writes:
            check_origin(request, needs_origin=bool(found.csrf))
            given = request.headers.get(CSRF_HEADER, "")
            if found.csrf and not hmac.compare_digest(given.encode(), found.csrf.encode()):
                raise Refused(403, "forbidden", "X-CSRF-Token is missing or wrong", fix="take it from /api/v1/session")
        if found.role < role:
            raise Refused(
                403,
                "forbidden",
                f"{found.user} is {found.role.word}, and this needs {role.word}",
                fix="log in with a token of that role",
            )
        return found

    def _who(self, request: Request) -> Caller:
        header = request.headers.get("authorization")
        if header is not None:
            return self._by_header(request, header)
        if (named := self._by_proxy(request)) is not None:
            return named
        secret = request.cookies.get(cookie_name(request))
        if secret:
            bearer = self._store().by_session(secret, time.time())
            if bearer is not None:
                return self._known(bearer, self._csrf(secret))
        if self.is_open:
            return Caller(user="local", role=Role.ADMIN)
        raise Refused(
            401, "unauthorized", "nobody is logged in", fix="open the address that `assetflow ui` prints, or log in "
            "with a token (`assetflow token create`)",
        )  # fmt: skip

    def _by_header(self, request: Request, header: str) -> Caller:
        address = self.address(request)
        self.failures.check(address)
        scheme, _, secret = header.partition(" ")
        bearer = None
        if scheme.lower() == "bearer" and secret.strip():
            bearer = self._store().by_token(secret.strip(), time.time())
        if bearer is None:
            self.failures.note(address)
            raise Refused(401, "unauthorized", "the token is unknown, or has expired", fix="assetflow token list")
        return self._known(bearer, "")

    def _by_proxy(self, request: Request) -> Caller | None:
        """Who a trusted proxy says it is; None if none says anything."""
        name = self._settings.web_user_header
        if name is None or not self._is_trusted(request):
            return None
        user = request.headers.get(name, "").strip()[:200]
        if not user:
            return None
        word = request.headers.get(self._settings.web_role_header or "", "viewer") or "viewer"
        try:
            role = Role.of(word.strip())
        except InvalidInvocationError:
            role = Role.VIEWER
        return Caller(user=user, role=role, csrf=self._csrf(f"proxy\0{user}"))

    def log_in(self, request: Request, token: str) -> str:
        """The secret of a new session, for a token.

        Raises:
            Refused: it opens nothing, or too many were tried.
        """
        return self._begun(request, self._store().by_token, token)

    def use_ticket(self, request: Request, ticket: str) -> str:
        """The same for a ticket, which is used up by that."""
        return self._begun(request, self._store().use_ticket, ticket)

    def _begun(self, request: Request, find: Callable[[str, float], Bearer | None], secret: str) -> str:
        address, now = self.address(request), time.time()
        self.failures.check(address)
        bearer = find(secret, now)
        if bearer is None:
            self.failures.note(address)
            raise Refused(
                401, "unauthorized", "this opens nothing: it is unknown, has expired, or was used before",
                fix="`assetflow token create` makes a token, `assetflow token link` a new link",
            )  # fmt: skip
        request.state.caller = self._known(bearer, "")
        return self._store().create_session(bearer, now, now + SESSION_SECONDS)

    def log_out(self, request: Request) -> None:
        """End the session of a cookie."""
        secret = request.cookies.get(cookie_name(request))
        if secret:
            self._store().end_session(secret)

    def address(self, request: Request) -> str:
        """Where a request comes from: its peer, or what a trusted proxy says."""
        peer = request.client.host if request.client is not None else ""
        if self._settings.web_user_header is not None and self._is_trusted(request):
            told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            return told[:60] or peer
        return peer

    def _is_trusted(self, request: Request) -> bool:
        try:
            peer = ip_address(request.client.host if request.client is not None else "")
        except ValueError:
            return False
        return any(peer in network for network in self._trusted)

    @staticmethod
    def _known(bearer: Bearer, csrf: str) -> Caller:
        return Caller(user=bearer.user, role=Role.of(bearer.role), csrf=csrf, environments=bearer.environments)

    def _csrf(self, secret: str) -> str:
        return signer_for(self._settings).token("csrf", secret.encode())


def cookie_name(request: Request) -> str:
    """Of the session: several servers on one host must not take each other's."""
    host = request.headers.get("host", "")
    return f"assetflow_session_{urlsplit(f'//{host}').port or 'https'}"


def check_origin(request: Request, *, needs_origin: bool) -> None:
    """Let a write go on that comes from our own page.

    Args:
        needs_origin: a browser has logged in, and browsers say where they are.

    Raises:
        Refused: it comes from another page.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    host = request.headers.get("host", "")
    comes_from_us = origin is not None and urlsplit(origin).netloc.lower() == host.lower() and "://" in origin
    if (
        site not in ("same-origin", "none")
        or (origin is None and needs_origin)
        or (origin is not None and not comes_from_us)
    ):
        raise Refused(
            403, "forbidden", "this request comes from another page" if origin else "the Origin header is missing"
        )
