from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetflow import Definitions
from assetflow.cli.main import cli
from assetflow.code.modules import load_file
from assetflow.wiring import current_settings, open_history
from tests.support.s3 import SeaweedFS

SHOP = """
from assetflow import asset, Definitions, Environment, FilesystemIOManager, S3IOManager

@asset
def sales():
    return [1, 2, {factor}]

@asset
def total(sales):
    return sum(sales)

def place(name):
    return {places}[name]

defs = Definitions(
    assets=[sales, total],
    environments=[
        Environment("staging", {{"io_manager": place("staging")}}, reads_from="production"),
        Environment("production", {{"io_manager": place("production")}}),
    ],
)
"""


def places_of(kind: str, s3: SeaweedFS, bucket: str, folder: Path) -> str:
    def disk(name: str) -> str:
        return f"FilesystemIOManager({str(folder / name)!r})"

    def cloud(name: str) -> str:
        return f"S3IOManager({bucket!r}, {name!r}, **{dict(s3.options)!r})"

    staging, production = kind.split(" to ")
    made = {"disk": disk, "S3": cloud}
    return f"{{'staging': {made[staging]('staging')}, 'production': {made[production]('production')}}}"


class Shop:
    """The project in a file, and the command line."""

    def __init__(self, folder: Path, places: str) -> None:
        self.folder, self.places = folder, places
        self.write(factor=3)

    def write(self, factor: int) -> None:
        (self.folder / "shop.py").write_text(SHOP.format(factor=factor, places=self.places))

    def run(self, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, [*words, "-f", "shop.py"], catch_exceptions=False, standalone_mode=False)
        assert (result.return_value or result.exit_code or 0) == code, result.output
        return result.output

    def materialize(self, env: str, *assets: str) -> None:
        job = self.definitions().get_job("__ASSET_JOB")
        job.execute_in_process(env=env, yes=True, asset_selection=assets or None)

    def definitions(self) -> Definitions:
        return load_file(self.folder / "shop.py")[0]

    def value(self, key: str, env: str) -> object:
        return self.definitions().load_asset_value(key, env=env)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", ["disk to disk", "disk to S3", "S3 to S3", "S3 to disk"])
def test_what_staging_has_made_is_published_in_production_byte_for_byte(
    kind: str, s3: SeaweedFS, bucket: str, folder: Path
) -> None:
    shop = Shop(folder, places_of(kind, s3, bucket, folder))
    shop.materialize("production")
    shop.write(factor=30)
    shop.materialize("staging")
    assert (shop.value("total", "staging"), shop.value("total", "production")) == (33, 6)
    told = [json.loads(line) for line in shop.run("diff", "production", "staging", "--json", code=1).splitlines()]
    assert {one["asset"]: one["summary"] for one in told} == {"sales": "3 → 3 items: 1 changed", "total": "6 → 33"}
    assert "new there" not in shop.run("promote", "--from", "staging", "--to", "production", "--dry-run")
    lines = shop.run("promote", "--from", "staging", "--to", "production", "--yes", "--json").splitlines()
    told = {one["asset"]: one for one in map(json.loads, lines)}
    assert all(one["promoted"] and not one["same"] for one in told.values())
    assert (shop.value("total", "production"), shop.value("sales", "production")) == (33, [1, 2, 30])
    versions = shop.run("assets", "history", "total", "--env", "production", "--json").splitlines()
    assert json.loads(versions[0])["checksum"] == told["total"]["checksum"]
    assert len(versions) == 2, "what was there is kept"
    assert json.loads(versions[0])["promoted_from"] == "staging"
    history = open_history(current_settings())
    assert history is not None
    [kept] = history.promotions.entries()
    history.close()
    assert (kept.source, kept.target, kept.keys) == ("staging", "production", ["sales", "total"])
    assert kept.user and kept.undone is None
    assert "no difference" in shop.run("diff", "production", "staging")
    again = shop.run("promote", "total", "--from", "staging", "--to", "production", "--yes")
    assert "the same bytes are there" in again and "nothing to publish" in again
    shop.run("assets", "rollback", "total", "--env", "production", "--yes")
    assert shop.value("total", "production") == 6, "and can be gone back to"


