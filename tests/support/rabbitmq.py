"""A RabbitMQ of a test's own: the server from Debian, in a folder of its own, killed at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent
from tests.support.cluster import descendants_of
from tests.support.fleet import free_port

BINARY = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # not the wrapper on PATH, which changes the user
MISSING = "there is no RabbitMQ here: apt-get install -y rabbitmq-server"


class RabbitMQ:
    """One broker. Usable as a context manager.

    Args:
        folder: of its data and logs.
        consumer_timeout: ms after which it closes the channel of who has not acknowledged a message.
    """

    def __init__(self, folder: Path, *, consumer_timeout: int = 5000) -> None:
        self.folder = folder
        self.port = free_port()
        self._distribution = free_port()
        self._consumer_timeout = consumer_timeout
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        assert BINARY.exists(), MISSING
        erl = shutil.which("erl")
        assert erl is not None, MISSING
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nconsumer_timeout = {self._consumer_timeout}\n")
        plugins = self.folder / "enabled_plugins"
        plugins.write_text("[].\n")
        place = {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"af{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-setcookie af{self.port}",
        }
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(BINARY)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **place},
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        came = wait_until(lambda: self._process.poll() is not None or self._answers(), timeout=90, every=0.2)  # type: ignore[union-attr]
        assert came and self._process.poll() is None, (self.folder / "output").read_text()

    def kill(self) -> None:
        """End it as a crash would; what it had been told durably stays in its folder."""
        if self._process is not None:
            for pid in [*descendants_of(self._process.pid), self._process.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> RabbitMQ:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _answers(self) -> bool:
        """A server that is still starting closes the connection instead of saying hello."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as probe:
            probe.settimeout(2)
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(probe.recv(8))
        return False
