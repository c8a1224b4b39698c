"""A daemon that looks at automation conditions beside a cluster: what they ask for is run, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assetflow import AssetKey, DagsterInstance, RunStatus, submit
from assetflow.automation.memory import DecisionNode
from assetflow.clock import wait_until
from assetflow.local.cluster import LocalCluster
from assetflow.runs.ticks import Tick
from assetflow.settings import Settings
from assetflow.stores.sql.history import SqlHistory
from assetflow.wiring import signer_for
from tests.support.daemons import cluster_of, history_of_daemon, settings_of

MODULE = "tests.samples.bakery_that_bakes_itself"
PATIENCE = 40.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with cluster_of(MODULE, tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def settings(cluster: LocalCluster) -> Settings:
    return settings_of(cluster, 20.0)


@pytest.fixture(scope="module")
def history(settings: Settings) -> Iterator[SqlHistory]:
    """What a daemon fills meanwhile."""
    with history_of_daemon(settings, MODULE, {"baking": ("sensor", "running")}) as found:
        yield found


def asked(history: SqlHistory) -> list[Tick]:
    ticks = history.ticks_of("default", MODULE).ticks("baking", statuses=["succeeded", "failed"], limit=100)
    return [tick for tick in reversed(ticks) if tick.ended is not None]


def test_what_conditions_ask_for_is_made_and_asked_for_once(
    history: SqlHistory, cluster: LocalCluster, settings: Settings
) -> None:
    store = history.ticks_of("default", MODULE)
    assert wait_until(lambda: bool(store.ticks("baking", statuses=["skipped"])), timeout=PATIENCE)
    store.want("new_mills", "sensor", "running")  # what is missing from the beginning is left as it is
    assert wait_until(lambda: bool(store.ticks("new_mills", statuses=["skipped"])), timeout=PATIENCE)

    # What the sensor has said besides took effect with its tick, once.
    assert list(history.partitions.get_dynamic_partitions("mills")) == ["north", "south"]
    (rye,) = history.catalog.materializations(AssetKey("rye"))
    assert '"sacks"' in rye.entry.metadata

    assert submit(MODULE, "wheat").wait(PATIENCE).success
    instance = DagsterInstance(history, signer_for(settings))

    def is_baked() -> bool:
        states = history.catalog.states([AssetKey("bread")])
        return bool(states) and set(history.catalog.partitions(AssetKey("bran"))) == {"north", "south"}

    assert wait_until(is_baked, timeout=PATIENCE)
    view = cluster.connection.store
    runs = [run_id for tick in asked(history) for run_id in tick.run_ids]
    assert wait_until(lambda: all(view.view(run_id).status is RunStatus.SUCCEEDED for run_id in runs), timeout=PATIENCE)
    count = len(store.ticks("baking", limit=1000))
    assert wait_until(lambda: len(store.ticks("baking", limit=1000)) > count + 3, timeout=PATIENCE)
    assert [run_id for tick in asked(history) for run_id in tick.run_ids] == runs, "nothing more is asked for"
    assert len(runs) == 1, "flour, bran and bread are made in one run"
    assert all(tick.status == "succeeded" for tick in asked(history))
    assert instance.get_materialization_count_by_partition([AssetKey("bran")]) == {
        AssetKey("bran"): {"north": 1, "south": 1}
    }

    told = {entry.asset: entry for entry in store.decisions()}
    assert told.keys() == {'["flour"]', '["bran"]', '["bread"]'}
    first = [entry for entry in store.decisions('["flour"]', limit=50) if entry.requested]
    assert [entry.requested for entry in first] == [1]
    tree = DecisionNode.read(first[0].tree)
    assert (tree.label, tree.held_count) == ("eager", 1)
