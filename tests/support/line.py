"""A line to a server that can be cut and mended: what a laptop does that is carried to another room."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class Line:
    """Listens on a free port and passes everything on to another one.

    Args:
        port: of the server on this machine.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._door = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._welcome, name="line", daemon=True).start()

    def cut(self) -> None:
        """Everything that is under way ends, and whoever calls is hung up on."""
        with self._lock:
            self._is_cut = True
            ending = list(self._open)
        for end in ending:
            _hang_up(end)

    def mend(self) -> None:
        """Pass on again."""
        with self._lock:
            self._is_cut = False

    def _welcome(self) -> None:
        while True:
            try:
                caller, _ = self._door.accept()
            except OSError:
                return  # closed
            try:
                called = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                called.settimeout(None)
            except OSError:
                _hang_up(caller)
                continue
            with self._lock:
                is_cut = self._is_cut
                self._open |= {caller, called}
            if is_cut:
                _hang_up(caller)
                _hang_up(called)
            for one, other in ((caller, called), (called, caller)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
        _hang_up(one)
        _hang_up(other)
        with self._lock:
            self._open -= {one, other}

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _hang_up(self._door)
        self.cut()


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
