"""Taking down what a step writes: to its standard streams, past Python to their descriptors, and through ``logging``.

While a step runs, the descriptors 1 and 2 of its process lead into the slot's spool; before and after it they lead
where they always did. What Python writes there is framed with its time; messages of ``logging`` go there too, and
besides to whatever handlers the worker has, as ever. In a pool of threads the descriptors are everybody's: only what
Python writes can be told apart there, by the context it is written in.
"""

from __future__ import annotations

import ctypes
import faulthandler
import io
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TextIO, cast

from assetflow.distributed.spool import Spool
from assetflow.runs.log_lines import framed

_LONGEST = 65_536  # characters that wait for the end of their line
_QUIET = ("assetflow", "celery", "kombu", "amqp", "billiard")  # what they say below the worker's level stays unsaid
_of_slot: ContextVar[Spool | None] = ContextVar("assetflow_spool", default=None)


class Capture:
    """The streams of this process, which lead into the spool of whichever step runs.

    Args:
        redirects: whether the descriptors belong to one slot alone.
    """

    def __init__(self, *, redirects: bool) -> None:
        self._redirects = redirects
        self._everywhere: Spool | None = None
        self._own: tuple[int, ...] = ()
        self._streams: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)
        self._flush_native: Callable[..., Any] = lambda _: None

    def install(self) -> None:
        """Put the streams in the place of Python's own. Once in a process, when the worker has set up its logging."""
        if self._redirects:
            self._own = tuple(_copy_of(number) for number in (1, 2))
            _keep_handlers_on(self._own[1])
            faulthandler.enable(2, all_threads=False)  # where it has crashed is the last that a step says
            with suppress(AttributeError, OSError, ValueError):
                library = ctypes.CDLL(None)
                # So that the last line is there when the process ends without saying goodbye to its library.
                library.setvbuf(ctypes.c_void_p.in_dll(library, "stdout"), None, 1, 0)
                self._flush_native = library.fflush
        self._streams = sys.stdout, sys.stderr = (
            cast(TextIO, _Stream(sys.stdout, self, 0)),
            cast(TextIO, _Stream(sys.stderr, self, 1)),
        )
        _listen_to_loggers(self)

    def begin(self, spool: Spool) -> None:
        """From now on it is the output of a step."""
        if not self._redirects:
            _of_slot.set(spool)
            return
        sys.stdout, sys.stderr = self._streams  # whatever the step before has put there
        self._everywhere = spool
        out, err = spool.descriptors
        os.dup2(out, 1)
        os.dup2(err, 2)

    def end(self) -> None:
        """From now on it is the worker's own again."""
        for stream in self._streams:
            stream.flush()
        if not self._redirects:
            _of_slot.set(None)
            return
        self._flush_native(None)
        self._everywhere = None
        out, err = self._own
        os.dup2(out, 1)
        os.dup2(err, 2)

    @property
    def spool(self) -> Spool | None:
        """Of the step that this code belongs to; None if it belongs to none."""
        return self._everywhere or _of_slot.get()


class _Stream(io.TextIOBase):
    """Stands in for ``sys.stdout`` or ``sys.stderr``.

    Args:
        behind: where text goes that no step has written.
        number: of the file in the spool.
    """

    def __init__(self, behind: TextIO, capture: Capture, number: int) -> None:
        super().__init__()
        self._behind = behind
        self._capture = capture
        self._number = number
        self._waiting: dict[tuple[int, int], str] = {}  # by descriptor and thread, what has no newline yet

    @property
    def buffer(self) -> Any:
        """What takes bytes."""
        return self._behind.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of bytes that are written beside it."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """What happens to text that has no encoding."""
        return "replace"

    @property
    def name(self) -> str:
        """As that of the stream in whose place it stands."""
        return str(getattr(self._behind, "name", ""))

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """It is none."""
        return False

    def fileno(self) -> int:
        """The descriptor, which leads to the same file."""
        return self._behind.fileno()

    def write(self, text: str) -> int:
        """Take down what ends in a newline; the rest waits for its own, or for a flush."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        spool = self._capture.spool
        if spool is None:
            count = self._behind.write(text)
            self._behind.flush()  # before a step begins, and it would be its output
            return count
        key = (spool.descriptors[self._number], threading.get_ident())
        whole = self._waiting.pop(key, "") + text
        end = len(whole) if len(whole) > _LONGEST else whole.rfind("\n") + 1
        if end:
            _write(key[0], framed(time.time(), whole[:end]))
        if end < len(whole):
            self._waiting[key] = whole[end:]
        return len(text)

    def flush(self) -> None:
        """Take down what waits."""
        if self._waiting and (spool := self._capture.spool) is not None:
            mine = spool.descriptors[self._number]
            for key in [key for key in list(self._waiting) if key[0] == mine]:
                _write(mine, framed(time.time(), self._waiting.pop(key, "")))
        try:  # noqa: SIM105 (done after every step: a context manager takes longer than the rest)
            self._behind.flush()
        except (ValueError, OSError):  # it was closed, or whoever read it is gone
            pass


class _Messages(logging.Handler):
    """Takes down messages of the step that they come from."""

    def __init__(self, capture: Capture) -> None:
        super().__init__()
        self._capture = capture
        self._traces = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        spool = self._capture.spool
        if spool is None:
            return
        try:
            text = record.getMessage().removeprefix(f"[{getattr(record, 'step_key', '')}] ")
            if record.exc_info:
                text = f"{text}\n{self._traces.formatException(record.exc_info)}"
            if record.stack_info:
                text = f"{text}\n{record.stack_info}"
            _write(spool.descriptors[1], framed(record.created, text, level=record.levelno, logger=record.name))
        except Exception:
            self.handleError(record)


def _listen_to_loggers(capture: Capture) -> None:
    """Hear messages from INFO on, and all of ``context.log``; the worker's own handlers hear what they heard before."""
    root = logging.getLogger()
    level = root.level
    for handler in root.handlers:
        handler.setLevel(max(handler.level, level))
    for name in _QUIET:
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(level)
    root.setLevel(min(level, logging.INFO) if level else level)
    logging.getLogger("assetflow.step").setLevel(logging.DEBUG)
    root.addHandler(_Messages(capture))


def _keep_handlers_on(descriptor: int) -> None:
    """Have handlers that write to the standard streams write where these lead now, whatever becomes of them."""
    stream: TextIO | None = None
    loggers: Iterable[Any] = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and _is_standard(handler.stream):
                stream = stream or open(descriptor, "w", buffering=1, closefd=False, errors="replace")  # noqa: SIM115
                handler.setStream(stream)


def _is_standard(stream: Any) -> bool:
    try:
        return stream.fileno() in (1, 2)
    except (AttributeError, OSError, ValueError):
        return False


def _copy_of(number: int) -> int:
    """Another descriptor of the same file, which children do not inherit; of nothing, if it is closed."""
    try:
        copy = os.dup(number)
    except OSError:
        copy = os.open(os.devnull, os.O_RDWR)
    os.set_inheritable(copy, False)
    return copy


def _write(descriptor: int, data: bytes) -> None:
    """Append; what the disk does not take is lost."""
    with suppress(OSError):
        while data and (count := os.write(descriptor, data)) < len(data):
            data = data[count:]
