"""Loading checks from modules, renaming with a prefix, merging definitions."""

import pytest

from assetflow import (
    AssetCheckKey,
    AssetKey,
    Definitions,
    InMemoryIOManager,
    InvalidDefinitionError,
    asset,
    define_asset_job,
    load_asset_checks_from_modules,
    load_asset_checks_from_package_name,
    load_assets_from_modules,
    materialize_to_memory,
    resource,
)
from tests.samples import checked


def names(checks):
    return {str(key) for check in checks for key in check.check_keys}


def said(result):
    return {(str(one.asset_check_key), one.passed) for one in result.get_asset_check_evaluations()}


def test_checks_and_assets_are_loaded_apart():
    assert [item.key.path for item in load_assets_from_modules([checked])] == [["measured"]]
    assert names(load_asset_checks_from_modules([checked])) == {"measured:positive", "measured:even"}
    with pytest.raises(ModuleNotFoundError):
        load_asset_checks_from_package_name("tests.samples.no_such_package")


def test_both_together_run():
    defs = Definitions(
        assets=load_assets_from_modules([checked]),
        asset_checks=load_asset_checks_from_modules([checked]),
        resources={"io_manager": InMemoryIOManager()},
    )
    assert said(defs.get_job("__ASSET_JOB").execute_in_process()) == {
        ("measured:own", True), ("measured:positive", True), ("measured:even", False),
    }  # fmt: skip


def test_a_prefix_reaches_the_checks():
    assets = load_assets_from_modules([checked], key_prefix="raw")
    checks = load_asset_checks_from_modules([checked], asset_key_prefix="raw")
    assert names(assets) == {"raw/measured:own"}
    assert names(checks) == {"raw/measured:positive", "raw/measured:even"}
    assert said(materialize_to_memory([*assets, *checks])) == {
        ("raw/measured:own", True), ("raw/measured:positive", True), ("raw/measured:even", False),
    }  # fmt: skip
    assert names([checked.positive]) == {"measured:positive"}, "the objects themselves stay as they are"
    assert AssetCheckKey(AssetKey("measured"), "own") in checked.measured.check_keys


def test_definitions_are_merged():
    manager = resource(lambda: InMemoryIOManager())
    one = Definitions(
        assets=[asset(name="a")(lambda: 1)], resources={"io_manager": manager}, jobs=[define_asset_job("j")]
    )
    other = Definitions(assets=[asset(name="b")(lambda a: a + 1)], resources={"io_manager": manager})
    both = Definitions.merge(one, other)
    assert both.get_job("j").execute_in_process().asset_value("b") == 2
    assert Definitions.merge().assets == ()


@pytest.mark.parametrize("clash", ["asset", "resource", "job"])
def test_what_cannot_be_merged(clash):
    def make():
        return Definitions(
            assets=[asset(name="a")(lambda: 1)] if clash == "asset" else [],
            resources={"r": 1} if clash == "resource" else {},
            jobs=[define_asset_job("j")] if clash == "job" else [],
        )

    with pytest.raises(InvalidDefinitionError):
        Definitions.merge(make(), make())
