"""From the name of a place to the IO manager that keeps values there."""

from __future__ import annotations

import re
from pathlib import Path

from assetflow.definitions.io_manager import IOManager
from assetflow.errors import SettingsError
from assetflow.io.filesystem import FilesystemIOManager

_SCHEME = re.compile(r"([a-z0-9+.-]+)://")


def manager_at(storage: str, *, fsync: bool = False) -> IOManager:
    """The IO manager of a place: a folder, or ``s3://bucket/prefix``.

    Args:
        fsync: whether stored values survive a power cut, where that is for us to say.

    Raises:
        SettingsError: it is no place that values can be kept in.
    """
    scheme = _SCHEME.match(storage)
    if scheme is None:
        return FilesystemIOManager(Path(storage).expanduser(), fsync=fsync)
    raise SettingsError(
        f"values cannot be kept at {storage}: {scheme[1]}:// is not supported",
        fix="use a folder, or s3://bucket/prefix",
    )
