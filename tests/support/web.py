"""A web server for tests, on a cluster of its own, and people who use it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner, Result
from pydantic import TypeAdapter

from assetflow.cli.main import cli
from assetflow.client import await_recorded
from assetflow.clock import wait_until
from assetflow.local.cluster import LocalCluster
from assetflow.stores.sql.access import SqlAccess
from assetflow.web.schemas.live import LiveEvents
from assetflow.wiring import open_history
from tests.support.cluster import running_cluster

API = "/api/v1"
_DESCRIBED = {name: TypeAdapter[Any](field.annotation) for name, field in LiveEvents.model_fields.items()}
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # to read them takes longer than most requests here


@dataclass
class WebServer:
    """A running server.

    Attributes:
        url: where it is.
        link: the address with a ticket that it has printed.
        folder: with the project's module, `name`, and `home`.
    """

    url: str
    link: str
    folder: Path
    name: str
    process: subprocess.Popen[str]
    cluster: LocalCluster
    environment: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, role: str | None = "admin", **more: Any) -> httpx.Client:
        """Somebody with a token of this role; None for somebody without."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.token(role)}"}
        return httpx.Client(
            **{"base_url": self.url + API, "headers": headers, "timeout": 60, "verify": NO_CERTIFICATES, **more}
        )

    def token(self, role: str, **more: Any) -> str:
        """A token of a role."""
        if more:
            return self.access(lambda access: access.create_token(role, role, now=time.time(), by="test", **more)[0])
        if role not in self.tokens:
            self.tokens[role] = self.access(
                lambda access: access.create_token(role, role, now=time.time(), by="test")[0]
            )
        return self.tokens[role]

    def access(self, do: Callable[[SqlAccess], Any]) -> Any:
        """Do something to the tokens that are kept."""
        history = open_history(self.cluster.connection.settings, create=True)
        assert history is not None
        try:
            return do(history.access)
        finally:
            history.close()

    def typed(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command as people type it, for the same installation."""
        return subprocess.run(
            [sys.executable, "-m", "assetflow", *words],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def shown(self, *words: str) -> Result:
        """The same within this process, for what needs no project: a process takes a second to start."""
        return CliRunner().invoke(cli, words, env=self.environment)

    def ended(self, run_id: str, within: float = 90.0) -> dict[str, Any]:
        """A run, once it is over."""
        with self.client() as client:
            found: dict[str, Any] = {}

            def is_over() -> bool:
                answer = client.get(f"/runs/{run_id}")
                if answer.status_code == 503:  # the server that carries the runs was started again just now
                    return False
                assert answer.status_code == 200, answer.text
                found.update(answer.json())
                return found["status"] not in ("queued", "running", "paused")

            assert wait_until(is_over, timeout=within, every=0.05), found
        return found

    def two_versions(self, key: str) -> dict[str, str]:
        """What is asked to compare two versions of an asset, which is made until it has two."""
        kept: list[dict[str, Any]] = []
        for _ in range(3):
            with self.client("viewer") as client:
                kept = client.get("/asset/versions", params={"key": key}).json()["items"]
            if len(kept) >= 2:
                break
            self.run(selection=key)
        return {"key": key, "a": kept[1]["version"], "b": kept[0]["version"]}

    def compared(self, **asked: str) -> dict[str, Any]:
        """What comes of comparing, however long it takes."""
        with self.client("viewer") as client:
            answers: list[httpx.Response] = []

            def is_known() -> bool:
                answers.append(client.get("/asset/diff", params=asked))
                return answers[-1].status_code != 202

            assert wait_until(is_known, timeout=90)
        assert answers[-1].status_code == 200, answers[-1].text
        return dict(answers[-1].json())

    def run(self, **asked: Any) -> dict[str, Any]:
        """Start a run, and wait for its end."""
        with self.client() as client:
            answer = client.post("/runs", json=asked)
            assert answer.status_code == 201, answer.text
        found = self.ended(answer.json()["run_id"])
        assert await_recorded(self.cluster.connection)
        return found


@contextmanager
def running_web(
    cluster: LocalCluster, folder: Path, name: str, *words: str, port: int = 0, env: dict[str, str] | None = None
) -> Iterator[WebServer]:
    """A server for the module of this name in a folder."""
    environment = {
        **os.environ,
        "ASSETFLOW_HOME": str(cluster.connection.settings.home),
        "ASSETFLOW_REDIS_URL": cluster.redis_url,
        "PYTHONPATH": str(folder),
        "PYTHONWARNINGS": "default",
        **(env or {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "assetflow", "ui", "--print-url", "--port", str(port), "-m", name, *words],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        link = process.stdout.readline().strip()
        assert link.startswith("http"), "it does not start"
        yield WebServer(link.partition("/login")[0], link, folder, name, process, cluster, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0 or process.returncode == -signal.SIGTERM
        process.stdout.close()


@contextmanager
def web_on_its_own(folder: Path, source: str, name: str = "web_project") -> Iterator[WebServer]:
    """A cluster, and a server for a module with this source."""
    (folder / f"{name}.py").write_text(source)
    before, sys.path[:] = sys.path[:], [str(folder), *sys.path]
    try:
        with (
            running_cluster(folder, processes=1, workers=2, modules=(name,)) as cluster,
            running_web(cluster, folder, name) as server,
        ):
            yield server
    finally:
        sys.path[:] = before


@dataclass
class Heard:
    """What a page was told.

    Attributes:
        events: name, data, and id of each.
    """

    events: list[tuple[str, Any, str]] = field(default_factory=list)

    def named(self, name: str) -> list[Any]:
        """The data of all events of a name."""
        return [data for event, data, _ in list(self.events) if event == name]

    def has(self, name: str, count: int = 1, within: float = 60.0) -> bool:
        """Whether so many of a name come in time."""
        return wait_until(lambda: len(self.named(name)) >= count, timeout=within)

    @property
    def last_id(self) -> str:
        """Of the last event that had one."""
        return next(identity for _, _, identity in reversed(self.events) if identity)


@contextmanager
def listening(server: WebServer, topics: str, *, last: str | None = None, env: str = "default") -> Iterator[Heard]:
    """A page that hears live events."""
    heard, begun, sockets = Heard(), threading.Event(), list[socket.socket]()
    headers = {} if last is None else {"Last-Event-ID": last}
    client = server.client()
    stream = client.stream("GET", "/live", params={"topics": topics, "env": env}, headers=headers)

    def listen() -> None:
        try:
            with stream as answer:
                assert answer.status_code == 200
                sockets.append(answer.extensions["network_stream"].get_extra_info("socket"))
                begun.set()
                event = identity = ""
                for line in answer.iter_lines():
                    word, _, rest = line.partition(": ")
                    if word == "id":
                        identity = rest
                    elif word == "event":
                        event = rest
                    elif word == "data":
                        heard.events.append((event, json.loads(rest), identity))
        except (httpx.HTTPError, httpx.StreamError):
            pass  # the page was closed

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        assert begun.wait(60)
        yield heard
        for event, data, _ in heard.events:
            _DESCRIBED[event].validate_python(data)  # as the page's types say
    finally:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        client.close()
