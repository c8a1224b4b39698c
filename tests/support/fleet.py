"""A server and workers that a test starts one by one, with hands on each of their processes."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from assetflow.client import active_connection
from assetflow.clock import wait_until
from assetflow.lifeline import die_with_parent
from assetflow.local.valkey import Valkey
from assetflow.wiring import Connection, connect, current_settings
from tests.support.cluster import descendants_of, is_alive, kill, sidecars_of, slots_of


class Worker:
    """One Celery worker, and what belongs to it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """Of the Celery parent."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def slots(self) -> list[int]:
        """Its processes that run steps."""
        return slots_of(self.pid)

    @property
    def sidecar(self) -> int:
        """Its sidecar's process."""
        assert wait_until(lambda: bool(sidecars_of(self.pid)), timeout=10)
        return sidecars_of(self.pid)[0]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill_all(self) -> None:
        """Everything of it at once, as when the machine goes."""
        for pid in [*descendants_of(self.pid), self.pid]:
            if is_alive(pid):
                kill(pid)
        self.process.wait(10)

    def freeze(self) -> None:
        """SIGSTOP for everything of it."""
        for pid in [*descendants_of(self.pid), self.pid]:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in [*descendants_of(self.pid), self.pid]:
            os.kill(pid, signal.SIGCONT)

    def stop(self, timeout: float = 40.0) -> int:
        """SIGTERM, and its exit code."""
        if self.is_running:
            self.signal(signal.SIGTERM)
        return self.process.wait(timeout)

    @property
    def words(self) -> str:
        """All it has written."""
        return self.log.read_text(errors="replace")


class Fleet:
    """Workers for one server; ``submit`` goes there while the block lasts.

    Args:
        folder: of everything it keeps.
        url: of the server, as workers and this test see it.
        broker: of Celery's broker, if it is another one.
        database: of the history, if it is not the file in the home folder.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        broker: str | None = None,
        modules: Sequence[str] = (),
        database: str | None = None,
    ) -> None:
        self.database = database
        self.folder = folder
        self.url = url
        self.broker = broker
        self.modules = tuple(modules)
        self.workers: list[Worker] = []
        self._key = secrets.token_hex(32)
        self._number = 0
        self._stack = ExitStack()

    @property
    def storage(self) -> Path:
        return self.folder / "home" / "storage"

    def connection(self, url: str | None = None) -> Connection:
        """Another connection, as that of another client."""
        settings = replace(
            current_settings(),
            home=self.folder / "home",
            redis_url=url or self.url,
            broker_url=self.broker,
            signing_key=self._key,
            database_url=self.database,
            modules=self.modules,
        )
        return connect(settings)

    def start(
        self,
        *options: str,
        url: str | None = None,
        environment: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        ready: bool = True,
        app: str = "assetflow.worker_app",
    ) -> Worker:
        """Start a worker.

        Args:
            options: of ``celery worker``; one slot by default.
            url: of the server that keeps runs as this worker sees it; messages go the straight way.
            prefix: a command that starts the worker's command, such as ``faketime``.
            ready: wait until it has told the server that it is alive.
            app: the module of its Celery application.
        """
        self._number += 1
        log = self.folder / f"worker{self._number}.log"
        chosen = options if any(option in ("-c", "--concurrency") for option in options) else ("-c", "1", *options)
        command = [
            *prefix, sys.executable, "-m", "celery", "--quiet", "-A", app, "worker",
            "--hostname", f"w{self._number}-{os.getpid()}@%h", "--loglevel", "INFO", *chosen,
        ]  # fmt: skip
        place = {
            "ASSETFLOW_HOME": str(self.folder / "home"),
            "ASSETFLOW_REDIS_URL": url or self.url,
            "ASSETFLOW_BROKER_URL": self.broker or self.url,
            "ASSETFLOW_SIGNING_KEY": self._key,
            "ASSETFLOW_DATABASE_URL": self.database or "",
            "ASSETFLOW_MODULES": ",".join(self.modules),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONUNBUFFERED": "1",
            "C_FORCE_ROOT": "1",
        }
        before = {view.info.worker for view in self.known_workers()} if ready else set()
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **place, **(environment or {})},
                cwd=self.folder,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        if ready:
            came = wait_until(
                lambda: not worker.is_running or {view.info.worker for view in self.known_workers()} - before,
                timeout=60,
            )
            assert came and worker.is_running, f"the worker did not start:\n{worker.words}"
        return worker

    def known_workers(self) -> list[object]:
        return list(self._connection.registry.workers())

    def __enter__(self) -> Fleet:
        (self.folder / "home").mkdir(parents=True, exist_ok=True)
        self._connection = self.connection()
        token = active_connection.set(self._connection)
        self._stack.callback(active_connection.reset, token)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        everything = [pid for worker in self.workers for pid in (*descendants_of(worker.pid), worker.pid)]
        for pid in everything:
            if is_alive(pid):
                os.kill(pid, signal.SIGCONT)
                kill(pid)
        for worker in self.workers:
            worker.process.wait(10)
        self._stack.close()


@contextmanager
def running_fleet(
    folder: Path,
    *,
    fsync: str = "always",
    modules: Sequence[str] = (),
    broker: str | None = None,
    database: str | None = None,
) -> Iterator[tuple[Fleet, Valkey]]:
    """A server of its own, and no workers yet."""
    with Valkey(folder / "valkey", fsync=fsync) as server:
        with Fleet(folder, server.url, broker, modules, database) as fleet:
            yield fleet, server


def free_port() -> int:
    """A port of the loopback device that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_until(happened: Callable[[], object], timeout: float) -> float:
    """How long it takes until something is so; fails if it takes too long."""
    began = time.monotonic()
    assert wait_until(lambda: bool(happened()), timeout=timeout), f"not within {timeout} s"
    return time.monotonic() - began


def resident_bytes(pid: int) -> int:
    """Memory of a process that is not shared with files, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0
