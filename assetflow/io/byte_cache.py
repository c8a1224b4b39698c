"""Bytes of versions that this machine has written or read, so that they need not be fetched again.

Versions never change, so nothing in here ever does; a value is made anew of its bytes each time it is loaded, and no
step sees what another has done to it. All processes of the machine share the folder. What goes wrong here fails
nothing: then the bytes are fetched.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from assetflow.errors import DamagedRecordError
from assetflow.io.durable_files import read_file
from assetflow.io.manifests import Manifest, behind, split

_LARGEST_SHARE = 4  # nothing is kept that takes more than this part of the cache
_BETWEEN_SWEEPS = 16  # so often is looked how much there is, while the cache is filled once
_FILLED = 0.8  # of the limit, after a sweep


class ByteCache:
    """Keeps bytes on the local disk, those longest that were used last.

    Args:
        folder: made when it is first written to, for nobody else to look into.
        limit: bytes, about.
    """

    def __init__(self, folder: str | Path, limit: int) -> None:
        self.folder = Path(folder)
        self.limit = limit
        self._since_sweep = limit  # the first look is at the first write

    def get(self, place: str) -> tuple[memoryview, Manifest] | None:
        """What was put there under this name; None if it is not there any more, or damaged."""
        file = self._file(place)
        try:
            content, manifest = split(read_file(file)[0], where=file)
        except (OSError, DamagedRecordError):
            return None
        with suppress(OSError):
            os.utime(file)
        return content, manifest

    def put(self, place: str, manifest: Manifest, parts: Iterable[bytes | bytearray | memoryview]) -> None:
        """Keep the bytes of a version.

        Args:
            place: a name for this version that no other has.
        """
        if manifest.size * _LARGEST_SHARE > self.limit:
            return
        file = self._file(place)
        scratch = f"{file}.{secrets.token_hex(6)}.tmp"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(scratch, "xb") as out:
                for part in parts:
                    out.write(part)
                out.write(behind(manifest))
            os.replace(scratch, file)
        except OSError:
            with suppress(OSError):
                os.unlink(scratch)
            return
        self._since_sweep += manifest.size
        if self._since_sweep * _BETWEEN_SWEEPS >= self.limit:
            self._since_sweep = 0
            self._sweep()

    def drop(self, place: str) -> None:
        """Keep it no longer."""
        with suppress(OSError):
            os.unlink(self._file(place))

    def _sweep(self) -> None:
        """Remove what was not used for longest, if there is too much."""
        found = []
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    told = entry.stat()
                    found.append((told.st_mtime, told.st_size, entry.path))
        total = sum(size for _, size, _ in found)
        if total <= self.limit:
            return
        for _, size, path in sorted(found):
            if total <= self.limit * _FILLED:
                return
            with suppress(OSError):
                os.unlink(path)
                total -= size

    def _file(self, place: str) -> str:
        return f"{self.folder}/{hashlib.sha256(place.encode()).hexdigest()[:40]}"
