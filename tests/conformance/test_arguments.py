"""Arguments of the decorators that are of another type, and what is said of them."""

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    CheckError,
    InvalidDefinitionError,
    InvariantViolationError,
    Nothing,
    Output,
    SourceAsset,
    asset,
    asset_check,
    graph,
    materialize_to_memory,
    multi_asset,
    op,
)


@asset
def up():
    return 1


@op
def one():
    return 1


@graph
def ones():
    return one()


WRONG = [
    {"name": 3}, {"ins": [1]}, {"ins": {"x": 1}}, {"ins": {5: AssetIn("up")}}, {"metadata": 3}, {"metadata": {1: 2}},
    {"description": 3}, {"required_resource_keys": "x"}, {"required_resource_keys": {1}}, {"required_resource_keys": 3},
    {"resource_defs": 3}, {"io_manager_def": 3}, {"io_manager_key": 3}, {"compute_kind": 3}, {"dagster_type": 5},
    {"dagster_type": "int"}, {"op_tags": 3}, {"output_required": 3}, {"retry_policy": 5}, {"code_version": 3},
    {"deps": 3}, {"deps": up}, {"hooks": 3}, {"hooks": [3]}, {"key": 3}, {"owners": 3}, {"tags": 3}, {"kinds": {1}},
    {"check_specs": 3}, {"check_specs": [3]}, {"non_argument_deps": 3}, {"non_argument_deps": {3}}, {"key_prefix": 3},
]  # fmt: skip


@pytest.mark.parametrize("given", WRONG, ids=[f"{next(iter(one))}-{number}" for number, one in enumerate(WRONG)])
def test_an_argument_of_another_type_is_named(given):
    with pytest.raises(CheckError) as raised:
        asset(**({} if "key" in given else {"name": "f"}) | given)(lambda **kwargs: 1)
    assert next(iter(given)) in str(raised.value) or "key" in given


def test_the_definition_is_named_too():
    with pytest.raises(CheckError, match=r'description of asset "f" \(.*test_arguments.py:\d+\) is a str, not int: 3'):

        @asset(description=3)
        def f(): ...


@pytest.mark.parametrize(
    "given", [{"group_name": ""}, {"group_name": 3}, {"kinds": {"A b"}}, {"owners": ["x"]}], ids=str
)
def test_labels_that_do_not_fit(given):
    with pytest.raises(InvalidDefinitionError):
        asset(name="f", **given)(lambda: 1)


def test_kinds_stand_in_for_compute_kind():
    with pytest.raises(CheckError, match="compute_kind and kinds exclude each other"):
        asset(name="f", kinds={"a"}, compute_kind="b")(lambda: 1)


@pytest.mark.parametrize("make", [
    lambda: multi_asset(outs={"a": AssetOut()}, can_subset="yes")(one.compute_fn),
    lambda: multi_asset(outs={"a": AssetOut()}, description=3)(one.compute_fn),
    lambda: multi_asset(outs={"a": AssetOut()}, internal_asset_deps=3)(one.compute_fn),
    lambda: op(description=3)(one.compute_fn), lambda: op(ins=3)(one.compute_fn), lambda: op(tags=3)(one.compute_fn),
    lambda: asset_check(asset=up, blocking="yes")(one.compute_fn),
    lambda: asset_check(asset=up, required_resource_keys="x")(one.compute_fn),
])  # fmt: skip
def test_the_other_decorators_check_theirs(make):
    with pytest.raises(CheckError):
        make()


@pytest.mark.parametrize("decorate", [asset, asset(name="x"), op, multi_asset(outs={"a": AssetOut()})])
@pytest.mark.parametrize("given", [up, one])
def test_a_definition_is_no_function(decorate, given):
    with pytest.raises(CheckError, match=r"which is a definition already: .*test_arguments.py"):
        decorate(given)


@pytest.mark.parametrize("given", [{}, {"ins": {"x": AssetIn("up", dagster_type=Nothing)}}])
def test_an_argument_of_nothing_cannot_be_given(given):
    def annotated(x: Nothing): ...

    def plain(x): ...

    with pytest.raises(InvalidDefinitionError, match="the argument x has the type Nothing") as raised:
        asset(**given)(plain if given else annotated)
    assert "deps" in raised.value.fix


def test_a_dependency_that_is_loaded_already_says_for_which_argument():
    with pytest.raises(InvalidDefinitionError, match="base is loaded for the argument a already"):

        @asset(ins={"a": AssetIn("base")}, non_argument_deps={"base"})
        def f(a): ...


@pytest.mark.parametrize("given", [{"key_prefix": ["a/b"], "name": "n"}, {"name": "a/b/n"}])
def test_a_slash_in_a_segment_says_how_to_write_it(given):
    with pytest.raises(InvalidDefinitionError, match="is not a valid name") as raised:
        asset(**given)(lambda: 1)
    assert raised.value.fix == "key_prefix=['a', 'b'], name=\"n\""


def test_ops_and_graphs_are_not_mistaken_for_each_other():
    with pytest.raises(CheckError, match="from_op takes what @op makes, not the graph ones: use from_graph"):
        AssetsDefinition.from_op(ones)
    with pytest.raises(CheckError, match="from_graph takes what @graph makes, not the op one: use from_op"):
        AssetsDefinition.from_graph(one)
    with pytest.raises(CheckError, match="from_op takes what @op makes, not int: 3"):
        AssetsDefinition.from_op(3)


def test_an_empty_mapping_of_internal_deps_is_none():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, internal_asset_deps={})
    def both(up):
        return 1, 2

    assert both.asset_deps == {AssetKey(key): {AssetKey("up")} for key in "ab"}


def test_a_source_has_its_manager_and_takes_a_group_once():
    source = SourceAsset("s")
    assert source.io_manager_def is None
    grouped = source.with_group_name("g")
    assert (grouped.group_name, source.group_name) == ("g", "default")
    with pytest.raises(InvalidDefinitionError, match="A group name has already been provided to source asset s"):
        grouped.with_group_name("h")


def test_an_output_that_was_not_asked_for_is_reported(caplog):
    @multi_asset(outs={"a": AssetOut(is_required=False), "b": AssetOut(is_required=False)}, can_subset=True)
    def both():
        yield Output(1, "a")
        yield Output(2, "b")

    with caplog.at_level("WARNING"):
        result = materialize_to_memory([both], selection="a")
    assert result.asset_value("a") == 1
    assert [record.getMessage() for record in caplog.records if "was not selected" in record.getMessage()]


def test_a_result_with_several_outputs_names_them():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def two():
        return 1, 2

    result = materialize_to_memory([two])
    with pytest.raises(InvariantViolationError, match='op "two" has no output "result"; it has: a, b') as raised:
        result.output_for_node("two")
    assert raised.value.fix == 'output_for_node("two", "a")'
