"""Putting a process right after a step has left something behind in it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from assetflow.log import logger

_SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGALRM,
    signal.SIGCHLD,
    signal.SIGPIPE,
    signal.SIGHUP,
)


# What `signal.getsignal` calls, and then turns into a member of an enumeration, which takes ten times as long.
_handler_of = getattr(import_module("_signal"), "getsignal", signal.getsignal)


class CleanSlate:
    """What a step finds when it starts, whatever the one before it has done.

    The working folder, the umask, environment variables, signal handlers and the default timeout of sockets are put
    back after every step. Processes that steps have left are killed when the slot rests; threads cannot be, so the
    process is replaced.
    """

    def __init__(self) -> None:
        self._environment: Mapping[bytes, bytes] = {}
        self._folder = ""
        self._umask = 0
        self._handlers: dict[int, Any] = {}
        self._socket_timeout: float | None = None
        self._threads: set[threading.Thread] = set()
        self._known = False

    def remember(self) -> None:
        """Take what is there now for what every step is to find."""
        self._environment = dict(_variables())
        self._folder = os.getcwd()
        self._umask = _umask()
        self._handlers = {number: _handler_of(number) for number in _SIGNALS}
        self._socket_timeout = socket.getdefaulttimeout()
        self._threads = set(threading.enumerate())
        self._known = True

    def restore(self) -> None:
        """Put back what can be put back."""
        if not self._known:
            return
        if _variables() != self._environment:
            self._restore_environment()
        if _folder() != self._folder:
            logger.warning("a step left the process in another folder; going back to %s", self._folder)
            with suppress(OSError):
                os.chdir(self._folder)
        if _umask() != self._umask:
            os.umask(self._umask)
        if socket.getdefaulttimeout() != self._socket_timeout:
            socket.setdefaulttimeout(self._socket_timeout)
        if threading.current_thread() is threading.main_thread():
            self._restore_handlers()

    def sweep(self) -> bool:
        """Kill processes that steps have left.

        Returns:
            whether there are threads that nobody can end. Daemon threads are let be: libraries keep them for their
            own ends, such as the monitor of a progress bar.
        """
        if not self._known:
            return False
        for pid in _children():
            logger.warning("a step left the process %d behind; killing it", pid)
            with suppress(OSError):
                _kill(pid)
        left = [thread for thread in threading.enumerate() if thread not in self._threads and not thread.daemon]
        if left:
            logger.warning(
                "steps have left threads behind (%s); this process will be replaced",
                ", ".join(sorted(thread.name for thread in left)),
            )
        return bool(left)

    def _restore_environment(self) -> None:
        for name in list(os.environb):
            if name not in self._environment:
                del os.environb[name]
        for name, value in self._environment.items():
            if os.environb.get(name) != value:
                os.environb[name] = value

    def _restore_handlers(self) -> None:
        for number, handler in self._handlers.items():
            if handler is not None and (now := _handler_of(number)) is not handler and now != handler:
                signal.signal(number, handler)


def _variables() -> Mapping[bytes, bytes]:
    """The environment as it is kept: comparing the mapping in front of it takes twenty times as long."""
    kept: Mapping[bytes, bytes] = getattr(os.environ, "_data", os.environb)
    return kept


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found


def _children() -> list[int]:
    try:
        return [int(text) for text in Path("/proc/self/task", str(os.getpid()), "children").read_text().split()]
    except OSError:
        return []


def _kill(pid: int) -> None:
    """End a child and all of its process group, unless that is our own, and bury it."""
    group = os.getpgid(pid)
    if group != os.getpgid(0):
        os.killpg(group, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
