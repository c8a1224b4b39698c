"""The keeper: one process that starts Valkey and the workers, and ends with whoever asked for them.

It is tied to its owner by a pipe: when the owner is gone, for whatever reason, the keeper stops all its
children. Its children are tied to it by the kernel: none of them outlives it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from assetflow.clock import wait_until
from assetflow.lifeline import adopt_orphans, bury_orphans, die_with_parent
from assetflow.local.valkey import Valkey
from assetflow.native_threads import share_cores

_PULSE_MS = 200
_SHORTEST_LIFE = 5.0
_PATIENCE = 5.0
NOTHING_TO_FINISH = b"idle"


class KeeperJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the keeper is asked for.

    Attributes:
        home: folder with storage and key.
        data: folder of the server's append-only file.
        workers: how many Celery workers.
        processes: of each, that run steps.
        modules: modules they may import.
        fsync: the server's appendfsync policy.
        log: file that takes the output of all children; None passes it on.
        path: entries in front of the workers' import path.
        daemon: whether there is a daemon for the schedules and sensors of the modules.
    """

    home: str
    data: str
    workers: int
    processes: int
    modules: tuple[str, ...] = ()
    fsync: str = "always"
    log: str | None = None
    path: tuple[str, ...] = ()
    daemon: bool = False


class KeeperReport(msgspec.Struct, frozen=True, kw_only=True):
    """What it answers, once everything is started."""

    redis_url: str = ""
    worker_pids: tuple[int, ...] = ()
    valkey_pid: int = 0
    error: str = ""
    fix: str = ""


class Keeper:
    """Starts, watches and stops the children."""

    def __init__(self, job: KeeperJob) -> None:
        self._job = job
        log = Path(job.log) if job.log else None
        self._valkey = Valkey(Path(job.data), fsync=job.fsync, log=log)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._daemon: subprocess.Popen[bytes] | None = None
        self._daemon_started = 0.0
        self._started: list[float] = []
        self._stopping = False
        self._idle = False

    def run(self) -> None:
        """Start everything, report, and keep it running until the owner is gone."""
        for request in (signal.SIGTERM, signal.SIGINT):
            signal.signal(request, lambda *_: self._ask_to_stop())
        adopt_orphans()
        self._valkey.start()
        try:
            for number in range(self._job.workers):
                self._workers.append(self._start_worker(number))
                self._started.append(time.monotonic())
            self._start_daemon()
            self._report()
            self._keep()
        finally:
            self._stop()

    def _report(self) -> None:
        report = KeeperReport(
            redis_url=self._valkey.url,
            worker_pids=tuple(worker.pid for worker in self._workers),
            valkey_pid=self._valkey.pid,
        )
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        sys.stdout.buffer.flush()

    def _keep(self) -> None:
        poller = select.poll()
        poller.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
        while not self._stopping:
            if poller.poll(_PULSE_MS):
                word = os.read(sys.stdin.fileno(), 64)
                if not word:
                    return
                self._idle = self._idle or NOTHING_TO_FINISH in word
            self._valkey.revive()
            for number, worker in enumerate(self._workers):
                if worker.poll() is not None and time.monotonic() - self._started[number] > _SHORTEST_LIFE:
                    self._workers[number] = self._start_worker(number)
                    self._started[number] = time.monotonic()
            bury_orphans(but=self._own())
            lived = time.monotonic() - self._daemon_started
            if self._daemon is not None and self._daemon.poll() is not None and lived > _SHORTEST_LIFE:
                self._start_daemon()

    def _own(self) -> set[int]:
        """The children that are looked after one by one."""
        own = (*self._workers, self._daemon)
        return {self._valkey.pid, *(process.pid for process in own if process is not None)}

    def _start_daemon(self) -> None:
        if self._job.daemon:
            modules = [word for module in self._job.modules for word in ("-m", module)]
            self._daemon = self._start([sys.executable, "-m", "assetflow", "daemon", *modules])
            self._daemon_started = time.monotonic()

    def _start_worker(self, number: int) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-W", "ignore:You're running the worker",
            "-m", "celery", "--quiet", "-A", "assetflow.worker_app", "worker",
            "--hostname", f"worker{number + 1}@%h", "--concurrency", str(self._job.processes),
            "--loglevel", "WARNING", "--without-mingle", "--without-gossip", "--without-heartbeat",
        ]  # fmt: skip
        return self._start(command)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        """A child process with the settings of this cluster, whose output goes where all output goes."""
        environment = {
            **os.environ,
            "ASSETFLOW_HOME": self._job.home,
            "ASSETFLOW_REDIS_URL": self._valkey.url,
            "ASSETFLOW_BROKER_URL": "",
            "ASSETFLOW_MODULES": ",".join(self._job.modules),
            "PYTHONPATH": os.pathsep.join((*self._job.path, os.environ.get("PYTHONPATH", ""))).rstrip(os.pathsep),
            "C_FORCE_ROOT": "1",  # JSON only: Celery's reason to refuse root does not apply
        }
        share_cores(environment, self._job.workers * self._job.processes)
        output = open(self._job.log, "ab") if self._job.log else None  # noqa: SIM115
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output or sys.stderr,
                stderr=output or sys.stderr,
                env=environment,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        finally:
            if output is not None:
                output.close()

    def _ask_to_stop(self) -> None:
        self._stopping = True

    def _stop(self) -> None:
        if self._daemon is not None and self._daemon.poll() is None:  # whatever it has in hand, the next goes on with
            self._daemon.kill()
            self._daemon.wait()
        if not self._idle:  # Celery takes its time to stop, which is well spent only if steps are running
            for worker in self._workers:
                if worker.poll() is None:
                    worker.send_signal(signal.SIGTERM)
            wait_until(lambda: all(worker.poll() is not None for worker in self._workers), timeout=_PATIENCE)
        for worker in self._workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        # Sidecars say goodbye to the server before it goes.
        wait_until(lambda: bury_orphans(but={self._valkey.pid}), timeout=_PATIENCE)
        self._valkey.stop()


def main() -> None:
    """Read the job from standard input, and keep it."""
    from assetflow.errors import AssetflowError

    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=KeeperJob)
    try:
        Keeper(job).run()
    except AssetflowError as error:
        report = KeeperReport(error=error.message, fix=error.fix or "")
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")


if __name__ == "__main__":
    main()
