"""Everything that belongs together."""

from __future__ import annotations

import cloudpickle
import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    Definitions,
    InvalidDefinitionError,
    InvariantViolationError,
    ParameterCheckError,
    ResourceDefinition,
    SourceAsset,
    asset,
    resource,
)


@asset
def plain():
    return 1


@asset(required_resource_keys={"api"})
def needy(context):
    return 1


def test_assets_and_sources_are_told_apart_and_lists_taken_apart():
    source = SourceAsset("s")
    definitions = Definitions(assets=[plain, [needy, source]], resources={"api": 1})
    assert definitions.assets == (plain, needy)
    assert definitions.source_assets == (source,)
    assert isinstance(definitions.resources["api"], ResourceDefinition)
    assert Definitions().assets == ()


def test_the_same_object_counts_once():
    assert Definitions(assets=[plain, [plain]]).assets == (plain,)


def test_two_assets_of_one_key_are_refused_with_both_places():
    other = asset(name="plain")(lambda: 2)
    with pytest.raises(InvalidDefinitionError, match=r"Duplicate asset key: AssetKey\(\['plain'\]\)") as caught:
        Definitions(assets=[plain, other])
    assert str(caught.value.where).count("test_definitions.py:") == 2


def test_an_asset_and_a_source_may_have_one_key():
    assert len(Definitions(assets=[plain, SourceAsset("plain")]).source_assets) == 1


@pytest.mark.parametrize("assets", ["plain", [plain, "needy"], plain, 3, [3]])
def test_what_is_no_asset_is_refused(assets):
    with pytest.raises(ParameterCheckError):
        Definitions(assets=assets)


def test_a_resource_that_is_required_has_to_be_there():
    with pytest.raises(InvalidDefinitionError, match="resource with key 'api' required by op 'needy' was not provid"):
        Definitions(assets=[needy], resources={"other": 1}).check_resources()
    Definitions(assets=[needy], resources={"api": 1}).check_resources()


def test_an_io_manager_that_is_named_has_to_be_there():
    named = asset(name="named", io_manager_key="lake")(lambda: 1)
    with pytest.raises(InvalidDefinitionError, match="io manager with key 'lake' required by output 'result' of op"):
        Definitions(assets=[named]).check_resources()
    Definitions(assets=[named], resources={"lake": 1}).check_resources()


def test_there_is_always_an_io_manager_of_the_default_name():
    Definitions(assets=[plain, SourceAsset("s")]).check_resources()


def test_the_io_manager_of_a_source_has_to_be_there():
    source = SourceAsset("s", io_manager_key="lake")
    with pytest.raises(
        InvalidDefinitionError, match="SourceAsset with asset key s requires IO manager with key 'lake'"
    ):
        Definitions(assets=[source]).check_resources()
    Definitions(assets=[source], resources={"lake": 1}).check_resources()
    own = SourceAsset("s", io_manager_key="lake", resource_defs={"lake": 1})
    Definitions(assets=[own]).check_resources()


def test_an_input_manager_has_to_be_there():
    loader = asset(name="loader", ins={"plain": AssetIn(input_manager_key="lake")})(lambda plain: plain)
    with pytest.raises(InvalidDefinitionError, match="input manager with key 'lake' required by input 'plain'"):
        Definitions(assets=[plain, loader]).check_resources()
    Definitions(assets=[plain, loader], resources={"lake": 1}).check_resources()


def test_what_resources_require_has_to_be_there_too():
    @resource(required_resource_keys={"secret"})
    def api(init):
        return init.resources.secret

    with pytest.raises(InvariantViolationError, match="'secret' required by resource with key 'api'"):
        Definitions(assets=[needy], resources={"api": api}).check_resources()


def test_resources_of_an_asset_come_in_addition_to_those_of_all():
    own = ResourceDefinition.hardcoded_resource("own")
    carrying = asset(name="carrying", resource_defs={"api": own})(lambda: 1)
    definitions = Definitions(assets=[carrying, plain], resources={"other": 1})
    definitions.check_resources()
    assert definitions.resource_defs_for(carrying)["api"] is own
    assert definitions.resource_defs_for(carrying).keys() == {"api", "other"}
    assert definitions.resource_defs_for(plain).keys() == {"other"}


def test_definitions_travel_by_value():
    definitions = Definitions(assets=[plain, needy, SourceAsset("s")], resources={"api": 1})
    copy = cloudpickle.loads(cloudpickle.dumps(definitions))
    assert [item.key for item in copy.assets] == [AssetKey("plain"), AssetKey("needy")]
    assert copy.source_assets[0].key == AssetKey("s")
    copy.check_resources()
