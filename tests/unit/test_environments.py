from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assetflow import (
    DataVersion,
    Definitions,
    Environment,
    FilesystemIOManager,
    asset,
    materialize,
    observable_source_asset,
    observe,
)
from assetflow.environments import Environments
from assetflow.errors import InvalidDefinitionError, InvalidInvocationError, ParameterCheckError, SettingsError
from assetflow.settings import read_settings

FILE = """
[environments.staging]
reads_from = "production"

[environments.production]
storage = "prod"
"""


def environments(folder: Path, text: str = FILE, *given: Environment) -> Environments:
    (folder / "assetflow.toml").write_text(text)
    return Environments(read_settings({}, folder), Definitions(environments=given))


def test_environments_come_from_the_file_and_from_the_definitions(tmp_path: Path) -> None:
    found = environments(tmp_path, FILE, Environment("branch", {"io_manager": 1}, reads_from="staging"))
    assert found.names == ("branch", "default", "production", "staging")
    assert found.chain("branch") == ("branch", "staging", "production")
    assert found.chain("default") == ("default",)
    assert found.storage_of(found.get("default")) == str(tmp_path / ".assetflow" / "storage")
    assert found.storage_of(found.get("staging")) == str(tmp_path / ".assetflow" / "environments" / "staging")
    assert found.storage_of(found.get("production")) == "prod"


def test_definitions_and_file_say_of_one_environment_what_each_knows(tmp_path: Path) -> None:
    found = environments(tmp_path, FILE, Environment("production", {"api": "the real one"}, protected=False))
    both = found.get("production")
    assert both.storage == "prod" and not both.is_protected and set(both.resources) == {"api"}


def test_production_is_protected_and_synced_unless_it_is_said_otherwise() -> None:
    assert Environment("production").is_protected and Environment("production").syncs
    assert not Environment("staging").is_protected and not Environment("staging").syncs
    assert Environment("live", protected=True).syncs and not Environment("live", protected=True, fsync=False).syncs


def test_an_unknown_environment_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InvalidInvocationError, match="no environment 'stagin'") as caught:
        environments(tmp_path).get("stagin")
    assert "did you mean staging?" in str(caught.value) and "default, production, staging" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[environments.a]\nstorage = "x"\n[environments.b]\nstorage = "./x/"',
            "a and b keep their values in one place",
        ),
        ('[environments.a]\nstorage = "s3://b/x"\n[environments.b]\nstorage = "s3://b/x/"', "one place, s3://b/x"),
        ('[environments.a]\nstorage = "s3://b/x"\n[environments.b]\nstorage = "s3://b//x"', "one place, s3://b/x"),
        ('[environments.a]\nstorage = "x"\n[environments.b]\nstorage = "x/b"', "inside the place of environment a"),
        ('[environments.a]\nstorage = "s3://b"\n[environments.b]\nstorage = "s3://b/x"', "inside the place of"),
        ('[environments.a]\nstorage = "gs://b/x"', "environment a: values cannot be kept at gs://b/x"),
        ('[environments.a]\nstorage = "s3:/b/x"', "s3:// has small letters and two slashes"),
        ('[environments.a]\nstorage = "S3://b/x"', "s3:// has small letters and two slashes"),
        ('[environments.a]\nstorage = "s3:///x"', "it names no bucket"),
        ('[environments.a]\nstorage = "s3://b/../x"', "means a folder"),
        ('[environments.a]\nreads_from = "b"', "environment a reads from b, which there is not"),
        ('[environments.a]\nstorag = "x"', "no setting of an environment 'storag'"),
        ('[environments.a]\nprotected = "yes"', "protected is true or false, not 'yes'"),
        ("environments = 3", "environments are tables"),
        ("[environments]\na = 3", "environment a is a table"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        environments(tmp_path, text)


@pytest.mark.parametrize("text", ['storage = "x"', 'reads_from = "default"'])
def test_an_io_manager_of_the_project_does_not_quietly_take_the_place_of_a_storage(tmp_path: Path, text: str) -> None:
    (tmp_path / "assetflow.toml").write_text(f"[environments.staging]\n{text}")
    settings = read_settings({}, tmp_path)
    manager = FilesystemIOManager(tmp_path / "data")
    with pytest.raises(SettingsError, match="environment staging would keep its values where all others do"):
        Environments(settings, Definitions(resources={"io_manager": manager}))
    own = Environment("staging", {"io_manager": FilesystemIOManager(tmp_path / "other")})
    found = Environments(settings, Definitions(resources={"io_manager": manager}, environments=[own]))
    assert not found.uses_storage("staging") and not found.uses_storage("default")
    assert Environments(settings, Definitions()).uses_storage("staging")


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "ä", "x" * 64, 3])
def test_a_name_that_is_none_is_refused(name: Any) -> None:
    with pytest.raises(InvalidDefinitionError, match="cannot be called"):
        Environment(name)


