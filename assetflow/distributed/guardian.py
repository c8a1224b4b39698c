"""The Celery parent's part: it starts the sidecar, keeps it running, and tells it when all is over."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from celery import bootsteps

from assetflow.clock import wait_until
from assetflow.distributed.cells import Cell
from assetflow.log import logger

_LOOK_EVERY = 1.0
_TIDY_EVERY = 0.25
GOODBYE = b"bye"
_KNOWN = "known"
_KNOWN_WITHIN = 10.0


class SidecarJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the sidecar is told in its first line of input."""

    worker: str
    parent: int
    folder: str
    queues: tuple[str, ...]
    slots: int
    can_kill: bool


class Guardian:
    """Knows this worker's identity, and looks after its sidecar.

    Args:
        command: starts the sidecar.
        environment: added to its environment.
    """

    def __init__(self, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self.worker = secrets.token_hex(8)
        self.alone_in_process = True  # false where one process has several slots
        self.one_slot_a_process = True
        self._command = command
        self._environment = environment
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._job: SidecarJob | None = None

    @property
    def folder(self) -> Path:
        """Where the children's cells are; private to this user."""
        assert self._folder is not None, "prepare() comes first"
        return self._folder

    def prepare(self) -> None:
        """Make the folder, which children and sidecar have to share, before there is a child."""
        self._folder = Path(tempfile.mkdtemp(prefix="af-cells-"))

    def start(self, queues: tuple[str, ...], slots: int, *, can_kill: bool) -> None:
        """Start the sidecar."""
        self._job = SidecarJob(
            worker=self.worker,
            parent=os.getpid(),
            folder=str(self.folder),
            queues=queues,
            slots=slots,
            can_kill=can_kill,
        )
        self._launch()

    def await_known(self) -> bool:
        """Wait until the store knows of this worker, so that what it claims is taken back if all of it dies.

        Returns:
            whether it does by now.
        """
        return wait_until((self.folder / _KNOWN).exists, timeout=_KNOWN_WITHIN, every=0.01)

    def look(self) -> None:
        """Start the sidecar again if it has died."""
        if self._process is not None and self._process.poll() is not None:
            logger.warning("the sidecar ended with code %s; starting another", self._process.returncode)
            self._environment = {**self._environment, "ASSETFLOW_FAIL": ""}  # a fail-point happens once
            self._launch()

    def drain(self) -> None:
        """Ask all children to take no further steps."""
        for path in self.folder.glob("[0-9a-f]*"):
            with suppress(OSError, ValueError):
                cell = Cell(path)
                cell.order(drain=True)
                cell.close()

    def note_end(self, pid: int, code: int | None) -> None:
        """Tell the sidecar how a child has ended: only its parent hears of that."""
        with suppress(OSError):
            scratch = self.folder / f".{end_name(pid)}"
            scratch.write_text("" if code is None else str(code))
            scratch.rename(self.folder / end_name(pid))

    def stop(self) -> None:
        """The children are gone in peace: let the sidecar give back what is left, and end."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.write(GOODBYE + b"\n")
                process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self) -> None:
        # exec'd, not forked; only this pipe ties it to the parent, and its end is the parent's death. In a group of its
        # own, so that Ctrl-C is not for it; in the same session, because where Linux shares processors among sessions
        # (autogroup), a low priority counts within one only.
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            env={**os.environ, **self._environment},
            process_group=0,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(self._job) + b"\n")
        self._process.stdin.flush()


def note_known(folder: Path) -> None:
    """Tell the children of a worker that the store knows of it. No cell has such a name."""
    (folder / _KNOWN).touch()


def end_name(pid: int) -> str:
    """Name of the file that tells how a child has ended. No cell has such a name."""
    return f"status.{pid}"


def _noting(guardian: Guardian, bury: Callable[[Any], None]) -> Callable[[Any], None]:
    """What the pool calls for a child that is gone: as before, when its end is noted."""

    def note(process: Any) -> None:
        guardian.note_end(process.pid, process.exitcode)
        bury(process)

    return note


class SidecarStep(bootsteps.StartStopStep):
    """Puts the guardian into the life of a Celery worker."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def __init__(self, parent: Any, **_: Any) -> None:
        super().__init__(parent)
        self._timers: list[Any] = []

    def start(self, parent: Any) -> None:
        """Celery's pool is there: begin to guard it."""
        guardian: Guardian = parent.app.assetflow_guardian
        queues = tuple(parent.app.amqp.queues.consume_from)
        module = type(parent.pool).__module__
        guardian.alone_in_process = "prefork" in module
        guardian.one_slot_a_process = "thread" not in module
        guardian.start(queues, parent.concurrency, can_kill="prefork" in module)
        self._timers = [parent.timer.call_repeatedly(_LOOK_EVERY, guardian.look)]
        # Celery looks every five seconds whether the task of a dead child can be written off, and gives the child's
        # successor no work before that.
        processes: Any = getattr(parent.pool, "_pool", None)
        if hasattr(processes, "maintain_pool"):
            self._timers.append(parent.timer.call_repeatedly(_TIDY_EVERY, processes.maintain_pool))
        if hasattr(processes, "process_flush_queues"):  # called for every process that is buried
            processes.process_flush_queues = _noting(guardian, processes.process_flush_queues)

    def stop(self, parent: Any) -> None:
        """A warm shutdown has begun: children finish their step and take no other."""
        for timer in self._timers:
            timer.cancel()
        parent.app.assetflow_guardian.drain()

    def terminate(self, parent: Any) -> None:
        """A cold shutdown: the same, without waiting."""
        self.stop(parent)
