"""From the name of a place to the IO manager that keeps values there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from assetflow.errors import InvariantViolationError, SettingsError
from assetflow.io.byte_cache import ByteCache
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.kept_versions import KeepsVersions
from assetflow.io.paths import safe_segments

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
_PLACES = "use a folder, or s3://bucket/prefix"


def normal_place(storage: str) -> str:
    """The name of a place as everybody would write it: two that mean the same place become the same text.

    Raises:
        SettingsError: it is no place that values can be kept in.
    """
    scheme = _SCHEME.match(storage)
    if scheme is None:
        return os.path.realpath(Path(storage).expanduser())
    if not storage.startswith("s3://"):
        near = " s3:// has small letters and two slashes." if scheme[1].lower() == "s3" else ""
        raise SettingsError(f"values cannot be kept at {storage}: {scheme[1]}:/ is not supported.{near}", fix=_PLACES)
    bucket, _, prefix = storage.removeprefix("s3://").partition("/")
    segments = tuple(part for part in prefix.split("/") if part)
    if not bucket:
        raise SettingsError(f"values cannot be kept at {storage}: it names no bucket", fix=_PLACES)
    try:
        return "s3://" + "/".join((bucket, *(safe_segments(segments) if segments else ())))
    except InvariantViolationError as error:
        raise SettingsError(f"values cannot be kept at {storage}: {error.message}", fix=error.fix or _PLACES) from None


def manager_at(storage: str, *, fsync: bool = False, cache: ByteCache | None = None) -> KeepsVersions:
    """The IO manager of a place: a folder, or ``s3://bucket/prefix``.

    Args:
        fsync: whether stored values survive a power cut, where that is for us to say.
        cache: for places that are further away than it.

    Raises:
        SettingsError: it is no place that values can be kept in.
    """
    place = normal_place(storage)
    if not place.startswith("s3://"):
        return FilesystemIOManager(Path(storage).expanduser(), fsync=fsync)
    from assetflow.io.s3.s3_io_manager import S3IOManager  # boto3 takes its time, and few need it

    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return S3IOManager(bucket, prefix, cache=cache)
