from __future__ import annotations

import random

import pytest

from assetflow.definitions.asset import asset
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.retry import Backoff, Jitter, RetryPolicy
from assetflow.definitions.source_asset import SourceAsset
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.plan import Plan, Step, StepInput, Topology
from assetflow.planning.planner import make_plan
from tests.samples import shop


def plan_of(*assets, sources=(), keys=None) -> Plan:
    graph = AssetGraph.build(assets, sources)
    return make_plan(graph, graph.materializable_keys if keys is None else keys)


def step(plan: Plan, name: str) -> Step:
    return next(step for step in plan.steps if step.key == name)


def read(plan: Plan, name: str) -> dict[str, StepInput]:
    return {item.name: item for item in step(plan, name).inputs}


@pytest.fixture
def shop_plan() -> Plan:
    return plan_of(*shop.ASSETS, sources=shop.SOURCES)


def test_steps_come_after_what_they_need_and_are_numbered_in_order(shop_plan):
    assert [step.index for step in shop_plan.steps] == list(range(6))
    topology = Topology(shop_plan)
    for parent, children in enumerate(topology.children):
        assert all(child > parent for child in children)


def test_a_step_is_named_after_its_asset(shop_plan):
    assert [step.key for step in shop_plan.steps] == [
        "raw__refunds",
        "losses",
        "raw__orders",
        "revenue",
        "profit",
        "greeting",
    ]


def test_outputs_are_numbered_through_the_plan(shop_plan):
    assert [output.index for step in shop_plan.steps for output in step.outputs] == list(range(6))
    assert step(shop_plan, "raw__orders").outputs[0].key == ("raw", "orders")


def test_an_input_made_by_the_plan_points_to_its_output(shop_plan):
    made = step(shop_plan, "raw__orders").outputs[0].index
    assert read(shop_plan, "revenue")["orders"].output == made


def test_an_input_from_a_source_is_read_with_the_manager_of_the_source(shop_plan):
    rates = read(shop_plan, "revenue")["rates"]
    assert rates.output is None
    assert rates.io_manager_key == "bank_io"
    assert rates.key == ("bank", "currencies")
    assert rates.loads


def test_a_dangling_order_is_left_out(shop_plan):
    assert set(read(shop_plan, "revenue")) == {"orders", "rates"}


def test_what_is_not_selected_is_read_from_storage():
    @asset(io_manager_key="lake")
    def first():
        return 1

    @asset
    def second(first):
        return first

    @asset
    def third(second, first):
        return second

    plan = plan_of(first, second, third, keys=[AssetKey("third"), AssetKey("first")])
    assert [step.key for step in plan.steps] == ["first", "third"]
    assert read(plan, "third")["second"].output is None
    assert read(plan, "third")["first"].output == 0
    alone = plan_of(first, second, third, keys=[AssetKey("second")])
    assert read(alone, "second")["first"].io_manager_key == "lake"
    assert step(alone, "second").rank == 1


def test_an_input_manager_overrules_the_manager_that_stored_the_value():
    @asset(io_manager_key="lake")
    def first():
        return 1

    @asset(ins={"first": AssetIn(input_manager_key="reader")})
    def second(first):
        return first

    assert read(plan_of(first, second), "second")["first"].io_manager_key == "reader"


def test_ordering_only_inputs_do_not_load():
    @asset
    def table() -> None:
        return None

    @asset
    def lock():
        return 1

    @asset(non_argument_deps={"lock"})
    def report(table):
        return 1

    inputs = read(plan_of(table, lock, report), "report")
    assert not inputs["lock"].loads
    assert not inputs["table"].loads
    assert inputs["lock"].output is not None


def test_an_optional_output_is_marked():
    @asset(output_required=False)
    def alerts():
        yield from ()

    assert not step(plan_of(alerts), "alerts").outputs[0].required


def test_rank_is_the_length_of_the_longest_chain_below(shop_plan):
    ranks = {step.key: step.rank for step in shop_plan.steps}
    assert ranks == {"raw__refunds": 3, "losses": 2, "raw__orders": 3, "revenue": 2, "profit": 1, "greeting": 1}


