"""Superseded attempts, and runs that overlap, with their values in S3: nothing of the earlier claim is seen."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from assetflow import Definitions, RunHandle, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.io.retention import Retention, garbage, remove
from assetflow.io.s3.s3_io_manager import S3IOManager
from assetflow.keys import Version
from assetflow.runs.store import Proof
from assetflow.testing.contexts import build_input_context
from tests.faults.test_superseded import sleeping_slot
from tests.support.fleet import running_fleet
from tests.support.ledger import Ledger, assert_nothing_left, report
from tests.support.s3 import SeaweedFS


def manager_at(s3: SeaweedFS, bucket: str, url: str | None = None, **options: Any) -> S3IOManager:
    return S3IOManager(bucket, "values", **{**s3.options, **({"endpoint_url": url} if url else {})}, **options)


def load(manager: S3IOManager, key: str, version: Version | None = None) -> Any:
    return manager.load_input(build_input_context(asset_key=[key], version=version))


def collected(manager: S3IOManager, later: float) -> list[str]:
    """What `assetflow gc` removes when so many seconds have gone by."""
    found = list(garbage(manager, Retention(staged_seconds=0.0), now=time.time() + later, oldest_live_run=None))
    return [item.why for item in found if remove(manager, item)]


def committed(handle: RunHandle, name: str) -> Version:
    outputs = [item for event in handle.events() for item in event.detail.outputs or ()]
    return next(Version.parse(str(item.version)) for item in outputs if item.key[-1] == name)


@pytest.mark.parametrize(
    "point",
    ["stage.after", *(pytest.param(point, marks=pytest.mark.slow) for point in ("settle.after", "stage.before"))],
)
def test_f18_on_s3_an_attempt_that_wakes_up_after_it_was_superseded_changes_nothing(
    tmp_path: Path, s3: SeaweedFS, bucket: str, point: str
) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        sleeper = fleet.start(environment={"ASSETFLOW_FAIL": f"{point}:sigstop"})
        [dead] = [view.info.worker for view in fleet.known_workers()]
        ledger, manager = Ledger(tmp_path / "ledger"), manager_at(s3, bucket)
        defs = Definitions(assets=ledger.chain(2), resources={"io_manager": manager})
        first = submit(defs)
        slot = sleeping_slot(fleet, sleeper)
        fleet.start()
        connection = fleet.connection()
        connection.announce(first.id, connection.store.reclaim(first.id, dead, Proof.WORKER_DIED))
        assert first.wait(40).success
        then = submit(defs)
        assert then.wait(40).success
        assert ledger.repeated <= 1 + 2
        os.kill(slot, signal.SIGCONT)
        assert wait_until(lambda: "succeeded in" in sleeper.words, timeout=20), sleeper.words
        for name in ("link_0", "link_1"):
            current = manager.current((name,))
            assert current is not None and current.version == committed(then, name).name
            expected = {committed(handle, name) for handle in (first, then)}
            kept = lambda name=name: {one.version for one in manager.kept((name,))}  # noqa: E731
            assert wait_until(lambda kept=kept, expected=expected: kept() == expected, timeout=5), kept()
        assert_nothing_left(fleet)
        report("F18 on S3", point=point, repeated=ledger.repeated)


def test_f19_on_s3_overlapping_runs_read_their_own_values_and_the_later_claim_stays(
    tmp_path: Path, s3: SeaweedFS, bucket: str
) -> None:
    seed = random.randrange(10**6)

    @asset
    def made(context):
        pause(random.Random(f"{seed}{context.run_id}").uniform(0, 0.1))
        return context.run_id

    @asset
    def used(context, made):
        if made != context.run_id:
            raise AssertionError(f"run {context.run_id} has read the value of run {made}, seed {seed}")
        return made

    manager = manager_at(s3, bucket)
    defs = Definitions(assets=[made, used], resources={"io_manager": manager})
    with running_fleet(tmp_path) as (fleet, _server):
        fleet.start("-c", "2")
        fleet.start("-c", "1")
        handles = []
        for _ in range(4):
            pair = [submit(defs), submit(defs)]
            for handle in pair:
                assert handle.wait(40).success
            handles += pair
            for name in ("made", "used"):
                current = manager.current((name,))
                highest = max(committed(handle, name) for handle in pair)
                assert current is not None and current.version == highest.name, f"seed {seed}"
        assert_nothing_left(fleet)
        report("F19 on S3", pairs=len(handles) // 2, seed=seed)
