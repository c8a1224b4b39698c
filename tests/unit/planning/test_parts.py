"""Functions that make several assets, as steps."""

from __future__ import annotations

import pytest

from assetflow import (
    AssetKey,
    AssetOut,
    CircularDependencyError,
    InvalidSubsetError,
    Output,
    asset,
    materialize,
    multi_asset,
)
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.plan import Plan
from assetflow.planning.planner import make_plan

OPTIONAL = {"first": AssetOut(is_required=False), "last": AssetOut(is_required=False)}


def key(name: str) -> AssetKey:
    return AssetKey(name)


def plan_of(*assets, keys: list[str] | None = None) -> Plan:
    graph = AssetGraph.build(assets, [])
    return make_plan(graph, graph.materializable_keys if keys is None else [key(name) for name in keys])


def shape(plan: Plan) -> dict[str, tuple[list[str], list[str]]]:
    """Step name to what it makes, and what it waits for."""
    names = {output.index: output.key[-1] for step in plan.steps for output in step.outputs}
    return {
        step.key: (
            [output.key[-1] for output in step.outputs],
            sorted(names[item.output] for item in step.inputs if item.output is not None),
        )
        for step in plan.steps
    }


@asset
def middle(first):
    return first + 1


def first_and_last(*, can_subset: bool = True):
    @multi_asset(
        outs=OPTIONAL,
        non_argument_deps={"middle"},
        internal_asset_deps={"first": set(), "last": {key("middle"), key("first")}},
        can_subset=can_subset,
    )
    def ends(context):
        for name in sorted(context.selected_output_names):
            yield Output(len(name), name)

    return ends


def test_several_assets_of_one_function_are_one_step():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both():
        return 1, 2

    @asset
    def total(a, b):
        return a + b

    plan = plan_of(total, both)
    assert shape(plan) == {"both": (["a", "b"], []), "total": (["total"], ["a", "b"])}
    assert [output.index for step in plan.steps for output in step.outputs] == [0, 1, 2]


def test_a_step_comes_after_the_inputs_of_all_its_assets():
    @asset
    def late():
        return 1

    @multi_asset(
        outs={"free": AssetOut(), "bound": AssetOut()},
        internal_asset_deps={"free": set(), "bound": {key("late")}},
    )
    def both(late):
        return 1, late

    @asset
    def user(free):
        return free

    plan = plan_of(both, user, late)
    assert list(shape(plan)) == ["late", "both", "user"]


def test_deps_of_its_own_decide_what_is_upstream():
    @asset
    def x():
        return 1

    @asset
    def y():
        return 2

    @multi_asset(
        outs={"a": AssetOut(), "b": AssetOut()},
        internal_asset_deps={"a": {key("x")}, "b": {key("y"), key("a")}},
    )
    def both(x, y):
        return x, y

    graph = AssetGraph.build([x, y, both], [])
    assert graph.upstream(key("a")) == {key("x")}
    assert graph.upstream(key("b")) == {key("y"), key("a")}
    assert graph.downstream(key("a")) == {key("b")}
    assert [found.parts[0] for found in graph.topological()] == ["x", "y", "a", "b"]


def test_a_function_is_called_twice_if_others_stand_between_its_assets(tmp_path, monkeypatch):
    plan = plan_of(first_and_last(), middle)
    assert shape(plan) == {
        "ends": (["first"], []),
        "middle": (["middle"], ["first"]),
        "last": (["last"], ["first", "middle"]),
    }
    monkeypatch.setenv("ASSETFLOW_HOME", str(tmp_path))
    result = materialize([first_and_last(), middle])
    assert [result.asset_value(name) for name in ("first", "middle", "last")] == [5, 6, 4]


def test_one_call_is_enough_if_what_stands_between_is_not_selected():
    assert list(shape(plan_of(first_and_last(), middle, keys=["first", "last"]))) == ["ends"]


def test_a_function_that_cannot_be_called_twice_goes_round_in_a_circle():
    with pytest.raises(CircularDependencyError, match="ends makes first, last in one step"):
        plan_of(first_and_last(can_subset=False), middle)


def test_an_argument_that_is_not_there_yet_is_refused():
    @multi_asset(
        outs=OPTIONAL,
        internal_asset_deps={"first": set(), "last": {key("middle")}},
        can_subset=True,
    )
    def ends(middle):
        yield Output(middle, "last")

    with pytest.raises(CircularDependencyError, match="takes middle as an argument each time"):
        plan_of(ends, middle)


def test_without_deps_of_its_own_the_circle_is_seen_in_the_graph():
    @multi_asset(outs=OPTIONAL, non_argument_deps={"middle"})
    def ends():
        yield Output(1, "first")

    with pytest.raises(CircularDependencyError, match="first -> middle -> first"):
        plan_of(ends, middle)


def test_two_functions_that_need_each_other_go_round_in_a_circle():
    def pair(name: str, needs: str):
        @multi_asset(
            name=f"both_{name}",
            outs={f"{name}_1": AssetOut(), f"{name}_2": AssetOut()},
            non_argument_deps={needs},
            internal_asset_deps={f"{name}_1": set(), f"{name}_2": {key(needs)}},
        )
        def both():
            return 1, 2

        return both

    with pytest.raises(CircularDependencyError, match=r"among the steps of these assets: a_1, a_2; b_1, b_2"):
        plan_of(pair("a", "b_1"), pair("b", "a_1"))


def test_a_part_of_what_cannot_be_divided_is_refused():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both():
        return 1, 2

    with pytest.raises(InvalidSubsetError, match="both also makes: b"):
        plan_of(both, keys=["a"])
    with pytest.raises(InvalidSubsetError) as caught:
        plan_of(both, keys=["b"])
    assert "test_parts.py" in str(caught.value) and "can_subset=True" in str(caught.value)


def test_dependencies_follow_new_keys():
    copy = first_and_last().with_attributes(new_keys={key("first"): AssetKey(["x", "first"])})
    assert copy.asset_deps == {
        AssetKey(["x", "first"]): set(),
        key("last"): {key("middle"), AssetKey(["x", "first"])},
    }
