"""Trying a place where values are kept: write, write only if nobody else has, read, delete."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from assetflow.errors import AssetflowError
from assetflow.findings import Finding, fine, problem, warning
from assetflow.io.durable_files import FULL

AREA = "storage"
LITTLE = 1_000_000_000  # bytes free
HARDLY_ANY = 100_000_000
_REMOTE = "s3://"
_MAKE_ROOM = "make room: `assetflow gc` removes old versions, `assetflow history gc` old runs"


def try_place(place: str, title: str, *, fsync: bool = False) -> Iterator[Finding]:
    """Do in a place what steps do there, with something of our own that is removed again.

    Args:
        place: a folder, or ``s3://bucket/prefix``, as `assetflow.io.stores.normal_place` gives it.
        title: what people are shown, such as ``production``.
        fsync: whether steps wait until what they store is on the disk.
    """
    began = time.perf_counter()
    try:
        remark = _try_bucket(place) if place.startswith(_REMOTE) else _try_folder(Path(place), fsync)
    except AssetflowError as error:
        yield problem(AREA, f"{title}: {error.message}", error.fix or "correct the storage of the environment")
        return
    except OSError as error:
        writable = "make the folder writable for whoever runs workers, or name another (storage, ASSETFLOW_HOME)"
        yield problem(
            AREA,
            f"{title}: {error.filename or place}: {error.strerror or error}",
            _MAKE_ROOM if error.errno in FULL else writable,
        )
        return
    took = (time.perf_counter() - began) * 1000
    yield fine(AREA, f"{title}: {place}: write, conditional write, read and delete in {took:.0f} ms")
    if remark is not None:
        yield warning(AREA, f"{title}: {remark[0]}", remark[1])


def room_at(folder: Path, title: str) -> Finding:
    """How much room a disk has left.

    Args:
        folder: on the disk; it, or one above it, is there.
    """
    here = folder
    while not here.exists() and here != here.parent:
        here = here.parent
    try:
        disk = os.statvfs(here)
    except OSError as error:
        return problem("disk", f"{title}: {here}: {error.strerror}", "make the folder readable")
    free, nodes = disk.f_bavail * disk.f_frsize, disk.f_favail
    text = f"{title}: {free / 1e9:,.1f} GB free at {here}"
    if free < HARDLY_ANY or (disk.f_files and not nodes):
        text = text if nodes or not disk.f_files else f"{title}: no file can be made at {here}"
        return problem("disk", text, _MAKE_ROOM)
    if free < LITTLE:
        return warning("disk", text, _MAKE_ROOM)
    return fine("disk", text)


def _try_folder(base: Path, fsync: bool) -> tuple[str, str] | None:
    if base.exists() and not base.is_dir():
        raise NotADirectoryError(20, "is a file, and values need a folder", str(base))
    made = [folder for folder in (base, *base.parents) if not folder.exists()]
    base.mkdir(parents=True, exist_ok=True)
    probe = base / f".probe-{secrets.token_hex(6)}"
    twin = base / f"{probe.name}.twin"
    linked = True
    try:
        began = time.perf_counter()
        with probe.open("xb") as file:
            file.write(b"probe")
            if fsync:
                file.flush()
                os.fsync(file.fileno())
        synced = time.perf_counter() - began
        try:
            os.link(probe, twin)
        except OSError:
            linked = False
            twin.symlink_to(probe.name)
        try:
            os.link(probe, twin) if linked else twin.symlink_to(probe.name)
            raise OSError(5, "a second file of one name could be made: publishing would not be safe there", str(base))
        except FileExistsError:
            pass
        if twin.read_bytes() != b"probe":
            raise OSError(5, "what is read is not what was written", str(twin))
    finally:
        for path in (twin, probe):
            path.unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):  # somebody else uses it by now
                folder.rmdir()
    if not linked:
        return "its file system has no hard links; symbolic ones are used", "keep values on a local disk, if you can"
    if fsync and synced > 0.2:
        return f"the disk takes {synced * 1000:.0f} ms to make a file safe", "use a faster disk, or fsync = false"
    return None


def _try_bucket(place: str) -> tuple[str, str] | None:
    from assetflow.errors import StorageError
    from assetflow.io.s3.access import S3Access, client_for
    from assetflow.io.s3.bucket import Bucket
    from assetflow.io.s3.conditions import Conditions, conditions_of

    name, _, prefix = place.removeprefix(_REMOTE).partition("/")
    folder = f"{prefix}/" if prefix else ""
    # Once, and not as patiently as a step: whoever asks is waiting.
    access = S3Access(max_attempts=1, read_timeout=5.0)
    bucket = Bucket(name=name, access=access, given=client_for(access), protection={})
    key = f"{folder}.probe-{secrets.token_hex(6)}"
    bucket.put(key, (b"probe",))
    try:
        conditions: Conditions = conditions_of(bucket, folder)
        found = bucket.get(key)
        if found is None or bytes(found[0]) != b"probe":
            raise StorageError("what is read is not what was written", where=bucket.uri(key))
        list(bucket.list(folder, most=1))
    finally:
        bucket.delete([key])
    if bucket.head(key) is not None:
        raise StorageError("what was deleted is still there", where=bucket.uri(key), fix="give the right to delete")
    if not (conditions.copy or conditions.complete):
        return (
            "its server heeds no conditions: other tools may see an earlier version for a moment when two runs publish",
            "nothing to do, unless other tools read there: then use a server with conditional writes",
        )
    return None