def test_what_is_no_environment_is_refused() -> None:
    with pytest.raises(ParameterCheckError, match="a list of Environment"):
        Definitions(environments=["staging"])  # type: ignore[list-item]
    with pytest.raises(InvalidDefinitionError, match="Duplicate environment name: a"):
        Definitions(environments=[Environment("a"), Environment("a")])
    with pytest.raises(InvalidDefinitionError, match="reads from itself"):
        Environment("a", reads_from="a")
    with pytest.raises(ParameterCheckError, match="storage of environment a is a text"):
        Environment("a", storage=3)  # type: ignore[arg-type]


def test_environments_in_a_circle_read_from_each_other_once(tmp_path: Path) -> None:
    text = '[environments.a]\nreads_from = "b"\n[environments.b]\nreads_from = "a"'
    assert environments(tmp_path, text).chain("a") == ("a", "b")


@asset
def source() -> list[int]:
    return [1, 2, 3]


@asset
def total(source: list[int]) -> int:
    return sum(source)


def test_materialize_writes_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assetflow.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInvocationError, match="production is protected"):
        materialize([source, total], env="production")
    assert not (tmp_path / "prod").exists()
    materialize([source, total], env="production", yes=True)
    before = {path: path.read_bytes() for path in (tmp_path / "prod").rglob("*") if path.is_file()}
    monkeypatch.setenv("ASSETFLOW_ENV", "staging")
    result = materialize([source, total], selection="total")
    assert result.output_for_node("total") == 6, "what staging lacks is read from production"
    staging = tmp_path / ".assetflow" / "environments" / "staging"
    assert sorted(path.name for path in staging.iterdir()) == [".versions", "total"]
    assert {path: path.read_bytes() for path in (tmp_path / "prod").rglob("*") if path.is_file()} == before


def test_what_an_environment_has_made_itself_comes_before_what_it_reads_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "assetflow.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    materialize([source, total], env="production", yes=True)

    @asset(name="source")
    def changed() -> list[int]:
        return [10]

    materialize([changed], env="staging")
    assert materialize([changed, total], selection="total", env="staging").output_for_node("total") == 10
    definitions = Definitions(assets=[source, total])
    with definitions.get_asset_value_loader(env="staging") as loader:
        assert loader.load_asset_value("source") == [10] and loader.load_asset_value("total") == 10
    with definitions.get_asset_value_loader(env="production") as loader:
        assert loader.load_asset_value("source") == [1, 2, 3] and loader.load_asset_value("total") == 6


def test_resources_of_an_environment_come_before_those_of_the_definitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asset(required_resource_keys={"api"})
    def asked(context: Any) -> str:
        return str(context.resources.api)

    definitions = Definitions(
        assets=[asked],
        resources={"api": "a double", "io_manager": FilesystemIOManager(tmp_path / "here")},
        environments=[
            Environment("live", {"api": "the real one", "io_manager": FilesystemIOManager(tmp_path / "live")})
        ],
    )
    job = definitions.get_job("__ASSET_JOB")
    assert job.execute_in_process().output_for_node("asked") == "a double"
    assert (tmp_path / "here" / "asked").exists() and not (tmp_path / "live").exists()
    monkeypatch.setenv("ASSETFLOW_ENV", "live")
    assert job.execute_in_process().output_for_node("asked") == "the real one"
    assert definitions.load_asset_value("asked") == "the real one"
    assert definitions.load_asset_value("asked", env="default") == "a double"
    assert job.execute_in_process(resources={"api": "mine"}).output_for_node("asked") == "mine"


def test_looking_at_sources_of_production_needs_no_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @observable_source_asset
    def watched() -> DataVersion:
        return DataVersion("1")

    (tmp_path / "assetflow.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSETFLOW_ENV", "production")
    assert observe([watched]).success, "it writes nothing there"
