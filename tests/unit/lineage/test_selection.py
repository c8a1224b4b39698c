from __future__ import annotations

import pytest

from assetflow.definitions.bundle import Definitions
from assetflow.errors import CheckError, InvalidSubsetError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.selection import AssetSelection
from assetflow.lineage.syntax import resolve_selection
from tests.samples import shop


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return AssetGraph.build(shop.ASSETS, shop.SOURCES)


@pytest.fixture(scope="module")
def names(graph):
    def resolve(selection) -> set[str]:
        return {key.to_user_string() for key in selection.resolve(graph)}

    return resolve


@pytest.fixture(scope="module")
def chosen(graph):
    def resolve(selection) -> list[str]:
        return [key.to_user_string() for key in resolve_selection(graph, selection)]

    return resolve


def test_all_means_every_asset_and_no_source(names):
    assert names(AssetSelection.all()) == {"raw/orders", "raw/refunds", "revenue", "losses", "profit", "greeting"}


def test_text_in_keys_is_split_at_slashes_and_a_list_is_not(names):
    assert names(AssetSelection.keys("raw/orders", AssetKey("profit"), ["raw", "refunds"])) == {
        "raw/orders",
        "raw/refunds",
        "profit",
    }


def test_assets_are_selected_by_their_definitions(names):
    assert names(AssetSelection.assets(shop.profit, shop.orders)) == {"profit", "raw/orders"}


def test_groups_take_all_their_assets_and_an_unknown_group_is_empty(names):
    assert names(AssetSelection.groups("raw", "no_such_group")) == {"raw/orders", "raw/refunds"}


def test_upstream_and_downstream_go_as_far_as_they_are_told(names):
    profit, orders = AssetSelection.keys("profit"), AssetSelection.keys("raw/orders")
    assert names(profit.upstream(depth=1)) == {"profit", "revenue", "losses"}
    assert names(profit.upstream()) == {"profit", "revenue", "losses", "raw/orders", "raw/refunds"}
    assert names(profit.upstream(depth=0)) == {"profit"}
    assert names(orders.downstream(depth=1)) == {"raw/orders", "revenue"}
    assert names(orders.downstream()) == {"raw/orders", "revenue", "profit"}


def test_include_self_false_takes_the_whole_start_away(names):
    both = AssetSelection.keys("profit", "losses")
    assert names(both.upstream(include_self=False)) == {"revenue", "raw/orders", "raw/refunds"}


def test_a_walk_from_nothing_is_nothing(names):
    nothing = AssetSelection.groups("no_such_group")
    assert names(nothing.upstream()) == set()
    assert names(nothing.downstream()) == set()


def test_sinks_and_sources_are_those_of_the_selection_itself(names):
    middle = AssetSelection.keys("revenue", "losses", "profit")
    assert names(middle.sinks()) == {"profit"}
    assert names(middle.sources()) == {"revenue", "losses"}
    assert names(AssetSelection.all().sinks()) == {"profit", "greeting"}


def test_selections_are_combined_with_or_and_minus(names):
    raw, up = AssetSelection.groups("raw"), AssetSelection.keys("revenue").upstream()
    assert names(raw | up) == {"raw/orders", "raw/refunds", "revenue"}
    assert names(raw & up) == {"raw/orders"}
    assert names(up - raw) == {"revenue"}


@pytest.mark.parametrize("combine", [lambda s: s | "a", lambda s: s & None, lambda s: s - AssetKey("a")])
def test_combining_with_something_else_is_refused(combine):
    with pytest.raises(CheckError, match="combined with a selection only"):
        combine(AssetSelection.all())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profit", ["profit"]),
        ("raw/orders", ["raw/orders"]),
        ('key:"raw/orders"', ["raw/orders"]),
        ("*", ["profit", "losses", "revenue", "raw/refunds", "raw/orders", "greeting"]),
        ("+profit", ["profit", "losses", "revenue"]),
        ("++profit", ["profit", "losses", "revenue", "raw/refunds", "raw/orders"]),
        ("*profit", ["profit", "losses", "revenue", "raw/refunds", "raw/orders"]),
        ("raw/orders+", ["revenue", "raw/orders"]),
        ("raw/orders*", ["profit", "revenue", "raw/orders"]),
        ("+revenue+", ["profit", "revenue", "raw/orders"]),
        ("*revenue*", ["profit", "revenue", "raw/orders"]),
        ("group:raw", ["raw/refunds", "raw/orders"]),
        ('group:"raw"+', ["losses", "revenue", "raw/refunds", "raw/orders"]),
        ("profit, greeting", ["profit", "greeting"]),
        ("  greeting   profit ", ["profit", "greeting"]),
    ],
)
def test_text_means(chosen, text, expected):
    assert chosen(text) == expected


