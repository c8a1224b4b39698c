"""Running the server: a socket, the application, and an end that closes what pages hold open."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from assetflow.errors import SettingsError
from assetflow.web.connections import ImpatientProtocol
from assetflow.web.parts import WebParts

DEFAULT_PORT = 8642
_END_WITHIN = 5  # seconds for requests that are being answered


class Server(uvicorn.Server):
    """Uvicorn that lets go of pages before it waits for their connections to end.

    Args:
        parts: whose pages these are.
        ready: called once requests are answered.
    """

    def __init__(self, config: uvicorn.Config, parts: WebParts, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._parts = parts
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live connections, then the others."""
        self._parts.board.close()
        await super().shutdown(sockets=sockets)


def listen(host: str, port: int | None) -> socket.socket:
    """A socket to serve on.

    Args:
        port: None takes the usual one, or any that is free.

    Raises:
        SettingsError: the port is taken, or the host is not of this machine.
    """
    for wanted in (DEFAULT_PORT, 0) if port is None else (port,):
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, wanted))
        except (OSError, OverflowError) as error:
            listening.close()
            reason = error.strerror if isinstance(error, OSError) else str(error)
            continue
        listening.set_inheritable(False)
        return listening
    raise SettingsError(
        f"nothing can be served at {host}:{port}: {reason}",
        fix="choose another --port or --host, or stop what is served there",
    )


def serve(app: FastAPI, parts: WebParts, listening: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Answer requests until the process is told to end."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_END_WITHIN,
        timeout_keep_alive=10,
        h11_max_incomplete_event_size=64 * 1024,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        proxy_headers=False,
    )
    Server(config, parts, ready).run(sockets=[listening])
