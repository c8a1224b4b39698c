from __future__ import annotations

import pytest

from assetflow.definitions.asset import asset
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.source_asset import SourceAsset
from assetflow.errors import CircularDependencyError, InvalidDefinitionError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from tests.samples import shop


def key(text: str) -> AssetKey:
    return AssetKey.from_user_string(text)


@pytest.fixture
def graph() -> AssetGraph:
    return AssetGraph.build(shop.ASSETS, shop.SOURCES)


def test_an_asset_knows_what_it_needs_and_what_needs_it(graph):
    assert graph.upstream(key("profit")) == {key("revenue"), key("losses")}
    assert graph.downstream(key("raw/orders")) == {key("revenue")}
    assert graph.downstream(key("profit")) == set()


def test_materializable_keys_are_in_the_order_of_definition_and_hold_no_sources(graph):
    names = [item.to_user_string() for item in graph.materializable_keys]
    assert names == ["profit", "losses", "revenue", "raw/refunds", "raw/orders", "greeting"]


def test_topological_order_puts_every_asset_after_what_it_needs(graph):
    order = graph.topological()
    assert len(order) == 6
    for item in order:
        assert all(order.index(above) < order.index(item) for above in graph.upstream(item))


def test_topological_order_does_not_depend_on_the_hash_seed_but_on_the_definition_order(graph):
    names = [item.to_user_string() for item in graph.topological()]
    assert names == ["raw/refunds", "losses", "raw/orders", "revenue", "profit", "greeting"]


def test_a_source_is_an_input_but_not_an_asset(graph):
    assert graph.resolved_input(shop.revenue, "rates") == key("bank/currencies")
    assert key("bank/currencies") in graph.sources_by_key
    assert graph.upstream(key("revenue")) == {key("raw/orders")}
    assert graph.group_of(key("bank/currencies")) == "default"


def test_an_order_on_something_that_exists_nowhere_dangles(graph):
    assert graph.resolved_input(shop.revenue, "tool__lock") is None


def test_an_asset_hides_a_source_of_the_same_key():
    @asset
    def twice():
        return 1

    graph = AssetGraph.build([twice], [SourceAsset("twice")])
    assert not graph.sources_by_key


def test_the_exact_key_wins_over_a_prefixed_one_of_the_same_group():
    @asset(name="items", key_prefix="far", group_name="g")
    def far_items():
        return 1

    @asset(name="items", group_name="g")
    def near_items():
        return 2

    @asset(group_name="g")
    def total(items):
        return items

    graph = AssetGraph.build([far_items, near_items, total], [])
    assert graph.resolved_input(total, "items") == key("items")


def test_a_one_segment_argument_finds_the_only_asset_of_its_group_with_that_last_segment():
    @asset(key_prefix=["a", "b"], group_name="g")
    def items():
        return 1

    @asset(key_prefix="c", group_name="g")
    def total(items):
        return items

    graph = AssetGraph.build([items, total], [])
    assert graph.resolved_input(total, "items") == key("a/b/items")


def test_a_one_segment_argument_finds_a_source_of_its_group():
    @asset(group_name="g")
    def total(items):
        return items

    graph = AssetGraph.build([total], [SourceAsset(["s3", "items"], group_name="g")])
    assert graph.resolved_input(total, "items") == key("s3/items")


def test_another_group_with_the_same_prefix_does_not_help():
    @asset(key_prefix="p", group_name="one")
    def items():
        return 1

    @asset(key_prefix="p", group_name="two")
    def total(items):
        return items

    with pytest.raises(InvalidDefinitionError, match=r"Input asset '\[\"items\"\]' for asset '\[\"p\", \"total\"\]'"):
        AssetGraph.build([items, total], [])


def test_two_candidates_in_the_group_are_no_match():
    @asset(name="items", key_prefix="x")
    def items_x():
        return 1

    @asset(name="items", key_prefix="y")
    def items_y():
        return 1

    @asset
    def total(items):
        return items

    with pytest.raises(InvalidDefinitionError, match="not produced by any"):
        AssetGraph.build([items_x, items_y, total], [])


def test_an_asset_is_no_candidate_for_its_own_argument():
    @asset(key_prefix="mine")
    def items(items):
        return items

    with pytest.raises(InvalidDefinitionError, match="not produced by any"):
        AssetGraph.build([items], [])


def test_a_misspelt_argument_is_told_with_place_and_nearest_names():
    @asset
    def training_set():
        return 1

    @asset
    def model(trainig_set):
        return trainig_set

    with pytest.raises(InvalidDefinitionError) as caught:
        AssetGraph.build([training_set, model], [])
    assert "test_asset_graph.py:" in caught.value.where
    assert '"trainig_set"' in caught.value.where
    assert "did you mean training_set?" in caught.value.fix
    assert '@asset(ins={"trainig_set": AssetIn("training_set")})' in caught.value.fix


def test_two_assets_of_one_key_are_refused():
    @asset(name="same")
    def one():
        return 1

    @asset(name="same")
    def two():
        return 2

    with pytest.raises(InvalidDefinitionError, match=r"Duplicate asset key: AssetKey\(\['same'\]\)"):
        AssetGraph.build([one, two], [])


def test_a_circle_is_refused_and_named_in_order():
    @asset
    def hen(egg):
        return egg

    @asset
    def egg(chick):
        return chick

    @asset
    def chick(hen):
        return hen

    @asset
    def farm(hen):
        return hen

    with pytest.raises(CircularDependencyError) as caught:
        AssetGraph.build([farm, hen, egg, chick], [])
    assert "chick -> egg -> hen -> chick" in caught.value.message
    assert caught.value.where.count("test_asset_graph.py:") == 3
    assert isinstance(caught.value, ValueError)


def test_a_circle_through_ordering_only_dependencies_is_refused():
    @asset(non_argument_deps={"second"})
    def first():
        return 1

    @asset
    def second(first):
        return first

    with pytest.raises(CircularDependencyError):
        AssetGraph.build([first, second], [])


def test_a_mapped_argument_keeps_its_name():
    @asset(ins={"rows": AssetIn(["raw", "orders"])})
    def count(rows):
        return len(rows)

    graph = AssetGraph.build([shop.orders, count], [])
    assert graph.resolved_input(count, "rows") == key("raw/orders")
