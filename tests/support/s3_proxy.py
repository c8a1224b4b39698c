"""A proxy in front of an S3 server that refuses, resets, stalls and forgets headers, as a test tells it to."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

_SLOW_DOWN = (
    b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
)
_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    size: int


@dataclass(frozen=True)
class Fault:
    """What becomes of a request.

    Attributes:
        status: answered instead of asking the server; 0 for none.
        body: of that answer.
        reset_request: cut the connection before the server is asked.
        reset_after: pass on so many bytes of the answer's body, then cut the connection; None for all of it.
        stall: seconds to wait before the server is asked.
    """

    status: int = 0
    body: bytes = _SLOW_DOWN
    reset_request: bool = False
    reset_after: int | None = None
    stall: float = 0.0


FINE = Fault()
Rule = Callable[[Asked], Fault]


class S3Proxy:
    """Listens on a port of its own. Usable as a context manager.

    Args:
        target: URL of the server.
        rule: what becomes of each request.
        forgets: headers of requests that the server does not get to see, in small letters.
        port: to listen on, as one that is started again does; by default any.
    """

    def __init__(
        self, target: str, rule: Rule = lambda _asked: FINE, forgets: frozenset[str] = frozenset(), port: int = 0
    ) -> None:
        self.rule = rule
        self.asked: list[Asked] = []
        self.faults = 0
        self._released = threading.Event()
        host = urlsplit(target).netloc
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = _body(self)
                asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, len(body))
                proxy.asked.append(asked)
                fault = proxy.rule(asked)
                proxy.faults += fault is not FINE
                if fault.stall and proxy._released.wait(fault.stall):
                    self.close_connection = True
                    return
                if fault.reset_request:
                    return self.cut()
                if fault.status:
                    return self.tell(fault.status, {"content-type": "application/xml"}, fault.body)
                connection = http.client.HTTPConnection(host, timeout=60)
                try:
                    kept = {k: v for k, v in self.headers.items() if k.lower() not in _HOP | forgets | {"expect"}}
                    kept["content-length"] = str(len(body))
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in kept.items():
                        connection.putheader(name, value)
                    connection.endheaders(body)
                    reply = connection.getresponse()
                    content = reply.read()
                    headers = {k: v for k, v in reply.getheaders() if k.lower() not in _HOP}
                    if self.command == "HEAD":
                        headers["content-length"] = reply.getheader("content-length", "0")
                    self.tell(reply.status, headers, content, fault.reset_after)
                finally:
                    connection.close()

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

            def tell(self, status: int, headers: dict[str, str], content: bytes, cut: int | None = None) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if self.command != "HEAD":
                    self.send_header("content-length", str(len(content)))
                shown = b"" if self.command == "HEAD" else content if cut is None else content[:cut]
                self._headers_buffer.append(b"\r\n" + shown)  # in one piece: the kernel waits between two
                self.flush_headers()
                if cut is not None and cut < len(content):
                    self.cut()

            def cut(self) -> None:
                """Reset the connection."""
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    self.close_connection = True

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """The client has gone; that is what this is for."""

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def count(self, method: str, part: str = "") -> int:
        """How many requests there were of a method, with something in their path."""
        return sum(one.method == method and part in one.path for one in self.asked)

    def __enter__(self) -> S3Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def weather(seed: int, *, refused: float = 0.3, reset: float = 0.1, stalled: float = 0.05, stall: float = 20.0) -> Rule:
    """Some requests are refused with 503, some cut after a few bytes or before anything, some stall."""
    dice = random.Random(seed)
    lock = threading.Lock()

    def rule(_asked: Asked) -> Fault:
        with lock:
            number, where = dice.random(), dice.random()
        if number < refused:
            return Fault(status=503)
        if number < refused + reset:
            return Fault(reset_after=int(where * 2000)) if where < 0.7 else Fault(reset_request=True)
        if number < refused + reset + stalled:
            return Fault(stall=stall)
        return FINE

    return rule


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("transfer-encoding", "").lower() == "chunked":
        content = b""
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            content += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return content
    return handler.rfile.read(int(handler.headers.get("content-length", 0)))
