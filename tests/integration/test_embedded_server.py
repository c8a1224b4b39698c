"""The server of embedded clusters, which is started again and again on the same files."""

from __future__ import annotations

from pathlib import Path

from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect


def test_workers_of_an_earlier_time_put_nobody_in_quarantine(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        client = connect(server.url)
        client.set("af:deaths:here", 9)
        client.set("af:quarantine:here", 1, ex=600)
        client.set("af:limits", "kept")
    with Valkey(tmp_path) as server:
        assert sorted(connect(server.url).scan_iter()) == [b"af:limits"]
