"""Whoever can write to Redis cannot run code on a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import pytest

from assetflow import RunStatus, asset, submit
from assetflow.client import active_connection
from assetflow.clock import wait_until
from assetflow.local.cluster import LocalCluster
from assetflow.runs.claims import Announcement
from assetflow.runs.facts import FactKind
from assetflow.stores.redis.connection import connect
from tests.support.cluster import running_cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), processes=1) as running:
        token = active_connection.set(running.connection)
        yield running
        active_connection.reset(token)


class Intruder:
    """Leaves a trace if it is ever unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.trace,))


def test_a_forged_plan_is_refused_and_the_one_who_waits_is_told(cluster: LocalCluster) -> None:
    @asset(op_tags={"assetflow/queue": "nobody"})
    def waits():
        return 1

    handle = submit(waits)
    plan = handle.plan
    client = connect(cluster.redis_url)
    key = f"af:{handle.id}:plan"
    client.set(key, client.get(key)[:-1] + b"x")
    cluster.connection.announce(handle.id, [Announcement("default", 0, "1")])
    refused = lambda: [f for f in cluster.connection.store.facts(handle.id) if f.kind is FactKind.RUN_REFUSED]  # noqa: E731
    assert wait_until(lambda: bool(refused()), timeout=10)
    assert "was changed after it was signed" in refused()[0].detail["error"]["message"]
    assert len(plan.steps) == 1
    handle.cancel()


def test_a_forged_bundle_is_refused_before_a_byte_of_it_is_used(cluster: LocalCluster, tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    @asset(op_tags={"assetflow/queue": "nobody"})
    def waits():
        return 1

    handle = submit(waits)
    client = connect(cluster.redis_url)
    bundle = client.hget(f"af:{handle.id}:meta", "code")
    client.set(bundle, cloudpickle.dumps(Intruder(trace)), ex=60)
    cluster.connection.announce(handle.id, [Announcement("default", 0, "1")])
    refused = lambda: [f for f in cluster.connection.store.facts(handle.id) if f.kind is FactKind.RUN_REFUSED]  # noqa: E731
    assert wait_until(lambda: bool(refused()), timeout=10)
    assert not trace.exists()
    assert handle.cancel() is RunStatus.CANCELLED
