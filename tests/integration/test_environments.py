from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from assetflow import AssetIn, Definitions, Environment, FilesystemIOManager, asset, local_cluster, submit
from assetflow.errors import InvalidInvocationError


def wide_and_leaf(folder: Path) -> Definitions:
    """Fifty assets, and one that needs some of them."""

    def one(number: int):
        @asset(name=f"base_{number}")
        def base():
            return number

        return base

    @asset(ins={"a": AssetIn("base_3"), "b": AssetIn("base_7")})
    def leaf(a, b):
        return a * 10 + b

    def environment(name: str, **options):
        return Environment(name, {"io_manager": FilesystemIOManager(folder / name)}, **options)

    return Definitions(
        assets=[*(one(number) for number in range(50)), leaf],
        environments=[environment("production"), environment("staging", reads_from="production")],
    )


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()


def test_a_leaf_in_staging_writes_one_object_and_reads_the_rest_from_production(tmp_path: Path) -> None:
    definitions = wide_and_leaf(tmp_path)
    with local_cluster(workers=2, directory=tmp_path / "home"):
        with pytest.raises(InvalidInvocationError, match="production is protected"):
            submit(definitions, env="production")
        submit(definitions, env="production", yes=True).wait(60)
        before = digest(tmp_path / "production")
        handle = submit(definitions, "leaf", env="staging")
        assert {item.environment for step in handle.plan.steps for item in step.inputs} == {"production"}
        handle.wait(60)
        assert digest(tmp_path / "production") == before, "production is not touched"
        assert len([path for path in (tmp_path / "staging").iterdir() if path.is_file()]) == 1
        submit(definitions, "base_3", env="staging").wait(60)
        plan = submit(definitions, "leaf", env="staging").plan
        assert {item.key[0]: item.environment for item in plan.steps[0].inputs} == {
            "base_3": "",
            "base_7": "production",
        }
    with definitions.get_asset_value_loader(env="staging") as loader:
        assert loader.load_asset_value("leaf") == 37 and loader.load_asset_value("base_9") == 9


def test_a_run_for_an_environment_that_workers_do_not_know_is_refused_with_the_reason(tmp_path: Path) -> None:
    @asset
    def one():
        return 1

    with local_cluster(workers=1, directory=tmp_path / "home"), pytest.raises(InvalidInvocationError, match="nowhere"):
        submit([one], env="nowhere")
