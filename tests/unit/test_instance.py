"""Looking back from Python, at runs of this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    AssetObservation,
    DagsterInstance,
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
    materialize,
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


def test_what_another_run_has_made_is_told_with_its_version_too(instance: DagsterInstance) -> None:
    materialize([orders], instance=instance)
    first = instance.get_latest_materialization_event("orders")
    materialize([orders, total], selection="total", instance=instance)
    second = instance.get_latest_materialization_event("total")
    assert first is not None and second is not None
    assert second.inputs == {AssetKey("orders"): first.version}


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


def test_what_is_no_instance_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ParameterCheckError, match="DagsterInstance, not 'here'"):
        materialize([orders], instance="here")  # type: ignore[arg-type]
    assert not (tmp_path / ".assetflow" / "storage").exists()


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


def test_a_history_answers_for_one_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @asset
    def one() -> int:
        return 1

    (tmp_path / "assetflow.toml").write_text("[environments.staging]\n")
    monkeypatch.chdir(tmp_path)
    with DagsterInstance.ephemeral() as default, DagsterInstance.ephemeral(env="staging") as staging:
        for instance in (default, staging):
            materialize([one], env="staging", instance=instance)
        assert default.get_latest_materialization_event("one") is None
        assert staging.get_latest_materialization_event("one") is not None
    monkeypatch.setenv("ASSETFLOW_ENV", "staging")
    with DagsterInstance.ephemeral() as instance:
        materialize([one], instance=instance)
        assert instance.get_latest_materialization_event("one") is not None, "that of the settings, as the run"
