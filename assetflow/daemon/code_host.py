"""A process that has loaded users' code, and forks a child for each thing it is asked: a fresh start without the wait.

Whatever the code does there, hangs, crashes or changes, is over when the child is.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from assetflow.daemon.code_jobs import SIGNAL_TO_TELL, WRITTEN_LAST, Answer, Hello, Order, line_of, ordered, said
from assetflow.lifeline import die_with_parent

_TOLD_LINES = 20  # of what a child has written last
_CHUNK = 65_536
_DYING = 1.0  # seconds until the pipes of a process that was killed are closed

Work = Callable[[Order], Answer]


@dataclass(slots=True, kw_only=True, eq=False)
class _Child:
    """A process that does one job."""

    order: Order
    pid: int
    deadline: float
    answers: int
    writes: int
    told: bytearray = field(default_factory=bytearray)
    lines: deque[bytes] = field(default_factory=lambda: deque(maxlen=_TOLD_LINES))
    expired: bool = False


class CodeHost:
    """Takes orders from standard input, and answers on standard output.

    Args:
        work: does one job, in a child.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, _Child] = {}  # by each of their pipes
        self._buffer = bytearray()
        self._leaving = False
        faulthandler.register(SIGNAL_TO_TELL)
        self._out = os.dup(1)
        os.dup2(2, 1)  # what users print is none of our answers

    def run(self, hello: Hello) -> None:
        """Say what was found, and do jobs until the daemon says that it asks for no more, or is gone."""
        self._say(hello)
        self._selector.register(0, selectors.EVENT_READ)
        while self._children or not self._leaving:
            for key, _ in self._selector.select(self._patience()):
                if self._selector.get_map().get(key.fd) is not key:
                    continue  # it was closed since, with the child it belonged to
                if key.fd != 0:
                    self._hear(key.fd)
                elif not self._take():
                    self._end()
                    return
            self._stop_expired()

    def _say(self, message: Hello | Answer) -> None:
        with contextlib.suppress(BrokenPipeError):  # the daemon is gone, as is found out soon
            os.write(self._out, line_of(message))

    def _patience(self) -> float | None:
        if not self._children:
            return None
        return max(0.0, min(child.deadline for child in self._children.values()) - time.monotonic())

    def _take(self) -> bool:
        found = os.read(0, _CHUNK)
        self._buffer += found
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if line:
                self._fork(ordered.decode(line))
            else:  # nothing more will be asked for
                self._leaving = True
        return bool(found)

    def _fork(self, order: Order) -> None:
        answers, answers_end = os.pipe()
        writes, writes_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_child(order, answers_end, writes_end)
        with contextlib.suppress(OSError):  # it is over already
            os.setpgid(pid, pid)  # before it does so itself, lest it hangs before
        os.close(answers_end)
        os.close(writes_end)
        deadline = time.monotonic() + order.seconds
        child = _Child(order=order, pid=pid, deadline=deadline, answers=answers, writes=writes)
        for pipe in (answers, writes):
            self._children[pipe] = child
            self._selector.register(pipe, selectors.EVENT_READ)

    def _be_child(self, order: Order, answers: int, writes: int) -> None:
        """Do the job and end; never return."""
        code = 1
        try:
            os.setpgid(0, 0)  # what it starts ends with it
            die_with_parent()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for stream in (1, 2):
                os.dup2(writes, stream)
            answer = self._work(order)
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            with os.fdopen(answers, "wb") as pipe:
                pipe.write(line_of(answer))
            code = 0
        finally:
            os._exit(code)

    def _hear(self, pipe: int) -> None:
        child = self._children[pipe]
        found = os.read(pipe, _CHUNK)
        if pipe == child.answers:
            child.told += found
            if not found or found.endswith(b"\n"):  # all of it; others that it has left may hold the pipe for ever
                self._finish(child)
        elif found:
            self._remember(child, found)
        else:
            self._forget(pipe)

    def _forget(self, pipe: int) -> None:
        self._selector.unregister(pipe)
        del self._children[pipe]
        os.close(pipe)

    @staticmethod
    def _remember(child: _Child, found: bytes) -> None:
        """Pass on what a child has written, and keep the end of it."""
        with contextlib.suppress(OSError):
            os.write(2, found)
        first, *rest = found.split(b"\n")
        if child.lines:
            child.lines[-1] += first
        else:
            child.lines.append(first)
        child.lines.extend(rest)

    def _finish(self, child: _Child) -> None:
        self._forget(child.answers)
        self._drain(child)
        status = self._bury(child)
        try:
            answer = said.decode(bytes(child.told))
            assert isinstance(answer, Answer)
        except ValueError:
            answer = Answer(error=self._why(child, status), is_late=child.expired)
        if answer.error and (told := self._last_lines(child)):
            answer = msgspec.structs.replace(answer, error=f"{answer.error}\n{WRITTEN_LAST}\n{told}")
        self._say(msgspec.structs.replace(answer, number=child.order.number))

    def _drain(self, child: _Child) -> None:
        """Read what it has written and nobody has read, without waiting for those it may have left behind."""
        if child.writes in self._children:
            os.set_blocking(child.writes, False)
            with contextlib.suppress(BlockingIOError):
                while found := os.read(child.writes, _CHUNK):
                    self._remember(child, found)
            self._forget(child.writes)

    @staticmethod
    def _bury(child: _Child) -> int:
        status = os.waitpid(child.pid, 0)[1]
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # what it has left behind
        return status

    @staticmethod
    def _is_over(child: _Child) -> bool:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @staticmethod
    def _why(child: _Child, status: int) -> str:
        if child.expired:
            return f"it took longer than {child.order.seconds:g} s, and was stopped"
        if os.WIFSIGNALED(status):
            return f"its process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
        return f"its process ended with exit code {os.waitstatus_to_exitcode(status)}"

    @staticmethod
    def _last_lines(child: _Child) -> str:
        return b"\n".join(child.lines).decode(errors="replace").strip()

    def _stop_expired(self) -> None:
        now = time.monotonic()
        for child in set(self._children.values()):
            if child.deadline > now:
                continue
            if not (child.expired or self._is_over(child)):
                child.expired = True
                child.deadline = now + _DYING
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)
            elif child.answers in self._children:  # it is gone; another that it has left behind holds the pipe
                self._finish(child)

    def _end(self) -> None:
        """Stop what is being done: nobody is left who would want to know."""
        for child in set(self._children.values()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
