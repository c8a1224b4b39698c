"""The history in Python: runs of this process that are recorded, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagsterInstance,
    DataVersion,
    EventRecordsFilter,
    EventType,
    Output,
    ParameterCheckError,
    RunNotFoundError,
    RunStatus,
    asset,
    define_asset_job,
    materialize,
    materialize_to_memory,
)
from assetflow.definitions.bundle import Definitions


@asset(code_version="3")
def wheat(context):
    context.log_event(AssetObservation("field", metadata={"rain": 7}))
    context.log_event(AssetMaterialization("straw", partition="mon"))
    return Output(12, metadata={"tons": 4}, data_version=DataVersion("w1"))


@asset
def flour(wheat):
    return wheat / 2


@asset
def burnt(flour):
    raise ValueError("too hot")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


def test_a_run_in_process_leaves_no_history_unless_it_is_given_one(home: Path) -> None:
    materialize([wheat])
    assert not (home / ".assetflow" / "history.db").exists()
    with DagsterInstance.get() as kept:
        result = materialize([wheat], instance=kept)
    with DagsterInstance.get() as again:
        assert [run.run_id for run in again.get_runs()] == [result.run_id]


def test_the_latest_materialization_of_an_asset_is_told(instance: DagsterInstance) -> None:
    materialize_to_memory([wheat, flour], instance=instance)
    second = materialize_to_memory([wheat, flour], instance=instance)
    entry = instance.get_latest_materialization_event("wheat")
    assert entry is not None
    assert (entry.run_id, entry.step_key, entry.code_version) == (second.run_id, "wheat", "3")
    made = entry.asset_materialization
    assert made is not None
    assert made.metadata["tons"].value == 4
    assert made.tags["assetflow/data_version"] == "w1"
    below = instance.get_latest_materialization_events(["flour", "nothing"])
    assert below[AssetKey("nothing")] is None
    found = below[AssetKey("flour")]
    assert found is not None
    assert set(found.inputs) == {AssetKey("wheat")}


def test_records_are_paged_by_their_numbers(instance: DagsterInstance) -> None:
    runs = [materialize_to_memory([wheat], instance=instance).run_id for _ in range(3)]
    wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, AssetKey("wheat"))
    found = instance.get_event_records(wanted, limit=2)
    assert [record.run_id for record in found] == [runs[2], runs[1]]
    older = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, "wheat", before_cursor=found[-1].storage_id)
    assert [record.run_id for record in instance.get_event_records(older)] == [runs[0]]
    assert [record.run_id for record in instance.get_event_records(wanted, ascending=True)] == runs
    seen = instance.get_event_records(EventRecordsFilter(EventType.ASSET_OBSERVATION, "field"))
    assert [record.event_log_entry.asset_observation.metadata["rain"].value for record in seen] == [7, 7, 7]
    with pytest.raises(ParameterCheckError, match="all_logs"):
        EventRecordsFilter(EventType.STEP_START, "wheat")


def test_assets_are_listed_counted_and_wiped(instance: DagsterInstance) -> None:
    materialize_to_memory([wheat, flour], instance=instance)
    assert instance.get_asset_keys() == [AssetKey("flour"), AssetKey("straw"), AssetKey("wheat")]
    assert instance.get_asset_keys(prefix=["wheat"]) == [AssetKey("wheat")]
    [record] = instance.get_asset_records(["wheat"])
    assert (record.materialization_count, record.asset_key) == (1, AssetKey("wheat"))
    assert instance.get_materialization_count_by_partition(["straw"]) == {AssetKey("straw"): {"mon": 1}}
    instance.wipe_assets(["wheat"])
    assert not instance.has_asset_key("wheat")
    assert instance.has_asset_key("flour")


def test_runs_are_told_with_what_went_wrong(instance: DagsterInstance) -> None:
    result = materialize_to_memory([wheat, flour, burnt], instance=instance, raise_on_error=False, tags={"a": "b"})
    [run] = instance.get_runs(statuses=[RunStatus.FAILED])
    assert (run.run_id, run.steps, run.tags, run.is_finished, run.is_success) == (
        result.run_id,
        3,
        {"a": "b"},
        True,
        False,
    )
    assert run.error == "step burnt: ValueError: too hot"
    assert instance.get_runs(statuses=[RunStatus.SUCCEEDED]) == []
    assert [event.event_type for event in instance.all_logs(run.run_id)] == [e.event_type for e in result.all_events]
    with pytest.raises(RunNotFoundError):
        instance.all_logs("01M8AEHEMJ050XH9V927AZJ5MB")


def test_a_run_that_was_interrupted_is_recorded_as_cancelled(instance: DagsterInstance) -> None:
    @asset
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        materialize_to_memory([interrupted], instance=instance)
    assert [run.status for run in instance.get_runs()] == [RunStatus.CANCELLED]


def test_a_job_in_process_is_recorded_under_its_name(instance: DagsterInstance) -> None:
    job = Definitions(assets=[wheat], jobs=[define_asset_job("mill", "wheat")]).get_job("mill")
    job.execute_in_process(instance=instance)
    assert [run.job_name for run in instance.get_runs()] == ["mill"]
