"""Lines that steps have written, and how they stand in the files their output goes to.

What is written to a descriptor stands there as it is. What comes through ``print`` or ``logging`` is framed: a byte
that no text has, then time, level, logger and text as JSON, then a newline. So both can share a file, and what native
code writes between two prints stays between them.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import msgspec

LONGEST_LINE = 65_536  # characters; what is longer comes in several
_MARK = b"\x1e["
_START = b"\x1e"
_END = b'"]'  # of a frame
_LONGEST_ESCAPE = 12  # bytes of JSON for one character: two halves of six


class LogStream(StrEnum):
    """Where a line was written to."""

    STDOUT = "stdout"
    STDERR = "stderr"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a step has written.

    Attributes:
        step: name of the step.
        attempt: number of the attempt, from 0; an attempt whose process died counts.
        stream: ``stdout``, ``stderr``, or ``log`` for what came through ``context.log`` or ``logging``.
        text: without the newline. A message of several lines is one.
        at: seconds since the epoch, by the worker's clock; None for what was written past Python.
        level: name of the level, such as ``INFO``; empty for what is no log message.
        logger: name of the logger; empty as well.
        left_out: bytes that are missing here, and of which the text tells; 0 for a line that was written.
    """

    step: str
    attempt: int
    stream: LogStream
    text: str
    at: float | None = None
    level: str = ""
    logger: str = ""
    left_out: int = 0

    def is_at_least(self, level: str) -> bool:
        """Whether it is a log message of this level, or of a higher one."""
        known = logging.getLevelNamesMapping()
        return self.stream is LogStream.LOG and known.get(self.level, 0) >= known.get(level.upper(), 0)


class _Frame(msgspec.Struct, frozen=True, array_like=True):
    """What stands in a frame; a level of 0 is that of plain output."""

    at: float
    level: int
    logger: str
    text: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Frame)


def framed(at: float, text: str, *, level: int = 0, logger: str = "") -> bytes:
    """A message, or a piece of plain output, as it goes to its file.

    Args:
        at: seconds since the epoch.
        text: plain output brings its newlines along.
    """
    try:
        body = _encoder.encode(_Frame(round(at, 4), level, logger, text))
    except UnicodeEncodeError:  # half a character
        body = _encoder.encode(_Frame(round(at, 4), level, logger, text.encode(errors="replace").decode()))
    return _START + body + b"\n"


class LineReader:
    """Finds the lines in what one try of one step has written to one file, in pieces as they come.

    Args:
        stream: the name of the file.
    """

    def __init__(self, step: str, attempt: int, stream: LogStream) -> None:
        self._step = step
        self._attempt = attempt
        self._stream = stream
        self._rest = b""  # bytes of a line that has not ended
        self._open = ""  # text of a line that has not ended
        self._open_at: float | None = None
        self._after_gap = False

    def feed(self, data: bytes) -> Iterator[LogLine]:
        """The lines that end in these bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for raw in lines:
            yield from self._line(raw)
        if len(self._rest) > LONGEST_LINE and _START not in self._rest:
            raw, self._rest = self._rest, b""
            yield from self._text(raw.decode(errors="replace"), None)

    def end(self) -> Iterator[LogLine]:
        """What is left: lines that were never ended."""
        raw, self._rest = self._rest, b""
        if raw:
            yield from self._line(raw, ended=False)
        yield from self._close()

    def gap(self, left_out: int) -> Iterator[LogLine]:
        """Bytes are missing here: what stands before them, and a line that says so.

        Of a frame that is torn by that, what is left of its text is shown, and never the frame.
        """
        at = len(self._rest) - 1 if self._rest.endswith(_START) else self._rest.rfind(_MARK)
        if at >= 0 and _frame_in(self._rest[at + 1 :]) is None:
            before, torn = self._rest[:at], _begun(self._rest[at + 1 :])
            self._rest = b""
            if before:
                yield from self._text(before.decode(errors="replace"), None)
            if torn is not None:
                yield from self._text(torn.text, torn.at)
        yield from self.end()
        self._after_gap = True
        yield LogLine(
            step=self._step,
            attempt=self._attempt,
            stream=self._stream,
            text=f"[... {left_out:,} bytes were left out here ...]",
            left_out=left_out,
        )

    def _line(self, raw: bytes, *, ended: bool = True) -> Iterator[LogLine]:
        at = raw.rfind(_MARK)  # what binary data has of it comes before
        frame = _frame_in(raw[at + 1 :]) if at >= 0 else None
        after_gap, self._after_gap = self._after_gap, False
        if after_gap and at < 0 and (raw.endswith(_END) or raw == _END[1:]):
            yield from self._text(_ended(raw), None)
            yield from self._close()
            return
        if frame is None:
            yield from self._text(raw.decode(errors="replace") + "\n" * ended, None)
            return
        if at:
            yield from self._text(raw[:at].decode(errors="replace"), None)
        if frame.level:
            yield from self._close()
            yield LogLine(
                step=self._step,
                attempt=self._attempt,
                stream=LogStream.LOG,
                text=frame.text,
                at=frame.at,
                level=logging.getLevelName(frame.level),
                logger=frame.logger,
            )
        else:
            yield from self._text(frame.text, frame.at)

    def _text(self, text: str, at: float | None) -> Iterator[LogLine]:
        self._open_at = at if not self._open or self._open_at is None else self._open_at
        *lines, rest = (self._open + text).split("\n")
        for line in lines:
            yield from self._written(line)
            self._open_at = at
        self._open = rest
        if len(rest) > LONGEST_LINE:
            yield from self._close()

    def _close(self) -> Iterator[LogLine]:
        text, self._open = self._open, ""
        if text:
            yield from self._written(text)

    def _written(self, text: str) -> Iterator[LogLine]:
        for begin in range(0, len(text) or 1, LONGEST_LINE):
            yield LogLine(
                step=self._step,
                attempt=self._attempt,
                stream=self._stream,
                text=text[begin : begin + LONGEST_LINE],
                at=self._open_at,
            )


def _frame_in(raw: bytes) -> _Frame | None:
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _begun(raw: bytes) -> _Frame | None:
    """A frame whose end is missing, with the text it has; None if not even its text has begun."""
    for lost in range(_LONGEST_ESCAPE + 1):  # the last character may be torn too
        if (frame := _frame_in(raw[: len(raw) - lost] + _END)) is not None:
            return frame
    return None


def _ended(raw: bytes) -> str:
    """The text of a frame whose beginning is missing."""
    text = raw[: -len(_END)]
    text = text.rpartition(b'","')[2] if b'","' in text else text  # the name of the logger comes before
    for lost in range(_LONGEST_ESCAPE + 1):
        try:
            return msgspec.json.decode(b'"' + text[lost:] + b'"', type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return ""


def in_order(*streams: Iterable[LogLine]) -> Iterator[LogLine]:
    """Lines of several files, in the order in which they were written as far as their times tell."""
    return (line for _, line in heapq.merge(*map(_timed, streams), key=lambda pair: pair[0]))


def _timed(lines: Iterable[LogLine]) -> Iterator[tuple[float, LogLine]]:
    now = 0.0
    for line in lines:
        now = now if line.at is None else max(now, line.at)
        yield now, line
