"""A daemon beside a cluster: what schedules and sensors ask for is run, and what goes wrong in one stays there."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from assetflow import RunStatus, submit
from assetflow.clock import wait_until
from assetflow.local.cluster import LocalCluster
from assetflow.runs.ticks import Tick, TickStore
from tests.support.daemons import cluster_of, history_of_daemon, settings_of

MODULE = "tests.samples.clockwork"
PATIENCE = 40.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with cluster_of(MODULE, tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def store(cluster: LocalCluster) -> Iterator[TickStore]:
    """What a daemon, which runs meanwhile, knows of the schedules and sensors of a module."""
    first = dict.fromkeys(("every_six_hours", "latest_only"), ("schedule", "stopped"))
    with history_of_daemon(settings_of(cluster, 4.0), MODULE, first) as history:
        yield history.ticks_of("default", MODULE)


def ended(store: TickStore, name: str, *statuses: str) -> list[Tick]:
    return [tick for tick in store.ticks(name, statuses=statuses) if tick.ended is not None]


def test_what_a_schedule_asks_for_is_run_once_it_was_missed(store: TickStore, cluster: LocalCluster) -> None:
    store.want("latest_only", "schedule", "running", since=time.time() - 3 * 86_400)
    assert wait_until(lambda: bool(ended(store, "latest_only", "succeeded")), timeout=PATIENCE)
    ticks = store.ticks("latest_only")
    assert {tick.status for tick in ticks[1:]} == {"skipped"}
    assert len(ticks) in (12, 13)
    (run_id,) = ticks[0].run_ids
    view = cluster.connection.store
    assert wait_until(lambda: view.view(run_id).status is RunStatus.SUCCEEDED, timeout=PATIENCE)
    about = view.view(run_id).about
    for tag in ('"crop":"wheat"', '"assetflow/schedule_name":"latest_only"', f'"assetflow/tick":"{ticks[0].id}"'):
        assert tag in about


def test_an_asset_sensor_starts_a_run_when_workers_have_made_the_asset(store: TickStore, cluster: LocalCluster) -> None:
    handle = submit(MODULE, "wheat")
    assert handle.wait(PATIENCE).success
    store.want("on_wheat", "sensor", "running")
    assert wait_until(lambda: bool(ended(store, "on_wheat", "succeeded")), timeout=PATIENCE)
    tick = ended(store, "on_wheat", "succeeded")[-1]
    (asked,) = tick.asked or []
    assert (asked.job_name, asked.tags["assetflow/sensor_name"]) == ("mill", "on_wheat")
    assert wait_until(
        lambda: cluster.connection.store.view(tick.run_ids[0]).status is RunStatus.SUCCEEDED, timeout=PATIENCE
    )
    assert wait_until(lambda: bool(ended(store, "on_wheat", "skipped")), timeout=PATIENCE)
    assert "No new materialization" in str(ended(store, "on_wheat", "skipped")[0].reason)
    store.want("on_wheat", "sensor", "stopped")


def test_a_schedule_that_was_started_before_it_was_seen_counts_from_when_it_is(store: TickStore) -> None:
    store.want("by_weekday", "schedule", "running")
    assert wait_until(lambda: store.states()["by_weekday"].last_at is not None, timeout=PATIENCE)
    assert abs(float(store.states()["by_weekday"].last_at or 0) - time.time()) < PATIENCE
    store.want("by_weekday", "schedule", "stopped")


def test_sensors_that_hang_crash_and_raise_keep_nobody_from_working(store: TickStore) -> None:
    for name in ("hangs", "crashes", "raises", "counts"):
        store.want(name, "sensor", "running")
    assert wait_until(lambda: bool(ended(store, "hangs")), timeout=PATIENCE)
    assert wait_until(lambda: len(ended(store, "counts")) >= 3, timeout=PATIENCE)
    errors = {name: str(ended(store, name, "failed")[-1].error) for name in ("hangs", "crashes", "raises")}
    assert errors["hangs"] == ("it took longer than 4 s, and was stopped\nwhat it has written last:\nI wait for ever")
    assert "its process was ended by SIGSEGV" in errors["crashes"]
    assert errors["raises"].endswith("ValueError: no grain")
    assert "tests/samples/clockwork.py" in errors["raises"].splitlines()[1]
    first, *others = reversed(ended(store, "counts"))
    assert (first.status, len(first.run_ids)) == ("succeeded", 1)
    assert {(tick.status, tick.reason) for tick in others} == {
        ("skipped", "its run was asked for before: same run key")
    }
    assert [tick.cursor_after for tick in (first, *others)][:3] == ["1", "2", "3"]
    assert store.states()["counts"].last_run_key == "only once"
    for name in ("hangs", "crashes", "raises", "counts"):
        store.want(name, "sensor", "stopped")


def test_a_run_that_cannot_be_started_keeps_no_other_from_it(store: TickStore, cluster: LocalCluster) -> None:
    store.want("asks_for_many", "sensor", "running")
    assert wait_until(lambda: bool(ended(store, "asks_for_many", "failed")), timeout=PATIENCE)
    store.want("asks_for_many", "sensor", "stopped")
    first = ended(store, "asks_for_many", "failed")[-1]
    assert "InvalidConfigError" in str(first.error)
    assert "barley" in str(first.error)
    assert len(set(first.run_ids)) == 24
    view = cluster.connection.store
    assert wait_until(
        lambda: all(view.view(run_id).status is RunStatus.SUCCEEDED for run_id in first.run_ids), timeout=PATIENCE
    )
