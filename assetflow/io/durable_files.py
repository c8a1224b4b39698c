"""Writing files so that a reader sees all of one or nothing of it."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress

from assetflow.io.memory_for_bytes import memory_for

_AT_ONCE = 512  # pieces, of the 1024 that the kernel takes in one call
_LARGE = 65_536  # bytes
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # there is no room
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV)


def write_new(path: str, *parts: bytes | bytearray | memoryview, fsync: bool) -> None:
    """Write a file that nobody looks for yet, under a name that nobody else uses.

    Args:
        parts: one after the other.
        fsync: wait until the bytes are on the disk, so that a power cut cannot leave an empty file.

    Raises:
        OSError: nothing of the file is left then. If there was no room, it says how much there is.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        try:
            views = [memoryview(part) for part in parts if part]
            while views:
                written = os.writev(descriptor, views[:_AT_ONCE])
                while views and written >= len(views[0]):
                    written -= len(views.pop(0))
                if views:
                    views[0] = views[0][written:]
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(path)
        if isinstance(error, OSError) and error.filename is None:
            reason = error.strerror
            if error.errno in FULL:
                reason = f"{reason} ({sum(map(len, parts))} bytes were to be written, {_free_bytes(path)} are free)"
            raise OSError(error.errno, reason, path) from None
        raise


def read_file(path: str) -> tuple[bytes | memoryview, int]:
    """All of a file, and its inode. What is large comes in memory that may be written to."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        state = os.fstat(descriptor)
        if state.st_size < _LARGE:
            raw = os.read(descriptor, state.st_size + 1)
            if len(raw) == state.st_size:
                return raw, state.st_ino
            os.lseek(descriptor, 0, os.SEEK_SET)
        memory, at = memory_for(state.st_size), 0
        while at < len(memory) and (count := os.readv(descriptor, [memory[at:]])):
            at += count
        return memory[:at], state.st_ino
    finally:
        os.close(descriptor)


def read_small(path: str) -> bytes | None:
    """All of a file of less than 64 KiB; None of a larger one."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        raw = os.read(descriptor, _LARGE)
    finally:
        os.close(descriptor)
    return raw if len(raw) < _LARGE else None


def lock(path: str) -> int | None:
    """Hold the file that has a name now: whoever replaces it under this lock replaces what he has seen.

    Returns:
        a descriptor to read it from, the closing of which lets go of it; None if the file was replaced or removed
        before it could be locked.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        held, named = os.fstat(descriptor), _stat(path)
        if named is not None and held.st_ino == named.st_ino and held.st_dev == named.st_dev:
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def make_folders(path: str, *, fsync: bool) -> None:
    """Make a folder and those above it.

    Args:
        fsync: wait until the new ones are on the disk.
    """
    missing = []
    above = path
    while fsync and above and not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above)
    os.makedirs(path, exist_ok=True)
    for folder in missing:
        sync_folder(os.path.dirname(folder) or ".")


def name_too(file: str, path: str) -> None:
    """Give a file a second name; FileExistsError if there is something of that name."""
    try:
        os.link(file, path)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        os.symlink(os.path.relpath(file, os.path.dirname(path)), path)


def name_over(file: str, path: str, unique: str) -> None:
    """Give a file a second name in one move, whatever had that name before.

    Args:
        unique: a name that nobody else who gives something this name uses meanwhile.
    """
    folder, name = os.path.split(path)
    scratch = f"{folder}/.{name}.{unique}.tmp"
    try:
        with suppress(FileExistsError):  # left by one who died here, and the same file
            name_too(file, scratch)
        os.rename(scratch, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(scratch)
        raise


def sync_folder(folder: str) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free_bytes(path: str) -> int:
    disk = os.statvfs(os.path.dirname(path) or ".")
    return disk.f_bavail * disk.f_frsize
