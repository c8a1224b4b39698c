"""Finding the `assetflow dev` that runs on this machine."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from assetflow.errors import InvalidInvocationError, SettingsError
from assetflow.process_identity import born

FILE = "cluster.json"
_LITTLE = 65_536  # bytes


class ClusterNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a dev cluster leaves for others to find.

    Attributes:
        pid, born: of its keeper; a note whose keeper is gone counts for nothing.
        redis_url: where it can be reached.
        workers: how many processes it has that run steps.
        page: where runs and assets can be looked at; empty if nowhere.
    """

    pid: int
    born: int
    redis_url: str
    workers: int
    page: str = ""


def running_cluster(home: Path) -> str | None:
    """The address of the dev cluster of this folder, or None."""
    note = read_note(home)
    return note.redis_url if note else None


def read_note(home: Path) -> ClusterNote | None:
    """The note of a living dev cluster, or None."""
    try:
        note = msgspec.json.decode((home / FILE).read_bytes(), type=ClusterNote)
    except (OSError, msgspec.DecodeError):
        return None
    return note if born(note.pid) == note.born else None


@contextmanager
def advertised(home: Path, *, pid: int, redis_url: str, workers: int, page: str = "") -> Iterator[None]:
    """Let others find this cluster while the block lasts."""
    path = home / FILE
    scratch = home / f".{FILE}.{os.getpid()}"
    note = ClusterNote(pid=pid, born=born(pid) or 0, redis_url=redis_url, workers=workers, page=page)
    scratch.write_bytes(msgspec.json.encode(note))
    scratch.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _check_room(descriptor: int) -> None:
    """Write a little and take it back: on a full disk a server would start, and end at the first thing it keeps."""
    try:
        if os.pwrite(descriptor, bytes(_LITTLE), 0) < _LITTLE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(descriptor, 0)
    except OSError:
        os.close(descriptor)
        raise


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Own a data folder for the length of the block.

    Raises:
        InvalidInvocationError: another process owns it.
        SettingsError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        _check_room(descriptor)
    except OSError as error:
        raise SettingsError(
            f"nothing can be written to the home folder: {error.strerror}",
            where=str(folder),
            fix="make room there, or set ASSETFLOW_HOME (or `home` in assetflow.toml) to a folder of your own",
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InvalidInvocationError(
                "another assetflow uses this folder",
                where=str(folder),
                fix="use the cluster that runs there, or set ASSETFLOW_HOME to another folder",
            ) from None
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)
