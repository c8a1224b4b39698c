"""A PostgreSQL of a test's own: the server from Debian, in a folder of its own, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent
from tests.support.fleet import free_port

MISSING = "there is no PostgreSQL here: apt-get install -y postgresql"


class Postgres:
    """One server. PostgreSQL refuses to run as root, so root hands it to the user that Debian made for it.

    Args:
        folder: of its data.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """The address of its first database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://tester:secret@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make the folder of its data."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            shutil.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        password = self.folder / "password"
        password.write_text("secret")
        data = self.folder / "data"
        command = [binary("initdb"), "-D", str(data), "-U", "tester", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]
        done = subprocess.run(
            [*command, "--locale=C.UTF-8", f"--pwfile={password}"], **self._as_user(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            binary("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder),
            "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB", "-c", "fsync=off",  # no power is cut here
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=die_with_parent,
                **self._as_user(),
            )  # fmt: skip
        assert wait_until(lambda: self._answers(), timeout=30, every=0.1), (self.folder / "log").read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it; SIGINT throws clients out, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None

    def new_database(self) -> str:
        """An empty database of its own; its address."""
        name = f"d{os.urandom(6).hex()}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "cwd": "/"}


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="af-pg-") as folder:
        os.chmod(folder, 0o755)
        server = Postgres(Path(folder) / "pg")
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def binary(name: str) -> str:
    """The newest of Debian's, else what is on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    assert path is not None, MISSING
    return path
