"""The logs of steps in an environment's storage: a folder or a bucket.

::

    <storage>/.assetflow/logs/<run>/<step>-<token>.zst     what one try of one step has written, compressed

No asset can be kept under that name. Names are made of the run's id and two numbers, never of what users call things.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import zstandard

from assetflow.errors import DamagedRecordError
from assetflow.io.durable_files import write_new
from assetflow.io.paths import RESERVED_IN_S3
from assetflow.io.stores import normal_place
from assetflow.runs.step_logs import KeptLog

if TYPE_CHECKING:
    from assetflow.io.s3.bucket import Bucket

_LARGEST = 1024**3  # bytes of a log that is read; none is kept that is larger
_NAME = re.compile(r"(?P<folder>.+)/" + re.escape(RESERVED_IN_S3) + r"/logs/(?P<run>[0-9A-Za-z]+)/[0-9]+-[0-9]+\.zst")


class StoredLogFiles:
    """Logs on disks and in S3, by where they lie."""

    def __init__(self) -> None:
        self._folders: set[str] = set()
        self._places: dict[str, str] = {}

    def uri(self, place: str, run_id: str, step: int, token: int) -> str:
        """See LogFiles.uri."""
        if place not in self._places:
            self._places[place] = normal_place(place).rstrip("/")
        return f"{self._places[place]}/{RESERVED_IN_S3}/logs/{run_id}/{step}-{token}.zst"

    def keep(self, uri: str, log: KeptLog) -> int:
        """See LogFiles.keep."""
        packed = zstandard.compress(msgspec.msgpack.encode(log), 3)
        if uri.startswith("s3://"):
            bucket, key = _bucket(uri)
            bucket.put(key, [packed], content_type="application/zstd")
        else:
            self._write(uri, packed)
        return len(packed)

    def read(self, uri: str, run_id: str) -> KeptLog:
        """See LogFiles.read."""
        _check(uri, run_id)
        if uri.startswith("s3://"):
            bucket, key = _bucket(uri)
            found = bucket.get(key)
            if found is None:
                raise FileNotFoundError(f"there is no {uri}")
            packed = bytes(found[0])
        else:
            packed = Path(uri).read_bytes()
        try:
            raw = zstandard.decompress(packed, max_output_size=_LARGEST)
            return msgspec.msgpack.decode(raw, type=KeptLog)
        except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DamagedRecordError(f"the log at {uri} cannot be read: {error}") from None

    def remove(self, uris: Sequence[str], run_id: str) -> None:
        """See LogFiles.remove."""
        for uri in uris:
            _check(uri, run_id)
        for uri in uris:
            if uri.startswith("s3://"):
                bucket, key = _bucket(uri)
                bucket.delete([key])
                continue
            with suppress(FileNotFoundError):
                os.unlink(uri)
        for folder in {os.path.dirname(uri) for uri in uris if not uri.startswith("s3://")}:
            with suppress(OSError):  # others are there, or it is gone
                os.rmdir(folder)

    def _write(self, uri: str, packed: bytes) -> None:
        folder = os.path.dirname(uri)
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders = {folder}
        # Nobody looks for it before its step is told of, and no other attempt has its name.
        try:
            write_new(uri, packed, fsync=False)
        except FileNotFoundError:  # somebody has removed the folder since it was made
            os.makedirs(folder, exist_ok=True)
            write_new(uri, packed, fsync=False)


def _check(uri: str, run_id: str) -> None:
    """Refuse what is no place of a log of that run: where it comes from, others may have written it."""
    found = _NAME.fullmatch(uri)
    if found is None or found["run"] != run_id or ".." in found["folder"].split("/"):
        raise DamagedRecordError(f"{uri!r:.200} is no place where a log of run {run_id} is kept")


def _bucket(uri: str) -> tuple[Bucket, str]:
    from assetflow.io.s3.access import S3Access  # boto3 takes its time, and few need it
    from assetflow.io.s3.bucket import Bucket

    name, _, key = uri.removeprefix("s3://").partition("/")
    return Bucket(name=name, access=S3Access(), protection={}), key