def test_the_queue_comes_from_the_tag():
    @asset(op_tags={"assetflow/queue": "gpu"})
    def model():
        return 1

    @asset
    def table():
        return 1

    plan = plan_of(model, table)
    assert step(plan, "model").queue == "gpu"
    assert step(plan, "table").queue == "default"


def test_steps_that_only_wait_for_each_other_are_lines():
    @asset
    def a():
        return 1

    @asset
    def b(a):
        return a

    @asset
    def c(b):
        return b

    plan = plan_of(a, b, c)
    assert [step.line for step in plan.steps] == [1, 2, None]


def test_a_dependant_that_waits_for_another_too_is_no_line(shop_plan):
    assert step(shop_plan, "raw__orders").line == step(shop_plan, "revenue").index
    assert step(shop_plan, "revenue").line is None


def test_two_dependants_are_no_line():
    @asset
    def a():
        return 1

    @asset
    def b(a):
        return a

    @asset
    def c(a):
        return a

    assert step(plan_of(a, b, c), "a").line is None


def test_another_queue_is_no_line():
    @asset
    def a():
        return 1

    @asset(op_tags={"assetflow/queue": "gpu"})
    def b(a):
        return a

    assert step(plan_of(a, b), "a").line is None


def test_a_retry_policy_is_carried_over():
    @asset(retry_policy=RetryPolicy(max_retries=3, delay=0.5, backoff=Backoff.EXPONENTIAL, jitter=Jitter.FULL))
    def flaky():
        return 1

    @asset(retry_policy=RetryPolicy())
    def brief():
        return 1

    plan = plan_of(flaky, brief)
    retry = step(plan, "flaky").retry
    assert (retry.max_retries, retry.delay, retry.backoff, retry.jitter) == (3, 0.5, "exponential", "full")
    assert step(plan, "brief").retry.max_retries == 1
    assert step(plan, "brief").retry.delay == 0.0


def test_two_keys_that_give_one_name_get_two_step_names():
    @asset(name="b", key_prefix="a")
    def split():
        return 1

    @asset(name="a__b")
    def joined():
        return 1

    plan = plan_of(split, joined)
    assert sorted(step.key for step in plan.steps) == ["a__b", "a__b_2"]


def test_the_same_graph_gives_the_same_plan(shop_plan):
    assert plan_of(*shop.ASSETS, sources=shop.SOURCES).to_json() == shop_plan.to_json()


def test_a_plan_survives_json(shop_plan):
    assert Plan.from_json(shop_plan.to_json()) == shop_plan


def test_nothing_selected_is_an_empty_plan():
    assert plan_of(*shop.ASSETS, sources=shop.SOURCES, keys=[]).steps == ()


def layered(width: int, depth: int, seed: int) -> list:
    """Assets in layers, each needing three of the layer before; listed in random order."""
    chance = random.Random(seed)
    assets, above = [], []
    for level in range(depth):
        layer = []
        for place in range(width):
            needs = chance.sample(above, k=min(3, len(above)))
            ins = {f"in_{index}": AssetIn(name) for index, name in enumerate(needs)}
            layer.append(f"n_{level}_{place}")
            assets.append(asset(name=layer[-1], ins=ins)(lambda **kwargs: len(kwargs)))
        above = layer
    chance.shuffle(assets)
    return assets


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_definition_gives_an_executable_plan(seed):
    plan = plan_of(*layered(10, 6, seed))
    assert len(plan.steps) == 60
    made: set[int] = set()
    for item in plan.steps:
        assert {read.output for read in item.inputs} <= made
        made |= {output.index for output in item.outputs}
    for item in plan.steps:
        below = [plan.steps[child].rank for child in Topology(plan).children[item.index]]
        assert item.rank == 1 + max(below, default=0)
    assert sum(len(item.inputs) for item in plan.steps) == 5 * 10 * 3


def test_a_source_of_the_same_group_is_read_from_storage():
    @asset(group_name="g")
    def total(items):
        return items

    plan = plan_of(total, sources=[SourceAsset(["s3", "items"], group_name="g")])
    assert read(plan, "total")["items"].key == ("s3", "items")
