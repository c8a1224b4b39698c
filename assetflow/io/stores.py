"""From the name of a place to the IO manager that keeps values there."""

from __future__ import annotations

import re
from pathlib import Path

from assetflow.errors import SettingsError
from assetflow.io.byte_cache import ByteCache
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.kept_versions import KeepsVersions

_SCHEME = re.compile(r"([a-z0-9+.-]+)://")


def manager_at(storage: str, *, fsync: bool = False, cache: ByteCache | None = None) -> KeepsVersions:
    """The IO manager of a place: a folder, or ``s3://bucket/prefix``.

    Args:
        fsync: whether stored values survive a power cut, where that is for us to say.
        cache: for places that are further away than it.

    Raises:
        SettingsError: it is no place that values can be kept in.
    """
    scheme = _SCHEME.match(storage)
    if scheme is None:
        return FilesystemIOManager(Path(storage).expanduser(), fsync=fsync)
    if scheme[1] == "s3":
        from assetflow.io.s3.s3_io_manager import S3IOManager  # boto3 takes its time, and few need it

        bucket, _, prefix = storage[len("s3://") :].partition("/")
        return S3IOManager(bucket, prefix, cache=cache)
    raise SettingsError(
        f"values cannot be kept at {storage}: {scheme[1]}:// is not supported",
        fix="use a folder, or s3://bucket/prefix",
    )
