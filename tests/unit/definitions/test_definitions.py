"""Everything that belongs together."""

from __future__ import annotations

import cloudpickle
import pytest

from assetflow import (
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    Definitions,
    InvalidDefinitionError,
    InvariantViolationError,
    Nothing,
    Out,
    Output,
    ParameterCheckError,
    ResourceDefinition,
    RetryPolicy,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    fs_io_manager,
    graph_asset,
    op,
    resource,
)


@op
def double(number):
    return 2 * number


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


def test_all_that_is_said_of_assets_travels_with_them():
    @op(out={"one": Out(), "other": Out(is_required=False)})
    def shared(deep):
        yield Output(deep, "one")

    first = AssetsDefinition.from_op(shared, key_prefix="first")
    second = AssetsDefinition.from_op(shared, key_prefix="second")

    @graph_asset(group_name="graphs")
    def composed(plain):
        return double(plain)

    @asset(
        key_prefix=["a", "b"],
        ins={"plain": AssetIn(metadata={"columns": ["x"]}), "then": AssetIn("needy", dagster_type=Nothing)},
        metadata={"owner": "sales"}, group_name="marts", description="all of it", code_version="7",
        io_manager_key="lake", op_tags={"cpu": "2"}, retry_policy=RetryPolicy(max_retries=2, delay=0.5),
        partitions_def=StaticPartitionsDefinition(["x", "y"]), resource_defs={"lake": fs_io_manager},
        check_specs=[AssetCheckSpec("whole", asset=["a", "b", "full"])],
    )  # fmt: skip
    def full(context, plain: int) -> int:
        return plain

    @asset_check(asset="plain")
    def positive(plain):
        return plain > 0

    given = Definitions(assets=[plain, full, composed, first, second], asset_checks=[positive])
    copy = cloudpickle.loads(cloudpickle.dumps(given))
    assert [type(one) for one in copy.assets] == [type(one) for one in given.assets]
    for mine, theirs in zip(given.assets, copy.assets, strict=True):
        told, again = mine.__reduce__()[1], theirs.__reduce__()[1]
        assert told[0] is again[0]
        assert [repr(one) for one in told[2:6]] == [repr(one) for one in again[2:6]]
        assert [one.name for one in mine.ops] == [one.name for one in theirs.ops]
        for op_here, op_there in zip(mine.ops, theirs.ops, strict=True):
            assert (op_here.ins, op_here.outs) == (op_there.ins, op_there.outs)
            assert (op_here.tags, op_here.retry_policy, op_here.location, op_here.description) == (
                op_there.tags, op_there.retry_policy, op_there.location, op_there.description,
            )  # fmt: skip
            assert op_here.checks == op_there.checks
    there = {key: one for one in copy.assets for key in one.keys}
    assert there[AssetKey(["a", "b", "full"])].partitions_def == StaticPartitionsDefinition(["x", "y"])
    assert set(there[AssetKey(["a", "b", "full"])].resource_defs) == {"lake"}
    ops = [there[AssetKey([prefix, "one"])].op for prefix in ("first", "second")]
    assert ops[0] is ops[1], "what is one op here is one there"
    assert copy.assets[0](), "its function runs"
