"""What is published again is known by what it was made of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from assetflow.definitions.asset import asset
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.environment import Environment
from assetflow.definitions.job import define_asset_job
from assetflow.instance import DagsterInstance
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.io.promotion import Promotion, promote
from assetflow.keys import AssetKey
from assetflow.planning.staleness import StaleCauseCategory
from assetflow.republishing import Republished, record_republished
from assetflow.runs.entries import MaterializationEntry
from assetflow.settings import Settings
from assetflow.wiring import current_settings


def defs(folder: Path, *, version: str = "1") -> Definitions:
    @asset(code_version="1")
    def a():
        return 1

    @asset(code_version=version)
    def b(a):
        return a + 1

    return Definitions(
        assets=[a, b],
        jobs=[define_asset_job("everything")],
        environments=[
            Environment("staging", {"io_manager": FilesystemIOManager(folder / "staging")}),
            Environment("live", {"io_manager": FilesystemIOManager(folder / "live")}),
        ],
    )


def take_over(folder: Path, settings: Settings, name: str) -> None:
    there, here = FilesystemIOManager(folder / "staging"), FilesystemIOManager(folder / "live")
    manifest = there.current((name,))
    assert manifest is not None
    one = Promotion(key=AssetKey(name), source=there, target=here, manifest=manifest, replaces=here.current((name,)))
    told = promote(one, "staging")
    republished = Republished(
        key=one.key, manifest=told, environment="live", source="staging", version=manifest.version, how="promote"
    )
    assert record_republished(settings, republished)


def newest(instance: DagsterInstance, environment: str, name: str) -> MaterializationEntry:
    key = AssetKey(name)
    return instance._history.catalog_of(environment).latest([key])[key].entry


def test_what_was_taken_over_is_as_fresh_as_where_it_was_made(tmp_path: Path) -> None:
    settings = replace(current_settings(), database_url=f"sqlite:///{tmp_path / 'history.db'}")
    with DagsterInstance.local_temp(tmp_path) as instance:
        defs(tmp_path).get_job("everything").execute_in_process(instance=instance, env="staging")
        for name in ("a", "b"):
            take_over(tmp_path, settings, name)
        made, taken = newest(instance, "staging", "b"), newest(instance, "live", "b")
        assert taken.version != made.version and taken.token > made.token
        same = ("data_version", "code_version", "inputs", "run_id")
        assert [getattr(taken, name) for name in same] == [getattr(made, name) for name in same]
        assert json.loads(taken.tags) == {"assetflow/promoted_from": "staging"}
        statuses = instance.get_asset_statuses(defs(tmp_path), env="live")
        assert all(status.is_fresh for status in statuses.values())
        changed = instance.get_asset_statuses(defs(tmp_path, version="2"), env="live")[AssetKey("b")]
        assert [cause.category for cause in changed.causes] == [StaleCauseCategory.CODE]


def test_what_the_history_knows_nothing_of_is_made_by_unknown_code(tmp_path: Path) -> None:
    settings = replace(current_settings(), database_url=f"sqlite:///{tmp_path / 'history.db'}")
    with DagsterInstance.local_temp(tmp_path) as instance:
        defs(tmp_path).get_job("everything").execute_in_process(env="staging")
        take_over(tmp_path, settings, "a")
        status = instance.get_asset_statuses(defs(tmp_path), ["a"], env="live")[AssetKey("a")]
        assert newest(instance, "live", "a").data_version
        assert "not known" in status.causes[0].reason


def test_without_a_history_nothing_is_recorded(tmp_path: Path) -> None:
    defs(tmp_path).get_job("everything").execute_in_process(env="staging")
    manifest = FilesystemIOManager(tmp_path / "staging").current(("a",))
    assert manifest is not None
    republished = Republished(
        key=AssetKey("a"), manifest=manifest, environment="live", source="staging", version="x", how="promote"
    )
    assert not record_republished(replace(current_settings(), database_url="none"), republished)
