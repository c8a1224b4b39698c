"""Writing files so that a reader sees all of one or nothing of it."""

from __future__ import annotations

import os
from contextlib import suppress


def write_new(path: str, *parts: bytes, fsync: bool) -> None:
    """Write a file that nobody looks for yet, under a name that nobody else uses.

    Args:
        parts: one after the other.
        fsync: wait until the bytes are on the disk, so that a power cut cannot leave an empty file.

    Raises:
        OSError: nothing of the file is left then.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        try:
            views = [memoryview(part) for part in parts if part]
            while views:
                written = os.writev(descriptor, views)
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
            raise OSError(error.errno, error.strerror, path) from None
        raise


def point_over(target: str, path: str, unique: str) -> None:
    """Make `path` a symbolic link to `target` in one move, whatever it was before.

    Args:
        unique: a name that nobody else who points this path somewhere else uses meanwhile.
    """
    folder, name = os.path.split(path)
    scratch = f"{folder}/.{name}.{unique}.tmp"
    try:
        with suppress(FileExistsError):  # left by one who died here, and pointing to the same
            os.symlink(target, scratch)
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
