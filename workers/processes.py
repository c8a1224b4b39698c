"""The worker processes of one machine: started, started again when they die, and let go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from assetflow.lifeline import die_with_parent
from assetflow.log import logger
from workers.pools import WorkerKind

APP = "workers.app"
_SHORTEST_LIFE = 10.0  # seconds; whoever ends sooner is started again later and later
_LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    number: int
    started: float


class Processes:
    """The workers of one kind on this machine.

    Args:
        options: of Celery's, for each of them.
        clock: seconds, on a clock that does not go back.
    """

    def __init__(
        self, kind: WorkerKind, options: Collection[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.kind = kind
        self._options = tuple(options)
        self._clock = clock
        self._running: list[_Running] = []
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._pause = 0.0
        self._not_before = 0.0

    @property
    def count(self) -> int:
        """How many there are that were not told to end."""
        return len(self._running)

    @property
    def pids(self) -> list[int]:
        """Of those, in the order in which they were started."""
        return [one.process.pid for one in self._running]

    @property
    def leaving(self) -> int:
        """How many were told to end and are finishing their steps."""
        return len(self._leaving)

    def tend(self) -> None:
        """Bury those that have ended. What died is missing now, and comes back with `scale_to`."""
        now = self._clock()
        self._leaving = [process for process in self._leaving if process.poll() is None]
        for one in list(self._running):
            code = one.process.poll()
            if code is None:
                continue
            self._running.remove(one)
            short = now - one.started < _SHORTEST_LIFE
            self._pause = min(_LONGEST_PAUSE, max(1.0, self._pause * 2)) if short else 0.0
            self._not_before = now + self._pause
            logger.warning("worker %s-%d ended with code %d", self.kind.name, one.number, code)

    def scale_to(self, wanted: int, idle: Collection[int] = ()) -> None:
        """Start what is missing, and tell those that are too many to end when their steps are done.

        Args:
            idle: processes that have nothing to do; they go first, and then the youngest.
        """
        while self.count < wanted and self._clock() >= self._not_before:
            self._start()
        surplus = self.count - wanted
        if surplus > 0:
            order = sorted(self._running, key=lambda one: (one.process.pid not in idle, -one.started))
            for one in order[:surplus]:
                self._running.remove(one)
                self._leaving.append(one.process)
                with suppress(ProcessLookupError):
                    one.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Tell all to end."""
        self.scale_to(0)

    def kill(self) -> None:
        """End those that are still there; what they held is given back."""
        for process in self._leaving:
            if process.poll() is None:
                process.kill()
            process.wait()

    def _start(self) -> None:
        taken = {one.number for one in self._running}
        number = next(number for number in range(1, len(taken) + 2) if number not in taken)
        name = f"{self.kind.name}-{number}-{os.getpid()}-{int(self._clock() * 1000) % 1_000_000}@%h"
        command = [
            sys.executable, "-m", "celery", "--quiet", "-A", APP, "worker",
            "--queues", ",".join(self.kind.queues), "--concurrency", str(self.kind.concurrency),
            "--hostname", name, "--loglevel", "WARNING", *self._options,
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, start_new_session=True
        )
        self._running.append(_Running(process, number, self._clock()))
