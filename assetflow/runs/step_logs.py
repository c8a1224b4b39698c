"""The seams to what steps have written: where it is kept for good, and where it can be seen while they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from assetflow.runs.log_lines import LineReader, LogLine, LogStream, in_order


class Section(msgspec.Struct, frozen=True, array_like=True):
    """What was written to one file: all of it, or its head and its tail.

    Attributes:
        left_out: bytes between the two.
    """

    head: bytes = b""
    left_out: int = 0
    tail: bytes = b""

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return len(self.head) + self.left_out + len(self.tail)


class KeptLog(msgspec.Struct, frozen=True, array_like=True):
    """What one try of one step has written."""

    stdout: Section
    stderr: Section

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return self.stdout.size + self.stderr.size

    @property
    def left_out(self) -> int:
        """Bytes that are not here."""
        return self.stdout.left_out + self.stderr.left_out

    @property
    def line_count(self) -> int:
        """How many lines are here."""
        return sum(part.count(b"\n") for one in (self.stdout, self.stderr) for part in (one.head, one.tail))

    def lines(self, step: str, attempt: int) -> Iterator[LogLine]:
        """The lines of both files, in the order in which they were written."""
        return in_order(
            _lines(self.stdout, LineReader(step, attempt, LogStream.STDOUT)),
            _lines(self.stderr, LineReader(step, attempt, LogStream.STDERR)),
        )


def _lines(section: Section, reader: LineReader) -> Iterator[LogLine]:
    yield from reader.feed(section.head)
    if section.left_out:
        yield from reader.gap(section.left_out)
    yield from reader.feed(section.tail)
    yield from reader.end()


class LogPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what a step has written, as it is sent along while it runs.

    Attributes:
        step: index in the plan.
        token: of the claim.
        retry: number of the try, from 0.
        stream: the file it was written to.
        at: bytes of that file that come before it.
    """

    step: int
    token: int
    retry: int
    stream: LogStream
    at: int
    data: bytes


class LiveLogs(Protocol):
    """What running steps write, for those who follow them. Bounded, forgotten after a while, and nobody's record."""

    def add(self, run_id: str, pieces: Sequence[LogPiece]) -> None:
        """Send pieces along; they are dropped while the store does not answer, or is full."""

    def read(self, run_id: str, after: str = "0", block: float | None = None) -> tuple[list[LogPiece], str]:
        """Pieces that came after the one with that id, and the id of the last.

        Args:
            block: seconds to wait for one.

        Raises:
            ServiceUnreachableError: the store does not answer.
        """


class LogFiles(Protocol):
    """Where the logs of steps are kept, one file each."""

    def uri(self, place: str, run_id: str, step: int, token: int) -> str:
        """Where one will be."""

    def keep(self, uri: str, log: KeptLog) -> int:
        """Keep one; the bytes it takes.

        Raises:
            StorageError, OSError: it cannot be stored there.
        """

    def read(self, uri: str, run_id: str) -> KeptLog:
        """Read one.

        Raises:
            FileNotFoundError: there is none.
            DamagedRecordError: what is there is no log of that run.
            StorageError, OSError: the place cannot be reached.
        """

    def remove(self, uris: Sequence[str], run_id: str) -> None:
        """Remove those of a run; what is gone already is left out."""
