"""Runs of only what is stale, on real workers that share nothing but a server and a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assetflow import AssetIn, AssetKey, ConflictError, Definitions, RunStatus, asset, submit
from assetflow.client import active_connection, recorded_until_now
from assetflow.code.reference import CodeRef
from assetflow.code.versions import CodeVersions
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.environments import Environments
from assetflow.handle import RunHandle
from assetflow.local.cluster import LocalCluster
from assetflow.overlay import records_of
from assetflow.planning.planner import make_plan
from assetflow.planning.staleness import AssetStatus, judge
from assetflow.run_ids import new_run_id
from assetflow.runs.facts import FactKind
from assetflow.stores.sql.history import SqlHistory
from assetflow.submission import project_of
from tests.samples import checked
from tests.support.cluster import lines_in, running_cluster

MODULE = "tests.samples.checked"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), modules=(MODULE,)) as running:
        token = active_connection.set(running.connection)
        yield running
        active_connection.reset(token)


def statuses(cluster: LocalCluster, definitions: Definitions) -> dict[AssetKey, AssetStatus]:
    settings = cluster.connection.settings
    with recorded_until_now(cluster.connection) as history:
        records = records_of(history, Environments(settings, definitions), settings.env)
        return judge(project_of(definitions).graph(), records)


def layers(log: Path, prefix: str, *, first: int, version: str) -> list[Any]:
    """A root, six that need it, six that need two of those, and one that needs all of these."""

    def note(name: str) -> None:
        with log.open("a") as file:
            file.write(f"{name}\n")

    @asset(name=f"{prefix}_root", code_version=version)
    def root():
        note("root")
        return first

    def middle(number: int) -> Any:
        @asset(name=f"{prefix}_middle{number}", ins={"root": AssetIn(f"{prefix}_root")}, code_version="1")
        def made(root):
            note(f"middle{number}")
            return root // 10 + number

        return made

    def low(number: int) -> Any:
        ins = {"a": AssetIn(f"{prefix}_middle{number}"), "b": AssetIn(f"{prefix}_middle{(number + 1) % 6}")}

        @asset(name=f"{prefix}_low{number}", ins=ins, code_version="1")
        def made(a, b):
            note(f"low{number}")
            return a + b

        return made

    ins = {f"n{number}": AssetIn(f"{prefix}_low{number}") for number in range(6)}

    @asset(name=f"{prefix}_end", ins={**ins, "root": AssetIn(f"{prefix}_root")}, code_version="1")
    def end(root, n0, n1, n2, n3, n4, n5):
        note("end")
        return [root, n0, n1, n2, n3, n4, n5]

    return [root, *(middle(number) for number in range(6)), *(low(number) for number in range(6)), end]


def test_equal_data_stops_the_wave_whichever_worker_has_it(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    submit(layers(log, "w", first=10, version="1"), stale_only=True).wait(60)
    assert len(lines_in(log)) == 14
    log.unlink()
    handle = submit(layers(log, "w", first=11, version="2"), stale_only=True)
    result = handle.wait(60)
    # The root is other data, but what those that need it make of it is not; the end needs the root itself.
    assert sorted(lines_in(log)) == ["end", *(f"middle{number}" for number in range(6)), "root"]
    assert sorted(result.unchanged) == [f"w_low{number}" for number in range(6)]
    definitions = Definitions(assets=layers(log, "w", first=11, version="2"))
    assert all(status.is_fresh for status in statuses(cluster, definitions).values())
    end = result.materializations[AssetKey("w_end")]
    assert end.data_version and AssetKey("w_low0") not in result.materializations
    told = [event for event in handle.events() if event.kind is FactKind.STEP_SUCCEEDED and event.detail.unchanged]
    assert len(told) == 6


def test_a_run_of_nothing_ends_at_once(cluster: LocalCluster, tmp_path: Path) -> None:
    assets = layers(tmp_path / "log", "n", first=1, version="1")
    submit(assets, stale_only=True).wait(60)
    handle = submit(assets, stale_only=True)
    result = handle.wait(10)
    assert result.status is RunStatus.SUCCEEDED and result.steps == {} and result.unchanged == ()


def test_a_run_key_stands_for_what_was_stale_when_it_was_used_first(cluster: LocalCluster, tmp_path: Path) -> None:
    assets = layers(tmp_path / "log", "k", first=1, version="1")
    first = submit(assets, stale_only=True, run_key="daily")
    first.wait(60)
    assert submit(assets, stale_only=True, run_key="daily").id == first.id
    with pytest.raises(ConflictError, match="stale_only: True before, False now"):
        submit(assets, run_key="daily")


def test_workers_that_import_the_code_name_it_as_the_client_does(cluster: LocalCluster) -> None:
    result = submit(MODULE, stale_only=True).wait(60)
    assert len(result.steps) == 3
    definitions = project_of(checked).definitions
    found = statuses(cluster, definitions)
    assert {status.status for status in found.values()} == {"FRESH"}
    assert submit(MODULE, stale_only=True).wait(10).steps == {}


def test_the_code_that_ran_is_named_and_not_the_code_of_the_plan(cluster: LocalCluster) -> None:
    def other() -> int:
        return 4

    keys = [asset.key for asset in project_of(checked).definitions.assets if asset.keys]
    graph = project_of(checked).definitions.graph()
    submit(MODULE).wait(60)
    with recorded_until_now(cluster.connection) as history:
        honest = newest(history, "measured").code_version
    planned = make_plan(graph, keys, with_code_versions=True)
    assert planned.steps[0].outputs[0].code_version == honest
    graph.code_versions = CodeVersions({key: asset(name=key.path[0])(other) for key in keys})
    planned = make_plan(graph, keys, with_code_versions=True)
    assert planned.steps[0].outputs[0].code_version != honest
    connection = cluster.connection
    request = RunRequest(run_id=new_run_id(), code=CodeRef(module=MODULE), plan=planned)
    created = launch(connection.store, connection.signer, request)
    connection.announce(created.run_id, created.announcements)
    RunHandle(created.run_id, connection.store, connection.signer, connection.announce).wait(60)
    with recorded_until_now(connection) as history:
        entry = newest(history, "measured")
        assert (entry.run_id, entry.code_version) == (created.run_id, honest)


def newest(history: SqlHistory, name: str) -> Any:
    key = AssetKey(name)
    return history.catalog.latest([key])[key].entry


def test_an_input_that_was_left_as_it_was_is_recorded_as_read(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    submit(layers(log, "r", first=10, version="1")).wait(60)
    submit(layers(log, "r", first=12, version="2"), stale_only=True).wait(60)
    with recorded_until_now(cluster.connection) as history:
        read = {key[0]: data for key, _, data in json.loads(newest(history, "r_end").inputs)}
        assert read["r_low0"] == newest(history, "r_low0").data_version
        assert read["r_root"] == newest(history, "r_root").data_version
