"""Gathering assets from modules and packages."""

from __future__ import annotations

import types

import pytest

from assetflow import (
    AssetKey,
    Definitions,
    InvalidDefinitionError,
    LoadError,
    ParameterCheckError,
    SourceAsset,
    asset,
    load_assets_from_current_module,
    load_assets_from_modules,
    load_assets_from_package_module,
    load_assets_from_package_name,
)
from assetflow.definitions.loading import definitions_from_module
from tests.samples import farm, grouped, second_wheat, shop
from tests.samples.farm import barn, fields, lists

here = asset(name="here")(lambda: 1)
also_here = [SourceAsset("source_here")]


def keys(loaded):
    return sorted(item.key.to_user_string() for item in loaded)


def by_key(loaded):
    return {item.key.to_user_string(): item for item in loaded}


def module_of(**attributes):
    module = types.ModuleType("made")
    vars(module).update(attributes)
    return module


def test_assets_and_sources_of_a_module_are_found():
    loaded = load_assets_from_modules([fields])
    assert keys(loaded) == ["flour", "rain", "straw", "wheat"]
    assert by_key(loaded)["wheat"] is fields.wheat


def test_lists_count_if_they_hold_nothing_else_and_tuples_never():
    assert keys(load_assets_from_modules([lists])) == ["cow", "hen", "wolf"]


def test_an_object_in_several_modules_is_found_once():
    assert keys(load_assets_from_modules([fields, barn])) == ["flour", "rain", "roof", "straw", "wheat"]


def test_two_objects_of_one_key_are_refused_with_both_places():
    with pytest.raises(InvalidDefinitionError, match="Asset key wheat is defined multiple times") as caught:
        load_assets_from_modules([fields, second_wheat])
    assert "tests.samples.farm.fields, tests.samples.second_wheat" in caught.value.message
    assert "fields.py:" in str(caught.value.where)
    assert "second_wheat.py:" in str(caught.value.where)


def test_packages_are_walked_to_the_bottom():
    everything = ["cow", "flour", "hay", "hen", "rain", "roof", "straw", "wheat", "wolf"]
    assert keys(load_assets_from_package_module(farm)) == everything
    assert keys(load_assets_from_package_name("tests.samples.farm")) == everything


def test_a_package_that_is_not_there_is_not_found():
    with pytest.raises(ModuleNotFoundError):
        load_assets_from_package_name("tests.samples.nowhere")


def test_the_current_module_is_the_callers():
    assert keys(load_assets_from_current_module()) == ["here", "source_here"]


def test_a_group_is_given_to_assets_and_sources_and_the_originals_stay():
    loaded = by_key(load_assets_from_modules([fields], group_name="crops"))
    assert loaded["wheat"].group_names_by_key == {AssetKey("wheat"): "crops"}
    assert loaded["rain"].group_name == "crops"
    assert fields.wheat.group_names_by_key == {AssetKey("wheat"): "default"}
    assert fields.rain.group_name == "default"


@pytest.mark.parametrize("group", ["another", "taken"])
def test_a_group_is_refused_where_assets_have_one_even_the_same(group):
    with pytest.raises(InvalidDefinitionError, match="Group name already exists on assets deep/also_settled, settled"):
        load_assets_from_modules([grouped], group_name=group)


def test_a_group_is_refused_where_a_source_has_one():
    module = module_of(source=SourceAsset("a", group_name="taken"))
    with pytest.raises(InvalidDefinitionError, match="A group name has already been provided to source asset a"):
        load_assets_from_modules([module], group_name="g")


def test_the_group_default_is_no_group():
    module = module_of(open_to_all=grouped.open_to_all)
    (loaded,) = load_assets_from_modules([module], group_name="g")
    assert loaded.group_names_by_key == {AssetKey("open_to_all"): "g"}


def test_a_group_has_to_be_a_name():
    with pytest.raises(InvalidDefinitionError, match="not a valid group name"):
        load_assets_from_modules([fields], group_name="two words")


@pytest.mark.parametrize("prefix", ["green/side", ["green", "side"]])
def test_a_prefix_goes_before_assets_and_what_they_need_of_each_other(prefix):
    loaded = by_key(load_assets_from_modules([fields], key_prefix=prefix))
    assert sorted(loaded) == ["green/side/flour", "green/side/straw", "green/side/wheat", "rain"]
    assert loaded["green/side/flour"].keys_by_input_name == {"wheat": AssetKey(["green", "side", "wheat"])}
    assert loaded["green/side/wheat"].keys_by_input_name == {"rain": AssetKey("rain")}
    assert loaded["green/side/straw"].keys_by_input_name == {
        "tractor": AssetKey(["shed", "tractor"]),
        "wheat": AssetKey(["green", "side", "wheat"]),
    }
    assert fields.flour.keys_by_input_name == {"wheat": AssetKey("wheat")}


def test_a_prefix_leaves_what_was_not_loaded():
    loaded = by_key(load_assets_from_modules([module_of(flour=fields.flour)], key_prefix="p"))
    assert loaded["p/flour"].keys_by_input_name == {"wheat": AssetKey("wheat")}


@pytest.mark.parametrize("prefix", [3, {"a": 1}, [1]])
def test_a_prefix_of_another_kind_is_refused(prefix):
    with pytest.raises(ParameterCheckError, match="key_prefix"):
        load_assets_from_modules([fields], key_prefix=prefix)


def test_a_module_of_loose_assets_makes_definitions():
    definitions = definitions_from_module(fields)
    assert len(definitions.assets) == 3
    assert definitions.source_assets == (fields.rain,)
    assert len(definitions_from_module(shop).assets) == 6


def test_the_definitions_of_a_module_come_before_its_loose_assets():
    bundle = Definitions(assets=[fields.flour])
    assert definitions_from_module(module_of(bundle=bundle, same=bundle, loose=here)) is bundle


def test_of_several_definitions_the_one_called_defs_counts():
    defs, other = Definitions(), Definitions()
    assert definitions_from_module(module_of(a=other, defs=defs)) is defs
    with pytest.raises(LoadError, match="several Definitions: a, b"):
        definitions_from_module(module_of(a=other, b=defs))


def test_a_module_without_assets_is_refused():
    with pytest.raises(LoadError, match="module made defines no assets"):
        definitions_from_module(module_of(x=1))


@pytest.mark.parametrize("load", [
    lambda: load_assets_from_modules(fields), lambda: load_assets_from_modules(["tests.samples.farm"]),
    lambda: load_assets_from_modules(None), lambda: load_assets_from_package_module("tests.samples.farm"),
    lambda: load_assets_from_package_name(3),
])  # fmt: skip
def test_loaders_say_what_they_take(load):
    with pytest.raises(ParameterCheckError, match=r"module|package"):
        load()


def test_a_package_without_init_is_refused(tmp_path, monkeypatch):
    (tmp_path / "nameless" / "inner").mkdir(parents=True)
    (tmp_path / "nameless" / "inner" / "m.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LoadError, match="nameless has no __init__"):
        load_assets_from_package_name("nameless")
