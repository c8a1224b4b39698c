from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assetflow.io.byte_cache import ByteCache
from assetflow.io.manifests import Manifest
from assetflow.io.s3.s3_io_manager import S3IOManager
from assetflow.keys import AssetKey, Version
from assetflow.testing.contexts import build_input_context, build_output_context
from tests.support.s3 import SeaweedFS
from tests.support.s3_proxy import S3Proxy

KEY = AssetKey("array")
FIRST = Version(1, 1)


def manager_of(s3: SeaweedFS, bucket: str, url: str, cache: ByteCache | None) -> S3IOManager:
    return S3IOManager(bucket, **{**s3.options, "endpoint_url": url}, cache=cache)


def load(manager: S3IOManager, version: Version | None = FIRST) -> Any:
    return manager.load_input(build_input_context(asset_key=KEY, version=version))


def test_what_was_written_or_read_here_is_not_fetched_again_and_is_made_anew(
    s3: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    with S3Proxy(s3.url) as proxy:
        here = manager_of(s3, bucket, proxy.url, ByteCache(tmp_path / "here", 10**8))
        there = manager_of(s3, bucket, proxy.url, ByteCache(tmp_path / "there", 10**8))
        here.stage(build_output_context(asset_key=KEY, version=FIRST, run_id="run"), np.arange(100_000))
        found = load(here)
        assert proxy.count("GET", "array") == 0, "the one who wrote it has it"
        found[:] = 0
        assert load(here)[5] == 5, "no step sees what another has done to a value"
        assert load(there)[7] == 7 and load(there)[8] == 8
        assert proxy.count("GET", "array") == 1, "another machine fetches it once"
        here.publish(path=KEY.parts, version=FIRST, run_id="run")
        assert load(here, None)[3] == 3
        assert proxy.count("GET", "array") == 2, "what is published now is asked for"


def test_what_is_damaged_in_the_cache_is_fetched(s3: SeaweedFS, bucket: str, tmp_path: Path) -> None:
    cache = ByteCache(tmp_path / "cache", 10**8)
    manager = manager_of(s3, bucket, s3.url, cache)
    manager.stage(build_output_context(asset_key=KEY, version=FIRST, run_id="run"), list(range(1000)))
    [file] = cache.folder.iterdir()
    content = file.read_bytes()
    for damaged in (content[:100], b"x" + content[1:], b"", content[:50] + b"x" + content[51:]):
        file.write_bytes(damaged)
        assert load(manager) == list(range(1000))


def test_a_cache_that_cannot_be_written_stops_nothing(s3: SeaweedFS, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    manager = manager_of(s3, bucket, s3.url, ByteCache(tmp_path / "file" / "cache", 10**8))
    manager.stage(build_output_context(asset_key=KEY, version=FIRST, run_id="run"), 5)
    assert load(manager) == 5


def test_a_cache_stays_below_its_limit_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = ByteCache(tmp_path, 100_000)
    for number in range(60):
        manifest = Manifest(key=("a",), version=str(number), run_id="", size=5_000, checksum="", stored_at=0.0)
        cache.put(f"place {number}", manifest, (b"x" * 5_000,))
        assert cache.get("place 0") is not None, "it is used all the time"
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 120_000
    assert cache.get("place 1") is None and cache.get("place 59") is not None
    too_large = Manifest(key=("a",), version="", run_id="", size=30_000, checksum="", stored_at=0.0)
    cache.put("too large", too_large, (b"x" * 30_000,))
    assert cache.get("too large") is None
    assert not list(tmp_path.glob("*.tmp"))
