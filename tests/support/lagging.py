"""A TCP link that hands on what it gets some time later: how a replica lags behind its primary."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from assetflow.clock import pause


@contextmanager
def lagging_link(port: int, seconds: float) -> Iterator[int]:
    """A port that leads to another one of this host; what comes back from there is held for a while.

    When the link is cut, what is still held is lost.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    cut = threading.Event()
    open_sockets: list[socket.socket] = [listener]

    def forward(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                target.sendall(piece)

    def hold(source: socket.socket, target: socket.socket) -> None:
        held: SimpleQueue[tuple[float, bytes]] = SimpleQueue()

        def release() -> None:
            with contextlib.suppress(OSError):
                while True:
                    due, piece = held.get()
                    pause(max(0.0, due - time.monotonic()))
                    if cut.is_set() or not piece:
                        return
                    target.sendall(piece)

        threading.Thread(target=release, daemon=True).start()
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                held.put((time.monotonic() + seconds, piece))
        held.put((0.0, b""))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                incoming, _ = listener.accept()
                outgoing = socket.create_connection(("127.0.0.1", port))
                open_sockets.extend((incoming, outgoing))
                threading.Thread(target=forward, args=(incoming, outgoing), daemon=True).start()
                threading.Thread(target=hold, args=(outgoing, incoming), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        cut.set()
        for one in open_sockets:
            one.close()