def test_a_list_means_all_of_its_elements_together(chosen):
    assert chosen(["greeting", shop.profit, AssetKey(["raw", "orders"]), AssetSelection.groups("raw")]) == [
        "profit",
        "raw/refunds",
        "raw/orders",
        "greeting",
    ]


def test_none_means_everything_and_an_empty_list_nothing(chosen):
    assert len(chosen(None)) == 6
    assert chosen([]) == []


def test_a_list_may_be_as_long_as_the_graph(chosen, graph):
    assert len(chosen([*graph.materializable_keys] * 2_000)) == 6


@pytest.mark.parametrize("text", ["", "   ", "a*+", "a b!", "**a", "+*", "group:", "a&b"])
def test_malformed_text_is_refused(chosen, text):
    with pytest.raises(CheckError, match="Invalid selection string"):
        chosen(text)


def test_what_is_no_selection_is_refused(chosen):
    with pytest.raises(CheckError, match="not int"):
        chosen(7)


def test_an_unknown_asset_is_refused_with_the_nearest_names(chosen):
    with pytest.raises(InvalidSubsetError, match="no AssetsDefinition objects supply these keys") as caught:
        chosen("+revenu")
    assert caught.value.fix == "did you mean revenue?"


def test_a_name_like_no_other_is_refused_with_the_names_there_are(chosen):
    with pytest.raises(InvalidSubsetError) as caught:
        chosen("zzzzzz")
    assert caught.value.fix == "the assets are: greeting, losses, profit, raw/orders, raw/refunds, revenue"


@pytest.mark.parametrize("selection", ["bank/currencies", shop.currencies, ["profit", shop.currencies]])
def test_a_source_cannot_be_selected(chosen, selection):
    with pytest.raises(InvalidSubsetError, match="supplied by SourceAsset objects") as caught:
        chosen(selection)
    assert "shop.py:" in caught.value.where


def test_a_selection_is_resolved_among_assets_and_in_definitions():
    given = [*shop.ASSETS, *shop.SOURCES]
    assert AssetSelection.keys("profit").resolve(given) == {AssetKey("profit")}
    assert AssetSelection.keys("profit").upstream().resolve([shop.profit]) == {AssetKey("profit")}
    assert AssetSelection.groups("raw").resolve(Definitions(given)) == {
        AssetKey(["raw", "orders"]), AssetKey(["raw", "refunds"])
    }  # fmt: skip


def test_the_sources_that_assets_read(graph):
    sources = {key for key in graph.sources_by_key if graph.downstream(key)}
    assert sources
    assert AssetSelection.all().upstream_source_assets().resolve(graph) == sources
    readers = AssetSelection.all().upstream_source_assets().downstream(depth=1, include_self=False)
    assert readers.resolve(graph) == {key for source in sources for key in graph.downstream(source)}


@pytest.mark.parametrize("make", [
    lambda: AssetSelection.all().upstream("x"), lambda: AssetSelection.all().downstream(-1),
    lambda: AssetSelection.all().upstream(True), lambda: AssetSelection.groups(["g"]),
    lambda: AssetSelection.from_string(3), lambda: AssetSelection.kind(3), lambda: AssetSelection.tag("a", 3),
    lambda: AssetSelection.owner(None), lambda: AssetSelection.key_substring(3),
    lambda: AssetSelection.key_pattern(3), lambda: AssetSelection.assets("a"),
    lambda: AssetSelection.checks_for_assets("a"),
])  # fmt: skip
def test_selections_of_other_things_are_refused(make):
    with pytest.raises(CheckError):
        make()
