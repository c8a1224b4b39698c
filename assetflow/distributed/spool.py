"""The two files that a slot's output goes to while it runs a step.

The slot's process writes, its sidecar reads along; what was written is there even if the process is gone the next
moment. Both files are empty between steps. While a step writes more than is kept, the sidecar takes the middle out of
the file: it becomes a hole, which takes no room, and all that comes later stays where it is.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from assetflow.log import logger
from assetflow.runs.log_lines import LogStream
from assetflow.runs.step_logs import KeptLog, Section

STREAMS = (LogStream.STDOUT, LogStream.STDERR)
_HOLE = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE
_BLOCK = 4096


class Spool:
    """The files of one slot, made if they are not there.

    Args:
        folder: where they lie; private to this user.
        name: of the slot's cell.
    """

    def __init__(self, folder: Path, name: str) -> None:
        # Names of cells are hexadecimal, and these are not.
        self._paths = [folder / f"{stream.value}.{name}" for stream in STREAMS]
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.descriptors = tuple(os.open(path, flags, 0o600) for path in self._paths)
        self._out, self._err = self.descriptors
        self._holes = [0, 0]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written since it was cleared."""
        return os.lseek(self._out, 0, os.SEEK_END) + os.lseek(self._err, 0, os.SEEK_END) == 0

    @property
    def sizes(self) -> tuple[int, int]:
        """Bytes that were written to each file."""
        return os.fstat(self._out).st_size, os.fstat(self._err).st_size

    def read(self, number: int, begin: int, end: int) -> bytes:
        """Bytes of one of the files."""
        return _read(self.descriptors[number], begin, end)

    def log(self, most: int) -> KeptLog:
        """What was written.

        Args:
            most: bytes to keep at most; of what is more, the head and the tail.
        """
        sizes = self.sizes
        shares = [most, most]
        if sum(sizes) > most:  # what one file does not need, the other may have
            shares = [max(most // 2, most - other) for other in reversed(sizes)]
        return KeptLog(*map(_section, self.descriptors, sizes, shares))

    def thin_out(self, most: int) -> None:
        """Give back the room of what will not be kept, of a step that goes on writing."""
        for number, size in enumerate(self.sizes):
            begin = max(_up(most // 2), self._holes[number])
            end = size - most // 2
            end -= end % _BLOCK
            if size < self._holes[number]:
                self._holes[number] = 0
            elif size > 2 * most and end > begin:
                _punch(self.descriptors[number], begin, end)
                self._holes[number] = end

    def clear(self) -> None:
        """Forget what was written."""
        for descriptor in self.descriptors:
            os.ftruncate(descriptor, 0)

    def close(self) -> None:
        """Let go of the files; they stay."""
        for descriptor in self.descriptors:
            os.close(descriptor)

    def remove(self) -> None:
        """Let go of the files, and remove them."""
        self.close()
        for path in self._paths:
            path.unlink(missing_ok=True)


def _section(descriptor: int, size: int, share: int) -> Section:
    if size <= share:
        return Section(_read(descriptor, 0, size))
    half = share // 2
    return Section(_read(descriptor, 0, half), size - 2 * half, _read(descriptor, size - half, size))


def _read(descriptor: int, begin: int, end: int) -> bytes:
    pieces, at = [], begin
    while at < end and (piece := os.pread(descriptor, end - at, at)):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _up(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _punch(descriptor: int, begin: int, end: int) -> None:
    """Make a hole; a file system that cannot keeps the bytes."""
    with suppress(AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        if library.fallocate(descriptor, _HOLE, ctypes.c_int64(begin), ctypes.c_int64(end - begin)) != 0:
            logger.debug("the room of a long log cannot be given back: %s", os.strerror(ctypes.get_errno()))
