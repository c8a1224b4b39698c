"""The web server of a cluster on this machine, as a child process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent

_STARTS_WITHIN = 120.0  # on a machine that is busy; one that does not start says so at once
_ENDS_WITHIN = 8.0


class Page:
    """One web server; started again if it dies.

    Args:
        words: of the command line that are its own, such as ``-m module``.
        environment: in addition to that of this process.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._words = list(words)
        self._environment = {**os.environ, **environment}
        self._port: str | None = None
        self._stopping = False
        self._process: subprocess.Popen[str] | None = None
        self.url: str | None = None
        """Where it can be opened, with a ticket for the first who does; None if it has not started."""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="assetflow-page", daemon=True)

    def start(self) -> str | None:
        """Start it; where it can be opened, or None if it does not start."""
        self._thread.start()
        self._ready.wait(_STARTS_WITHIN)
        return self.url

    def stop(self) -> None:
        """End it."""
        self._stopping = True
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            if not wait_until(lambda: process.poll() is not None, timeout=_ENDS_WITHIN):
                process.kill()
            process.wait()

    def _keep(self) -> None:
        while not self._stopping:
            command = [sys.executable, "-m", "assetflow", "ui", "--print-url", *self._words]
            command += ["--port", self._port] if self._port is not None else []
            process = self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                env=self._environment,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            assert process.stdout is not None
            first = process.stdout.readline().strip()
            if first and self.url is None:
                self.url = first
                self._port = first.partition("://")[2].partition("/")[0].rpartition(":")[2]
            self._ready.set()
            for _line in process.stdout:
                pass
            process.stdout.close()
            if process.wait() != 0 and self._port is None:
                return  # it does not start, and has said why


@contextmanager
def page(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[str | None]:
    """A web server for the length of a block; where it can be opened, or None if it does not start."""
    found = Page(words, environment)
    try:
        yield found.start()
    finally:
        with suppress(ProcessLookupError):
            found.stop()
