"""A Valkey on a port of the loopback device, with whatever options a test wants; also one behind TLS."""

from __future__ import annotations

import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import redis
import trustme

from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent
from assetflow.local.valkey import find_server
from tests.support.fleet import free_port

GOOD = ("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction")


_HIGHEST_PORT = 55_535  # a server in cluster mode takes the one 10,000 above as well


@contextmanager
def running_server(*options: str, folder: Path | None = None, password: str = "", ready: bool = True) -> Iterator[int]:
    """The port of a server of its own for as long as the block lasts.

    Args:
        options: of the server.
        folder: of its data.
        ready: wait until it answers as one that has loaded its data.
    """
    port = next(port for port in iter(free_port, None) if port <= _HIGHEST_PORT)
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="af-bare-")))
        command = [
            find_server(),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(place),
            "--save",
            "",
            *options,
        ]
        with (place / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--save", "", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        try:
            came = wait_until(lambda: process.poll() is not None or _answers(port, password, ready), timeout=15)
            assert came and process.poll() is None, (place / "log").read_text()
            yield port
        finally:
            process.kill()
            process.wait(10)


def _answers(port: int, password: str, ready: bool) -> bool:
    if not ready:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False
    with redis.Redis(port=port, password=password or None, socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.exceptions.AuthenticationError:
            return True
        except (redis.RedisError, OSError):
            return False


class Certificates:
    """An authority of a test's own, and a certificate of it for localhost.

    Args:
        folder: where their files are written.
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.authority = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.authority)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)


@contextmanager
def behind_tls(port: int, certificates: Certificates) -> Iterator[int]:
    """A port that speaks TLS for a server that does not, as stunnel would."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()
    threading.Thread(target=_accept, args=(listener, port, certificates.context, ended), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, port: int, context: ssl.SSLContext, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(plain, port, context), daemon=True).start()


def _serve(plain: socket.socket, port: int, context: ssl.SSLContext) -> None:
    try:
        client = context.wrap_socket(plain, server_side=True)
    except (OSError, ssl.SSLError):
        plain.close()
        return
    server = socket.create_connection(("127.0.0.1", port))
    back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
    back.start()
    _pass_on(client, server)
    back.join(5)
    client.close()
    server.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
