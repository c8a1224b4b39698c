"""What every IO manager does, for those the package has."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pytest

from assetflow.io.byte_cache import ByteCache
from assetflow.io.duckdb_tables import DuckDBIOManager
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.memory import InMemoryIOManager
from assetflow.io.s3.s3_io_manager import S3IOManager
from assetflow.keys import Version
from assetflow.testing.io_contract import IOManagerContract, VersionedIOManagerContract
from tests.support.s3 import SeaweedFS
from tests.support.s3_proxy import S3Proxy


class TestMemory(IOManagerContract):
    def make_manager(self, folder: Path) -> InMemoryIOManager:
        return InMemoryIOManager()

    def test_another_manager_finds_what_one_has_stored(self, manager: Any, tmp_path: Path) -> None:
        """It keeps them to itself."""
        self.store(manager, 1)
        with pytest.raises(Exception, match="is not in memory"):
            self.load(self.make_manager(tmp_path))


class TestPickles(VersionedIOManagerContract):
    def make_manager(self, folder: Path) -> FilesystemIOManager:
        return FilesystemIOManager(folder)

    def damage(self, manager: Any, path: tuple[str, ...], version: Version) -> None:
        [file] = manager.base_dir.rglob(f"*@{version.name}")
        file.write_bytes(flipped(file.read_bytes()))


class TestByType(TestPickles):
    def make_manager(self, folder: Path) -> FilesystemIOManager:
        return FilesystemIOManager(folder, format="auto", fsync=True)


class TestS3(VersionedIOManagerContract):
    options: dict[str, Any] = {}

    @pytest.fixture(autouse=True)
    def _place(self, s3: SeaweedFS, bucket: str) -> None:
        self.s3, self.bucket, self.url = s3, bucket, s3.url

    def make_manager(self, folder: Path) -> S3IOManager:
        return S3IOManager(self.bucket, "a prefix/é", **{**self.s3.options, "endpoint_url": self.url}, **self.options)

    def damage(self, manager: Any, path: tuple[str, ...], version: Version) -> None:
        client = self.s3.client()
        [key] = [key for key in self.s3.keys(self.bucket) if key.endswith(f"@{version.name}")]
        found = client.get_object(Bucket=self.bucket, Key=key)
        content = flipped(found["Body"].read())
        client.put_object(Bucket=self.bucket, Key=key, Body=content, Metadata=found["Metadata"])


class TestS3WithACache(TestS3):
    """Other machines have no cache of this one's, so they notice what was damaged in the bucket."""

    def make_manager(self, folder: Path) -> S3IOManager:
        self.options = {"cache": ByteCache(folder / "cache" / secrets.token_hex(4), 10**7)}
        return super().make_manager(folder)

    def damage(self, manager: Any, path: tuple[str, ...], version: Version) -> None:
        super().damage(manager, path, version)
        for file in manager._cache.folder.iterdir():
            file.write_bytes(flipped(file.read_bytes()))


class TestS3ByType(TestS3):
    options = {"format": "auto"}


class TestS3InParts(TestS3):
    """All values in parts, and copied in parts."""

    options = {"multipart_from": 1, "copied_in_one": 0}
    values = ({"rows": 3}, "text", [1.5, True])


class TestS3WithoutConditions(TestS3):
    """As a server that knows of no conditional requests."""

    @pytest.fixture(autouse=True)
    def _forgetful(self, _place: None) -> Any:
        with S3Proxy(self.s3.url, forgets=frozenset({"if-match", "if-none-match"})) as proxy:
            self.url = proxy.url
            yield


class TestDuckDB(VersionedIOManagerContract):
    has_partitions = False
    values = (
        pyarrow.table({"id": [1, 2], "name": ["a", None]}),
        pandas.DataFrame({"id": [3], "at": [pandas.Timestamp("2024-01-01")]}),
        polars.DataFrame({"id": [4, 5], "share": [0.5, None]}),
    )

    def make_manager(self, folder: Path) -> DuckDBIOManager:
        return DuckDBIOManager(folder / "values.duckdb")

    def same(self, loaded: Any, stored: Any) -> bool:
        return type(loaded) is type(stored) and bool(loaded.equals(stored))


def flipped(content: bytes) -> bytes:
    """With one byte changed, early in what is a value."""
    return content[:3] + bytes([content[3] ^ 1]) + content[4:]
