"""Looking back from Python, at runs of this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    AssetObservation,
    DagsterInstance,
    Definitions,
    EventRecordsFilter,
    EventType,
    MetadataValue,
    ObserveResult,
    Output,
    ParameterCheckError,
    RunNotFoundError,
    RunStatus,
    SettingsError,
    asset,
    define_asset_job,
    materialize,
    materialize_to_memory,
    observable_source_asset,
    observe,
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


@asset
def orders():
    return Output([1, 2, 3], metadata={"rows": 3, "where": MetadataValue.url("http://x")})


@asset(code_version="3")
def total(context, orders):
    context.log_event(AssetObservation("orders", metadata={"seen": 2}))
    return sum(orders)


@asset
def fails(total):
    raise ValueError("no")


def test_the_last_materialization_tells_what_was_made_from_what(instance: DagsterInstance) -> None:
    run = materialize([orders, total], instance=instance)
    first = instance.get_latest_materialization_event("orders")
    assert first is not None and first.asset_materialization is not None
    assert first.asset_materialization.metadata["rows"] == MetadataValue.int(3)
    assert first.asset_materialization.metadata["where"] == MetadataValue.url("http://x")
    second = instance.get_latest_materialization_events(["total", "never"])
    assert second[AssetKey("never")] is None
    made = second[AssetKey("total")]
    assert made is not None
    assert (made.run_id, made.step_key, made.code_version, made.asset_key) == (
        run.run_id,
        "total",
        "3",
        AssetKey("total"),
    )
    assert made.inputs == {AssetKey("orders"): first.version} and first.version
    assert made.size is not None and made.size > 0


def test_what_another_run_has_made_is_told_with_its_version_too(instance: DagsterInstance) -> None:
    materialize([orders], instance=instance)
    first = instance.get_latest_materialization_event("orders")
    materialize([orders, total], selection="total", instance=instance)
    second = instance.get_latest_materialization_event("total")
    assert first is not None and second is not None
    assert second.inputs == {AssetKey("orders"): first.version}


def test_a_run_that_failed_is_recorded_with_its_error_and_what_it_made(instance: DagsterInstance) -> None:
    with pytest.raises(ValueError, match="no"):
        materialize([orders, total, fails], instance=instance, tags={"team": "a"})
    [run] = instance.get_runs()
    assert run.status is RunStatus.FAILED and run.is_finished and not run.is_success
    assert run.error == "step fails: ValueError: no"
    assert run.tags == {"team": "a"}
    assert instance.get_run_by_id(run.run_id) == run
    assert instance.get_asset_keys() == [AssetKey("orders"), AssetKey("total")]
    assert not instance.has_asset_key("fails") and instance.has_asset_key("total")
    kinds = [event.event_type for event in instance.all_logs(run.run_id)]
    assert kinds[0] is EventType.RUN_START and kinds[-1] is EventType.RUN_FAILURE
    [failure] = instance.all_logs(run.run_id, EventType.STEP_FAILURE)
    assert failure.step_key == "fails"


def test_a_run_that_was_interrupted_is_recorded_as_cancelled(instance: DagsterInstance, tmp_path: Path) -> None:
    @asset
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        materialize([orders, interrupted], instance=instance)
    [run] = instance.get_runs()
    assert run.status is RunStatus.CANCELLED
    assert instance.get_asset_keys() == [AssetKey("orders")]
    assert (tmp_path / ".assetflow" / "storage" / "orders").is_file(), "what is recorded as made is not there"


def test_records_of_an_asset_are_paged_and_counted(instance: DagsterInstance) -> None:
    runs = [materialize([orders], instance=instance).run_id for _ in range(5)]
    wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, "orders")
    newest = instance.get_event_records(wanted, limit=2)
    assert [record.run_id for record in newest] == runs[:2:-1]
    older = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, "orders", before_cursor=newest[-1].storage_id)
    assert [record.run_id for record in instance.get_event_records(older)] == runs[2::-1]
    assert [record.run_id for record in instance.get_event_records(wanted, ascending=True)] == runs
    [record] = instance.get_asset_records()
    assert (record.materialization_count, record.last_run_id) == (5, runs[-1])
    assert [run.run_id for run in instance.get_runs(limit=2, cursor=runs[3])] == [runs[2], runs[1]]
    assert instance.get_runs([RunStatus.FAILED]) == []


def test_observations_are_no_materializations(instance: DagsterInstance) -> None:
    @observable_source_asset
    def feed():
        return ObserveResult(metadata={"lag": 4})

    materialize([orders, total], instance=instance)
    observe([feed], instance=instance)
    seen = instance.get_event_records(EventRecordsFilter(EventType.ASSET_OBSERVATION, "feed"))
    assert [one.event_log_entry.asset_observation.metadata["lag"].value for one in seen] == [4]  # type: ignore[union-attr]
    assert len(instance.get_event_records(EventRecordsFilter(EventType.ASSET_OBSERVATION, "orders"))) == 1
    assert instance.get_asset_keys() == [AssetKey("orders"), AssetKey("total")]
    with pytest.raises(ParameterCheckError, match="all_logs"):
        EventRecordsFilter(EventType.STEP_START, "orders")


def test_every_door_of_this_process_records_if_it_is_told_where(instance: DagsterInstance) -> None:
    definitions = Definitions(assets=[orders, total], jobs=[define_asset_job("all_of_it")])
    definitions.get_job_def("all_of_it").execute_in_process(instance=instance)
    materialize_to_memory([orders], instance=instance)
    assert [run.job_name for run in instance.get_runs()][1] == "all_of_it"
    assert len(instance.get_runs()) == 2


def test_without_an_instance_nothing_is_recorded(tmp_path: Path) -> None:
    materialize([orders])
    assert not (tmp_path / ".assetflow" / "history.db").exists()


def test_what_is_no_instance_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ParameterCheckError, match="DagsterInstance, not 'here'"):
        materialize([orders], instance="here")  # type: ignore[arg-type]
    assert not (tmp_path / ".assetflow" / "storage").exists()


def test_a_wiped_asset_was_never_made_and_the_run_stays(instance: DagsterInstance) -> None:
    run = materialize([orders, total], instance=instance)
    instance.wipe_assets(["orders"])
    assert instance.get_asset_keys() == [AssetKey("total")]
    assert instance.has_run(run.run_id)


def test_a_history_in_a_folder_stays(tmp_path: Path) -> None:
    with DagsterInstance.local_temp(tmp_path / "kept") as first:
        run = materialize([orders], instance=first)
    with DagsterInstance.local_temp(tmp_path / "kept") as second:
        assert second.has_run(run.run_id)
        assert second.all_logs(run.run_id)


def test_the_history_of_the_settings_is_the_one_of_the_command_line(tmp_path: Path) -> None:
    with DagsterInstance.get() as instance:
        materialize([orders], instance=instance)
    assert (tmp_path / ".assetflow" / "history.db").is_file()


def test_where_no_history_is_kept_there_is_none_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSETFLOW_DATABASE_URL", "none")
    with pytest.raises(SettingsError, match="no history is kept here"):
        DagsterInstance.get()


def test_an_unknown_run_is_told(instance: DagsterInstance) -> None:
    assert instance.get_run_by_id("nope") is None
    with pytest.raises(RunNotFoundError, match="nope"):
        instance.all_logs("nope")
