"""What is asked for in a way it must not be, and who may ask for what."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from tests.support.web import API, WebServer

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
OPEN = {("POST", f"{API}/login"), ("GET", "/healthz"), ("GET", "/readyz")}
LOOKING = {("POST", f"{API}/plans"), ("POST", f"{API}/logout")}
FOR_ADMINS = ("/tokens", "/audit", "/settings", "/limits")


def code_of(answer: httpx.Response) -> str:
    problem = answer.json()["error"]
    assert problem["message"]
    return str(problem["code"])


JSON = {"Content-Type": "application/json"}
BOMB = gzip.compress(b"0" * 10_000_000)
PIECES = [b'"' + b"x" * 60_000] * 20
WRONGLY = {"confirm_env": "x"}
PROMOTED = {"from": "staging", "to": "default"}
REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("a body that is no JSON", "POST /plans", {"content": b"{", "headers": JSON}, 400),
    ("a body of another kind", "POST /plans", {"content": b"a=1", "headers": {"Content-Type": "text/plain"}}, 415),
    ("a body of no kind", "POST /plans", {"content": b"{}", "headers": {"Content-Type": ""}}, 415),
    ("too large a body", "POST /plans", {"content": b'"' + b"x" * 1_100_000 + b'"', "headers": JSON}, 413),
    ("a body that comes in pieces without end", "POST /plans", {"content": iter(PIECES), "headers": JSON}, 413),
    ("a packed bomb", "POST /plans", {"content": BOMB, "headers": {**JSON, "Content-Encoding": "gzip"}}, 415),
    ("very deep JSON", "POST /plans", {"content": b"[" * 100_000, "headers": JSON}, 400),
    ("the same name twice", "POST /plans", {"content": b'{"env":"a","env":"b"}', "headers": JSON}, 400),
    ("numbers that are none", "POST /plans", {"content": b'{"config":{"a":NaN}}', "headers": JSON}, 400),
    ("an unknown field", "POST /plans", {"json": {"selektion": "*"}}, 422),
    ("an unknown field of a run", "POST /runs", {"json": {"selection": "orders", "user": "root"}}, 422),
    ("a field of another type", "POST /plans", {"json": {"selection": 3}}, 422),
    ("an environment that could be a path", "POST /plans", {"json": {"env": "../../etc"}}, 422),
    ("an environment that is not there", "POST /plans", {"json": {"env": "nowhere", "selection": "orders"}}, 422),
    ("an asset that is not there", "POST /plans", {"json": {"selection": "ordres"}}, 422),
    ("a selection that is none", "POST /plans", {"json": {"selection": '"'}}, 422),
    ("partitions that are not said", "POST /plans", {"json": {"selection": "letters"}}, 422),
    ("a partition that is not there", "POST /plans", {"json": {"selection": "letters", "partition": "z"}}, 422),
    ("tags of our own", "POST /runs", {"json": {"selection": "orders", "tags": {"assetflow/user": "root"}}}, 422),
    ("a plan that was never shown", "POST /runs", {"json": {"plan_id": "QUYx"}}, 422),
    ("an empty run key", "POST /runs", {"json": {"selection": "orders", "run_key": ""}}, 422),
    ("a protected environment", "POST /runs", {"json": {"selection": "orders", "env": "production"}}, 409),
    ("the wrong confirmation", "POST /runs", {"json": {"selection": "orders", "env": "production", **WRONGLY}}, 422),
    ("a run that could be a path", "GET /runs/..%2f..%2fetc%2fpasswd", {}, 404),
    ("a run with a NUL in its name", "GET /runs/%00/logs", {}, 404),
    ("a very long run", "GET /runs/" + "A" * 10_000, {}, 422),
    ("a run that is not known", "GET /runs/01ARZ3NDEKTSV4RRFFQ69G5FAV", {}, 404),
    ("a page of less than nothing", "GET /runs?limit=-1", {}, 422),
    ("a page that is too long", "GET /runs?limit=1000000000", {}, 422),
    ("a cursor that was forged", "GET /runs?cursor=xyz", {}, 400),
    ("a cursor of numbers that was forged", "GET /audit?cursor=-4", {}, 400),
    ("a status that is none", "GET /runs?status=lovely", {}, 422),
    ("an asset key that is none", "GET /asset?key=../secret", {}, 404),
    ("no key", "GET /asset", {}, 422),
    ("an offset before the beginning", "GET /runs/01ARZ3NDEKTSV4RRFFQ69G5FAV/logs?offset=-5", {}, 422),
    ("a topic that is none", "GET /live?topics=everything", {}, 422),
    ("a token in the address", "GET /runs?token=af_secret", {}, 400),
    ("a schedule that is not there", "POST /instigators/nobody/start", {}, 404),
    ("a worker that is not there", "POST /workers/nobody/drain", {}, 404),
    ("a limit of nothing", "POST /limits", {"json": {"kind": "pool", "name": "db", "limit": 0}}, 422),
    ("a promotion of what was not made", "POST /promotions", {"json": {"selection": "slow", **PROMOTED}}, 422),
    ("a promotion that is not known", "POST /promotions/nothing/rollback", {"json": {}}, 404),
    ("an endpoint that is none", "GET /nothing", {}, 404),
    ("a method that is none", "DELETE /runs", {}, 405),
    ("a very long address", "GET /asset?key=" + "a" * 20_000, {}, 414),
]  # fmt: skip


@pytest.mark.parametrize(("what", "asked", "more", "status"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_cannot_be_meant_is_refused(
    web: WebServer, what: str, asked: str, more: dict[str, Any], status: int
) -> None:
    method, _, path = asked.partition(" ")
    with web.client() as client:
        answer = client.request(method, path, **more)
        assert answer.status_code == status, answer.text
        code_of(answer)
        assert client.get("/session").status_code == 200, "it goes on all the same"


def test_nobody_gets_in_without_a_token(web: WebServer) -> None:
    with web.client(None) as client:
        assert client.get("/session").status_code == 401
        assert client.post("/runs", json={"selection": "orders"}).status_code == 401
        wrong = client.get("/session", headers={"Authorization": "Bearer af_wrong"})
        assert wrong.status_code == 401 and "assetflow token" in wrong.json()["error"]["fix"]
        assert client.get("/session", headers={"Authorization": "Basic YTpi"}).status_code == 401


def test_a_token_that_has_expired_or_was_revoked_opens_nothing(web: WebServer) -> None:
    expired = web.token("viewer", expires=time.time() - 1)
    with web.client(None) as client:
        assert client.get("/session", headers={"Authorization": f"Bearer {expired}"}).status_code == 401
    with web.client() as admin:
        made = admin.post("/tokens", json={"name": "for a while", "role": "viewer"}).json()
        held = {"Authorization": f"Bearer {made['token']}"}
        with web.client(None) as client:
            assert client.get("/session", headers=held).json()["role"] == "viewer"
            assert admin.delete(f"/tokens/{made['id']}").status_code == 204
            assert client.get("/session", headers=held).status_code == 401
        listed = {one["id"]: one for one in admin.get("/tokens").json()["items"]}
        assert listed[made["id"]]["revoked"] and made["token"] not in json.dumps(listed)


def test_every_endpoint_asks_who_it_is_and_every_write_for_more_than_a_viewer(web: WebServer) -> None:
    paths = httpx.get(f"{web.url}{API}/openapi.json").json()["paths"]
    asked = 0
    with web.client(None, base_url=web.url) as stranger, web.client("viewer", base_url=web.url) as viewer:
        for path, methods in paths.items():
            filled = re.sub(r"\{\w+\}", "01ARZ3NDEKTSV4RRFFQ69G5FAV", path)
            for method in (name.upper() for name in methods):
                if (method, path) in OPEN:
                    continue
                asked += 1
                body = {"json": {}} if method in WRITES else {}
                assert stranger.request(method, filled, **body).status_code == 401, f"{method} {path}"
                writes = method in WRITES and (method, path) not in LOOKING
                if writes or path.startswith(tuple(API + name for name in FOR_ADMINS)):
                    refused = viewer.request(method, filled, **body)
                    assert refused.status_code == 403, f"{method} {path}: {refused.text}"
                    assert "viewer" in refused.json()["error"]["message"]
    assert asked > 40


def test_an_operator_may_run_and_not_make_tokens(web: WebServer) -> None:
    with web.client("operator") as client:
        assert client.post("/tokens", json={"name": "more", "role": "admin"}).status_code == 403
        assert client.get("/audit").status_code == 403
        assert client.post("/runs", json={"selection": "orders"}).status_code == 201


def test_a_token_for_some_environments_writes_to_no_other(web: WebServer) -> None:
    token = web.token("operator", environments=("staging",))
    with web.client(
        None,
    ) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        refused = client.post("/runs", json={"selection": "orders"})
        assert refused.status_code == 403
        assert "operator" in refused.json()["error"]["message"] and "default" in refused.json()["error"]["message"]
        assert client.post("/runs", json={"selection": "revenue", "env": "staging"}).status_code == 201


@contextmanager
def logged_in(web: WebServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web.url, timeout=30) as client:
        answer = client.post(f"{API}/login", json={"token": web.token("admin")}, headers={"Origin": web.url})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        yield client


def test_a_cookie_alone_writes_nothing(web: WebServer) -> None:
    with logged_in(web) as client:
        csrf = client.get(f"{API}/session").json()["csrf"]
        ours = {"Origin": web.url, "X-CSRF-Token": csrf}
        body = {"json": {"name": "x", "role": "viewer"}}
        assert client.post(f"{API}/tokens", **body).status_code == 403
        assert client.post(f"{API}/tokens", headers={"X-CSRF-Token": csrf}, **body).status_code == 403
        assert client.post(f"{API}/tokens", headers={"Origin": web.url}, **body).status_code == 403
        for origin in ("null", "https://evil.example", web.url.replace("http://", "https://evil@")):
            assert client.post(f"{API}/tokens", headers={**ours, "Origin": origin}, **body).status_code == 403
        crossed = {**ours, "Sec-Fetch-Site": "cross-site"}
        assert client.post(f"{API}/tokens", headers=crossed, **body).status_code == 403
        assert client.post(f"{API}/tokens", headers=ours, **body).status_code == 201
        assert client.post(f"{API}/logout", headers=ours).status_code == 204
        client.cookies.clear()
        assert client.get(f"{API}/session").status_code == 401


def test_the_link_that_is_printed_lets_in_once(web: WebServer) -> None:
    with httpx.Client(base_url=web.url) as first, httpx.Client(base_url=web.url) as second:
        answer = first.get(web.link)
        assert answer.status_code == 303 and answer.headers["location"] == "/"
        assert first.get(f"{API}/session").json()["role"] == "admin"
        again = second.get(web.link)
        assert again.headers["location"].startswith("/login?refused=")
        assert second.get(f"{API}/session").status_code == 401


def test_a_host_that_is_not_ours_is_sent_away(web: WebServer) -> None:
    for host in ("evil.example", "evil.example:80", "localhost.evil.example", "", "a b"):
        assert httpx.get(web.url, headers={"Host": host}).status_code in (400, 421), host
    port = web.url.rpartition(":")[2]
    assert httpx.get(web.url, headers={"Host": f"localhost:{port}"}).status_code == 200


def test_every_answer_says_what_the_page_may_do(web: WebServer) -> None:
    for path in ("/", "/runs/x", f"{API}/session", "/nothing.js"):
        headers = httpx.get(web.url + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "object-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_no_path_leads_out_of_the_page(web: WebServer) -> None:
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/assets/../../x"):
        answer = httpx.get(web.url + path)
        assert "root:" not in answer.text and answer.status_code in (200, 404)


def test_every_write_leaves_one_row_and_so_does_one_that_is_refused(web: WebServer) -> None:
    with web.client() as admin, web.client("viewer") as viewer, web.client("operator") as operator:
        before = admin.get("/audit").json()["items"]
        newest = before[0]["id"] if before else 0
        viewer.post("/runs", json={"selection": "orders"})
        run_id = operator.post("/runs", json={"selection": "orders"}).json()["run_id"]
        operator.post("/plans", json={"selection": "orders"})
        operator.post("/runs", json={"selection": "orders", "env": "production"})
        admin.post("/limits", json={"kind": "tag", "name": "team", "limit": 5})
        rows = [row for row in admin.get("/audit").json()["items"] if row["id"] > newest]
        told = [(row["user"], row["role"], row["action"], row["env"], row["target"]) for row in reversed(rows)]
        assert told == [
            ("viewer", "viewer", "POST /runs", "", ""),
            ("operator", "operator", "POST /runs", "default", run_id),
            ("operator", "operator", "POST /runs", "production", ""),
            ("admin", "admin", "POST /limits", "", "tag team: 5"),
        ]
        outcomes = [row["outcome"].partition(":")[0] for row in reversed(rows)]
        assert outcomes == ["forbidden", "ok", "confirmation_needed", "ok"]
        admin.post("/limits", json={"kind": "tag", "name": "team", "limit": None})


def test_secrets_are_in_no_setting(web: WebServer) -> None:
    with web.client() as client:
        told = client.get("/settings").text
        assert "signing_key" in told and web.cluster.connection.signer.key_id not in told
        assert '"alert_secret","value":null' in told.replace(" ", "")


@pytest.fixture(scope="module", autouse=True)
def silence(web: WebServer) -> Iterator[Future[tuple[bytes, float]]]:
    """Somebody who begins a request and says no more while other tests go on: what they hear, after how long."""
    host, port = web.url.removeprefix("http://").split(":")
    with ThreadPoolExecutor(1) as people, socket.create_connection((host, int(port)), timeout=30) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        begun = time.monotonic()
        yield people.submit(lambda: (slow.recv(1000), time.monotonic() - begun))
        with suppress(OSError):
            slow.shutdown(socket.SHUT_RDWR)


def test_who_says_nothing_is_not_waited_for(silence: Future[tuple[bytes, float]]) -> None:
    heard, seconds = silence.result(40)
    assert heard == b"", "the connection is closed"
    assert 5 < seconds < 20


def test_a_head_without_end_is_not_taken(web: WebServer) -> None:
    host, port = web.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as loud, suppress(ConnectionError):
        loud.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 1_000_000)
        assert b" 4" in loud.recv(1000)[:12]
    assert httpx.get(f"{web.url}/healthz").json() == {"ok": True}
