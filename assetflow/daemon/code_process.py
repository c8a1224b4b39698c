"""The daemon's side of a process that holds users' code."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future

from assetflow.clock import pause
from assetflow.daemon.code_child import changed
from assetflow.daemon.code_jobs import (
    SIGNAL_TO_TELL,
    Answer,
    EvaluateJob,
    Hello,
    LaunchJob,
    Order,
    QuestionJob,
    line_of,
    said,
)
from assetflow.log import logger

_TELLING = 0.2  # seconds to write a stack


class CodeProcess:
    """One process, and the jobs it does. Thread-safe.

    Args:
        module: it loads.
        environment: of the process.
        entry: the module that is run, and does its jobs.
        grace: seconds that an answer may take beyond what its job may.
    """

    def __init__(
        self, module: str, environment: Mapping[str, str], *, entry: str = "assetflow.daemon", grace: float = 5.0
    ) -> None:
        self.module = module
        self._grace = grace
        self._process = subprocess.Popen(
            [sys.executable, "-m", entry, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._number = 0
        self._waiting: dict[int, Future[Answer]] = {}
        self._hello: Future[Hello] = Future()
        threading.Thread(target=self._listen, name=f"assetflow-code-{module}", daemon=True).start()

    def begin(self, target: str) -> None:
        """Tell a process that was started for ``-`` what to load."""
        self.module = target
        with self._lock, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(f"{target}\n".encode())
            self._process.stdin.flush()

    @property
    def hello(self) -> Hello | None:
        """What it has found; None while it is loading."""
        return self._hello.result() if self._hello.done() else None

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    @property
    def is_outdated(self) -> bool:
        """Whether code that it has loaded was changed since."""
        hello = self.hello
        return hello is not None and any(changed(file) != when for file, when in hello.files.items())

    def ask(self, job: EvaluateJob | LaunchJob | QuestionJob, seconds: float) -> Answer:
        """Have a job done; what goes wrong is in the answer.

        Args:
            seconds: it may take.
        """
        with self._lock:
            self._number += 1
            number = self._number
            answer: Future[Answer] = Future()
            self._waiting[number] = answer
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(line_of(Order(number=number, job=job, seconds=seconds)))
                self._process.stdin.flush()
            except (OSError, ValueError):
                self._waiting.pop(number, None)
                return _gone()
        try:
            return answer.result(seconds + self._grace)
        except TimeoutError:
            self._tell_where_it_is()
            self.end()  # a process that does not even stop what takes too long
            return Answer(error=f"it took longer than {seconds:g} s, and its process did not answer", is_late=True)
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """Let it end when it has done what it was asked."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _tell_where_it_is(self) -> None:
        """Have the process write its stack among its other writing, for whoever finds out why it does not answer."""
        logger.error("the process %d of %s does not answer, and is ended; it was here:", self._process.pid, self.module)
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(SIGNAL_TO_TELL)
            pause(_TELLING)

    def _let_go(self) -> None:
        """Close the pipes of a process that is gone."""
        for pipe in (self._process.stdin, self._process.stdout):
            with self._lock, contextlib.suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._process.stdout:
                found = said.decode(line)
                if isinstance(found, Hello):
                    self._hello.set_result(found)
                elif (waiting := self._waiting.get(found.number)) is not None:
                    waiting.set_result(found)
        self._process.wait()
        self._let_go()
        if not self._hello.done():
            self._hello.set_result(Hello(error=f"the process that loads {self.module} has died"))
        for waiting in list(self._waiting.values()):
            if not waiting.done():
                waiting.set_result(_gone())


def _gone() -> Answer:
    return Answer(error="the process that holds the code has died", passes=True)
