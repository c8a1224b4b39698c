from __future__ import annotations

from assetflow.definitions.asset import asset
from assetflow.definitions.multi_asset import multi_asset
from assetflow.definitions.outputs import AssetOut, Output
from assetflow.definitions.retry import RetryPolicy
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.explain import StepExplanation, explain
from assetflow.planning.planner import make_plan
from tests.samples import shop


def explained(*assets, sources=(), keys=None) -> dict[str, StepExplanation]:
    graph = AssetGraph.build(assets, sources)
    plan = make_plan(graph, graph.materializable_keys if keys is None else keys)
    return {item.step: item for item in explain(plan, graph)}


def test_inputs_are_told_apart_by_where_they_are_read():
    steps = explained(*shop.ASSETS, sources=shop.SOURCES)
    assert steps["revenue"].reads_from_run == (AssetKey(["raw", "orders"]),)
    assert steps["revenue"].reads_from_storage == (AssetKey(["bank", "currencies"]),)
    assert steps["revenue"].group == "marts"
    assert steps["revenue"].assets == (AssetKey("revenue"),)


def test_what_may_be_skipped_says_because_of_which_step():
    @asset(output_required=False)
    def alerts():
        yield from ()

    @asset
    def briefing(alerts):
        return alerts

    @asset(non_argument_deps={"briefing"})
    def letter():
        return 1

    @asset
    def other():
        return 1

    steps = explained(alerts, briefing, letter, other)
    assert steps["alerts"].may_leave_out == (AssetKey("alerts"),)
    assert steps["alerts"].conditional_on == ()
    assert steps["briefing"].conditional_on == (AssetKey("alerts"),)
    assert steps["letter"].conditional_on == (AssetKey("alerts"),)
    assert steps["other"].conditional_on == ()


def test_an_optional_asset_that_is_not_in_the_run_prunes_nothing():
    @asset(output_required=False)
    def alerts():
        yield from ()

    @asset
    def briefing(alerts):
        return alerts

    steps = explained(alerts, briefing, keys=[AssetKey("briefing")])
    assert steps["briefing"].conditional_on == ()
    assert steps["briefing"].reads_from_storage == (AssetKey("alerts"),)


def test_queue_retries_and_the_first_line_of_the_docstring_are_shown():
    @asset(op_tags={"assetflow/queue": "gpu"}, retry_policy=RetryPolicy(max_retries=2))
    def model():
        """Learns.

        Slowly.
        """
        return 1

    found = explained(model)["model"]
    assert (found.queue, found.max_retries, found.description, found.rank) == ("gpu", 2, "Learns.", 1)


def test_what_a_step_of_several_assets_may_leave_out():
    @multi_asset(outs={"sure": AssetOut(), "odd": AssetOut(is_required=False)})
    def both():
        yield Output(1, "sure")

    @asset
    def of_sure(sure):
        return sure

    @asset
    def of_odd(odd):
        return odd

    steps = explained(both, of_sure, of_odd)
    assert steps["both"].assets == (AssetKey("sure"), AssetKey("odd"))
    assert steps["both"].may_leave_out == (AssetKey("odd"),)
    assert steps["of_sure"].conditional_on == ()
    assert steps["of_odd"].conditional_on == (AssetKey("odd"),)
