"""Daemons that die while they look at automation conditions: what these ask for is asked for once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from assetflow import AssetMaterialization, DagsterInstance
from assetflow.clock import wait_until
from assetflow.code.signing import Signer
from assetflow.fail_points import TICK_POINTS
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.run_store import RedisRunStore
from assetflow.stores.sql.history import open_history
from tests.support.servers import running_valkey

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.samples.bakery_that_bakes_itself"
PATIENCE = 60.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_f25_what_conditions_ask_for_is_asked_for_once_wherever_a_daemon_dies(tmp_path: Path) -> None:
    """Each daemon ends the tick in which the one before it died, and dies in one of its own, a point later."""
    home = tmp_path / "home"
    home.mkdir()
    history = open_history(f"sqlite:///{home / 'history.db'}")
    assert history is not None
    store = history.ticks_of("default", MODULE)
    store.want("baking", "sensor", "running")
    instance = DagsterInstance(history, Signer(b"a key for these tests"))

    with running_valkey() as valkey:
        runs = RedisRunStore(connect(valkey.url))

        def start(fail: str = "") -> subprocess.Popen[bytes]:
            environment = {
                **os.environ,
                "ASSETFLOW_HOME": str(home),
                "ASSETFLOW_REDIS_URL": valkey.url,
                "ASSETFLOW_DATABASE_URL": "",
                "ASSETFLOW_FAIL": fail,
            }
            with (home / "daemons.log").open("ab") as log:
                return subprocess.Popen(
                    [sys.executable, "-m", "assetflow", "daemon", "-m", MODULE],
                    cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip

        def patiently(holds: Callable[[], bool]) -> None:
            assert wait_until(holds, timeout=PATIENCE), (home / "daemons.log").read_text()

        try:
            daemon = start()
            patiently(lambda: bool(store.ticks("baking", statuses=["skipped"])))  # the first look asks for nothing
            daemon.kill()
            daemon.wait()
            for point in TICK_POINTS:
                instance.report_runless_asset_event(AssetMaterialization("wheat"))
                daemon = start(f"{point}:sigkill")
                assert daemon.wait(PATIENCE) == -signal.SIGKILL, f"{point} was not reached"
            daemon = start()
            patiently(lambda: len(store.ticks("baking", statuses=["skipped"])) > 1)
            seen = len(store.ticks("baking", limit=1000))
            patiently(lambda: len(store.ticks("baking", limit=1000)) > seen + 2)
        finally:
            daemon.kill()
            daemon.wait()
        asked = [run for tick in store.ticks("baking", limit=1000) for run in tick.run_ids]
        live = runs.live_runs()
        assert sorted(asked) == sorted(live), "each run that is there was asked for, and each that was is there"
        tags = [msgspec.json.decode(runs.view(run, steps=False).about)["tags"] for run in live]
        assert len({tag["assetflow/tick"] for tag in tags}) == len(live), "one for each tick"
        decided = [entry.tick for entry in store.decisions('["flour"]', limit=100) if entry.requested]
        assert sorted(map(str, decided)) == sorted(tag["assetflow/tick"] for tag in tags)
        assert 2 <= len(live) <= len(TICK_POINTS), "new wheat is asked for once, and what was seen together at once"
    history.close()
