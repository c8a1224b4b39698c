"""A cluster on this machine for as long as a block lasts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from assetflow.clock import wait_until
from assetflow.errors import InvalidInvocationError, ServiceUnreachableError
from assetflow.local.discovery import sole_use
from assetflow.local.keeper import NOTHING_TO_FINISH, KeeperJob, KeeperReport
from assetflow.settings import Settings
from assetflow.wiring import Connection, connect, current_settings, for_cluster

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCluster:
    """A running cluster.

    Attributes:
        redis_url: address of its server, for `ASSETFLOW_REDIS_URL` of other processes.
        worker_pids: process ids of the workers' parents.
        valkey_pid, keeper_pid: of the other processes.
        log: file with everything the processes have written.
        connection: to submit over.
    """

    redis_url: str
    worker_pids: tuple[int, ...]
    valkey_pid: int
    keeper_pid: int
    log: Path | None
    connection: Connection


@contextmanager
def embedded_cluster(
    settings: Settings,
    *,
    processes: int = 2,
    workers: int = 1,
    modules: Sequence[str] = (),
    data: Path | None = None,
    show_output: bool = False,
    daemon: bool = False,
) -> Iterator[LocalCluster]:
    """Valkey and a worker as child processes; nothing of them is left after the block.

    Args:
        processes: how many run steps, in each worker.
        workers: how many Celery workers. One is enough, and passes a message on sooner than several that take turns.
        modules: modules they may import.
        data: folder of the run state; by default below the home folder, or a temporary one if that is in use.
        show_output: pass the workers' output on instead of keeping it in a file.
        daemon: evaluate the schedules and sensors of the modules as well.

    Raises:
        ServiceUnreachableError: something did not start.
    """
    if processes < 1 or workers < 1:
        raise InvalidInvocationError(f"a cluster needs at least one worker process, not {min(processes, workers)}")
    with ExitStack() as stack:
        folder = _own_folder(stack, data or settings.home / "valkey", may_move=data is None)
        log = None if show_output else settings.home / "cluster.log"
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
        job = KeeperJob(
            home=str(settings.home.resolve()),
            data=str(folder),
            workers=workers,
            processes=processes,
            modules=tuple(modules) or settings.modules,
            log=str(log.resolve()) if log else None,
            path=own_import_path(),
            daemon=daemon,
        )
        process, report = stack.enter_context(_Keeping(job))
        connection = connect(for_cluster(settings, redis_url=report.redis_url))
        slots = processes * workers
        if not wait_until(lambda: _slots(connection) >= slots or process.poll() is not None, timeout=_START_SECONDS):
            raise ServiceUnreachableError(
                f"only {_slots(connection)} of {slots} worker processes started",
                where=str(log) if log else None,
                fix="the log tells why",
            )
        yield LocalCluster(
            redis_url=report.redis_url,
            worker_pids=report.worker_pids,
            valkey_pid=report.valkey_pid,
            keeper_pid=process.pid,
            log=log,
            connection=connection,
        )
        with suppress(ServiceUnreachableError, OSError):
            if not connection.store.live_runs():
                assert process.stdin is not None
                process.stdin.write(NOTHING_TO_FINISH + b"\n")
                process.stdin.flush()


@contextmanager
def local_cluster(workers: int = 2, directory: str | Path | None = None) -> Iterator[LocalCluster]:
    """A cluster for the code in the block: ``submit`` inside it goes there.

    Args:
        workers: how many processes run steps.
        directory: folder for storage, run state and logs; by default the home folder of the settings.
    """
    from dataclasses import replace

    from assetflow.client import active_connection

    settings = current_settings()
    if directory is not None:
        settings = replace(settings, home=Path(directory).resolve())
    with embedded_cluster(settings, processes=workers) as cluster:
        token = active_connection.set(cluster.connection)
        try:
            yield cluster
        finally:
            active_connection.reset(token)


class _Keeping:
    """A keeper process for the length of a block."""

    def __init__(self, job: KeeperJob) -> None:
        self._job = job

    def __enter__(self) -> tuple[subprocess.Popen[bytes], KeeperReport]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assetflow.local.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is for the owner, who then lets go of the pipe
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(self._job) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        report = msgspec.json.decode(line, type=KeeperReport) if line else KeeperReport(error="the keeper died")
        if report.error:
            self._let_go()
            raise ServiceUnreachableError(
                report.error, where=self._job.log or self._job.data, fix=report.fix or "the log tells why"
            )
        return self._process, report

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _let_go(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _own_folder(stack: ExitStack, wanted: Path, *, may_move: bool) -> Path:
    try:
        stack.enter_context(sole_use(wanted))
    except InvalidInvocationError:
        if not may_move:
            raise
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="af-valkey-")))
    return wanted.resolve()


def own_import_path() -> tuple[str, ...]:
    """What this process can import beyond the interpreter's own: the workers must find it too."""
    own = tuple(os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix))
    found = [str(Path(entry or ".").resolve()) for entry in sys.path]
    return tuple(dict.fromkeys(entry for entry in found if os.path.isdir(entry) and not entry.startswith(own)))


def _slots(connection: Connection) -> int:
    return sum(view.info.slots for view in connection.registry.workers())
