"""Who is believed to be whom."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request

from assetflow.settings import Settings
from assetflow.stores.sql.access import SqlAccess
from assetflow.stores.sql.history import open_history
from assetflow.web.access import Access, Failures
from assetflow.web.refusals import Refused
from assetflow.web.roles import Role


@pytest.fixture
def store(tmp_path: Path) -> SqlAccess:
    history = open_history(f"sqlite:///{tmp_path / 'history.db'}")
    assert history is not None
    return history.access


def request(peer: str = "10.0.0.1", method: str = "GET", **headers: str) -> Request:
    told = {"host": "flows.example", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/api/v1/session",
            "query_string": b"",
            "client": (peer, 1234),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }
    )


def proxied(store: SqlAccess, folder: Path) -> Access:
    settings = replace(
        Settings(home=folder), web_user_header="X-User", web_role_header="X-Role", web_trusted_peers=("10.0.0.0/8",)
    )
    return Access(settings, lambda: store)


def test_a_proxy_that_is_trusted_says_who_asks(store: SqlAccess, tmp_path: Path) -> None:
    access = proxied(store, tmp_path)
    caller = access.caller(request(x_user="ada", x_role="operator"), Role.OPERATOR)
    assert caller.user == "ada" and caller.role is Role.OPERATOR
    assert access.caller(request(x_user="ada"), Role.VIEWER).role is Role.VIEWER
    assert access.caller(request(x_user="ada", x_role="king"), Role.VIEWER).role is Role.VIEWER


def test_a_write_through_a_proxy_comes_from_our_page(store: SqlAccess, tmp_path: Path) -> None:
    access = proxied(store, tmp_path)
    told = {"x_user": "ada", "x_role": "admin"}
    csrf = access.caller(request(**told), Role.VIEWER).csrf
    ours = {**told, "origin": "https://flows.example", "x_csrf_token": csrf}
    assert access.caller(request(method="POST", **ours), Role.ADMIN).user == "ada"
    for wrong in ({"origin": "https://evil.example"}, {"x_csrf_token": "x"}, {"origin": "null"}):
        with pytest.raises(Refused) as refused:
            access.caller(request(method="POST", **{**ours, **wrong}), Role.ADMIN)
        assert refused.value.status == 403


def test_a_header_of_anybody_else_counts_for_nothing(store: SqlAccess, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        proxied(store, tmp_path).caller(request("192.0.2.1", x_user="ada", x_role="admin"), Role.VIEWER)
    assert refused.value.status == 401
    unset = Access(Settings(home=tmp_path), lambda: store)
    with pytest.raises(Refused):
        unset.caller(request("127.0.0.1", x_user="ada"), Role.VIEWER)


def test_ten_failures_a_minute_from_one_address_and_it_has_to_wait(store: SqlAccess, tmp_path: Path) -> None:
    access = Access(Settings(home=tmp_path), lambda: store)

    def ask(peer: str) -> int:
        with pytest.raises(Refused) as refused:
            access.caller(request(peer, authorization="Bearer af_guess"), Role.VIEWER)
        return refused.value.status

    assert [ask("192.0.2.1") for _ in range(12)] == [401] * 10 + [429] * 2
    assert ask("192.0.2.2") == 401, "others are let try"
    secret, _ = store.create_token("ada", "viewer", now=time.time(), by="test")
    assert access.caller(request("192.0.2.2", authorization=f"Bearer {secret}"), Role.VIEWER).user == "ada"


def test_after_a_minute_one_may_try_again() -> None:
    now = 0.0
    clock: Callable[[], float] = lambda: now  # noqa: E731
    failures = Failures(clock)
    for _ in range(10):
        failures.note("a")
    with pytest.raises(Refused):
        failures.check("a")
    now = 61.0
    failures.check("a")


def test_tokens_tickets_and_sessions_are_kept_as_hashes_alone(store: SqlAccess, tmp_path: Path) -> None:
    now = time.time()
    token, _ = store.create_token("ada", "admin", now=now, by="test")
    ticket = store.create_ticket("ada", "admin", now + 10)
    bearer = store.by_token(token, now)
    assert bearer is not None
    session = store.create_session(bearer, now, now + 10)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(secret.encode() in kept for secret in (token, ticket, session))
    assert len(token) >= 46, "256 bits"
    assert store.use_ticket(ticket, now) is not None and store.use_ticket(ticket, now) is None
    assert store.by_session(session, now) is not None and store.by_session(session, now + 11) is None
    store.revoke_token(bearer.token or "", now)
    assert store.by_session(session, now) is None, "who has logged in with it is out as well"
    late = store.create_ticket("ada", "admin", now - 1)
    assert store.use_ticket(late, now) is None
