"""Writing files so that a reader sees all of one or nothing of it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes, *, fsync: bool) -> None:
    """Put a file in place in one rename; what was there before is replaced.

    Args:
        fsync: wait until the bytes are on the disk, so that a power cut cannot leave an empty file.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    if fsync:
        sync_folder(path.parent)


def link_whole(source: Path, path: Path) -> None:
    """Make `path` another name of `source`'s bytes in one rename; copies where links are not possible."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        try:
            os.link(source, scratch)
        except OSError:
            scratch.write_bytes(source.read_bytes())
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    finally:
        # rename() of two links to one file leaves the first name behind
        scratch.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