def test_nothing_is_published_if_something_is_missing_or_nobody_has_said_yes(
    s3: SeaweedFS, bucket: str, folder: Path
) -> None:
    shop = Shop(folder, places_of("disk to disk", s3, bucket, folder))
    shop.materialize("staging", "sales")
    result = CliRunner().invoke(cli, ["promote", "-f", "shop.py", "--from", "staging", "--to", "production", "--yes"])
    assert "staging has not made total: nothing is published" in str(result.exception)
    result = CliRunner().invoke(cli, ["promote", "sales", "-f", "shop.py", "--from", "staging", "--to", "production"])
    assert result.exit_code == 2 and "production is protected: say --yes" in result.output
    asked = shop.run("promote", "sales", "--from", "staging", "--to", "production", "--dry-run")
    assert "would be published" in asked
    assert "1 asset is new there, so it stays: going back needs an earlier version in production" in asked
    assert not (folder / "production" / "sales").exists()
    result = CliRunner().invoke(cli, ["promote", "-f", "shop.py", "--from", "staging", "--to", "staging"])
    assert result.exit_code == 2 and "are the same environment" in result.output


def test_damaged_bytes_are_not_published(s3: SeaweedFS, bucket: str, folder: Path) -> None:
    shop = Shop(folder, places_of("disk to disk", s3, bucket, folder))
    shop.materialize("staging")
    [file] = (folder / "staging" / ".versions").glob("total@*")
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    arguments = ["promote", "total", "-f", "shop.py", "--from", "staging", "--to", "production", "--yes"]
    result = CliRunner().invoke(cli, arguments)
    assert "is not what was written" in str(result.exception)
    assert not (folder / "production" / "total").exists()


def test_who_reads_from_another_environment_does_not_differ_from_it(s3: SeaweedFS, bucket: str, folder: Path) -> None:
    shop = Shop(folder, places_of("disk to disk", s3, bucket, folder))
    shop.materialize("production")
    told = shop.run("diff", "staging", "production")
    assert "staging has not made it, and reads it from production" in told and "no difference" in told
    shop.materialize("default", "sales")
    assert "default has not made it" in shop.run("diff", "production", "default", "total", code=1)
    result = CliRunner().invoke(cli, ["diff", "staging", "prod", "-f", "shop.py"])
    assert "there is no environment 'prod'" in str(result.exception)


def test_tables_of_duckdb_are_promoted_and_compared_and_not_mistaken_for_files(folder: Path) -> None:
    (folder / "shop.py").write_text(
        """
import os
import pandas
from assetflow import asset, Definitions, DuckDBIOManager, Environment, FilesystemIOManager

@asset(metadata={"primary_key": "id"})
def sales():
    return pandas.DataFrame({"id": [1, 2], "price": [1.0, float(os.environ.get("PRICE", "2"))]})

defs = Definitions(assets=[sales], environments=[
    Environment("staging", {"io_manager": DuckDBIOManager("staging.duckdb")}),
    Environment("production", {"io_manager": DuckDBIOManager("production.duckdb")}),
    Environment("files", {"io_manager": FilesystemIOManager("files")}),
])
"""
    )
    shop = Shop.__new__(Shop)
    shop.folder = folder
    shop.materialize("production")
    shop.materialize("staging")
    assert "no difference" in shop.run("diff", "production", "staging")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRICE", "3")
        shop.materialize("staging")
    assert "2 rows, 1 changed" in shop.run("diff", "production", "staging", code=1)
    assert "✔" in shop.run("promote", "--from", "staging", "--to", "production", "--yes")
    assert "no difference" in shop.run("diff", "production", "staging")
    result = CliRunner().invoke(cli, ["promote", "-f", "shop.py", "--from", "staging", "--to", "files"])
    assert "kept by a DuckDBIOManager there and by a FilesystemIOManager here" in str(result.exception)
    assert not (folder / "files" / "sales").exists()
