"""Reading what is stored, outside of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assetflow import (
    AssetOut,
    Definitions,
    IOManager,
    SourceAsset,
    TypeCheckDidNotPass,
    asset,
    io_manager,
    materialize,
    multi_asset,
    resource,
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Shelf(IOManager):
    """Keeps nothing; tells what it was asked."""

    def handle_output(self, context: Any, obj: Any) -> None:
        """Forget it."""

    def load_input(self, context: Any) -> Any:
        """The question."""
        return context


@asset(key_prefix="raw", metadata={"unit": "m"})
def lengths():
    """Make lengths."""
    return [1, 2]


def test_a_value_is_loaded_with_the_manager_of_its_asset() -> None:
    defs = Definitions(assets=[lengths])
    materialize([lengths])
    assert defs.load_asset_value(["raw", "lengths"]) == [1, 2]
    assert defs.load_asset_value(lengths.key, python_type=list) == [1, 2]


def test_what_was_never_materialized_is_said_by_its_manager() -> None:
    with pytest.raises(FileNotFoundError, match='asset "raw/lengths" has no stored value'):
        Definitions(assets=[lengths]).load_asset_value(["raw", "lengths"])


def test_an_unknown_key_names_those_that_look_like_it() -> None:
    defs = Definitions(assets=[lengths, SourceAsset("rates")])
    with pytest.raises(KeyError, match=r"there is no asset raw/length; did you mean raw/lengths\?"):
        defs.load_asset_value(["raw", "length"])
    with pytest.raises(KeyError, match="there is no asset of one segment"):
        defs.load_asset_value("raw/lengths")  # a text is one segment
    with pytest.raises(KeyError, match="rates is a source asset"):
        defs.load_asset_value("rates")


def test_another_type_than_the_one_that_is_wanted() -> None:
    materialize([lengths])
    with pytest.raises(TypeCheckDidNotPass, match="raw/lengths is of another type: expected dict, got list"):
        Definitions(assets=[lengths]).load_asset_value(["raw", "lengths"], python_type=dict)


def test_what_the_manager_is_told() -> None:
    defs = Definitions(assets=[lengths], resources={"io_manager": Shelf()})
    told = defs.load_asset_value(["raw", "lengths"], metadata={"columns": ["a"]})
    assert told.asset_key == lengths.key and told.metadata == {"columns": ["a"]}
    assert told.upstream_output.metadata == {"unit": "m"} and told.upstream_output.name == "result"
    assert told.upstream_output.op_def is lengths.op and told.version is None


def test_each_asset_of_a_function_has_a_value() -> None:
    @multi_asset(outs={"left": AssetOut(), "right": AssetOut(key_prefix="x")})
    def both():
        return 1, 2

    materialize([both])
    defs = Definitions(assets=[both])
    assert (defs.load_asset_value("left"), defs.load_asset_value(["x", "right"])) == (1, 2)


def test_a_loader_opens_resources_once_and_closes_them() -> None:
    story: list[str] = []

    @resource(config_schema={"place": str})
    def disk(context):
        story.append(f"open {context.resource_config['place']}")
        yield "disk"
        story.append("close")

    @io_manager(required_resource_keys={"disk"})
    def shelf(context):
        return Shelf()

    defs = Definitions(assets=[lengths], resources={"io_manager": shelf, "disk": disk})
    config = {"disk": {"config": {"place": "here"}}}
    with defs.get_asset_value_loader(config) as loader:
        loader.load_asset_value(lengths.key)
        loader.load_asset_value(lengths.key)
        assert story == ["open here"]
    assert story == ["open here", "close"]
    assert defs.load_asset_value(lengths.key, resource_config=config).asset_key == lengths.key
    assert story == ["open here", "close"] * 2
