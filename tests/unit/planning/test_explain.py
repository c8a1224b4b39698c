from __future__ import annotations

from assetflow.definitions.asset import asset
from assetflow.definitions.multi_asset import multi_asset
from assetflow.definitions.outputs import AssetOut, Output
from assetflow.definitions.retry import RetryPolicy
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.explain import StepExplanation, expected, explain
from assetflow.planning.needs import Need
from assetflow.planning.planner import make_plan
from assetflow.planning.stale_plan import make_stale_plan
from assetflow.planning.staleness import Latest, root_causes
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


class Remembered:
    """Records that a test writes down."""

    def __init__(self, **made: Latest) -> None:
        self._made = {AssetKey(name): latest for name, latest in made.items()}

    def latest(self, keys):
        return {key: self._made[key] for key in keys if key in self._made}

    def seen(self, keys):
        return {}

    def checked(self, keys):
        return {}


def made(at: float, data: str, code: str = "1", **reads: str) -> Latest:
    inputs = {AssetKey(name): (None, version) for name, version in reads.items()}
    return Latest(at=at, run_id="R", data_version=data, code_version=code, inputs=inputs)


def row() -> AssetGraph:
    @asset(code_version="1")
    def a():
        return 1

    @asset(code_version="1")
    def b(a):
        return 1

    @asset(code_version="1")
    def c(b):
        return 1

    @asset(code_version="1")
    def d(a):
        return 1

    return AssetGraph.build([a, b, c, d], [])


def test_each_step_says_why_it_is_run_and_on_what_it_depends() -> None:
    graph = row()
    records = Remembered(
        a=made(1, "a1", code="0"), b=made(2, "b1", a="a1"), c=made(3, "c1", b="older"), d=made(4, "d1", a="a1")
    )
    found = make_stale_plan(graph, graph.materializable_keys, (), (), records)
    told = {step.step: step for step in explain(found.plan, graph, found.statuses)}
    assert told["a"].reason == "code changed" and told["a"].need is Need.RUN
    assert told["b"].need is Need.MAYBE and told["b"].if_changed == (AssetKey("a"),)
    assert told["c"].need is Need.MAYBE, "b may come out as what c was made of"
    assert told["d"].need is Need.MAYBE


def test_what_is_stale_and_not_selected_makes_nothing_else_run() -> None:
    graph = row()
    records = Remembered(a=made(1, "a1", code="0"), b=made(2, "b1", a="a1"), c=made(3, "c1", b="b1"))
    found = make_stale_plan(graph, [AssetKey("b"), AssetKey("c"), AssetKey("d")], (), (), records)
    assert found.needs == {AssetKey("b"): Need.SKIP, AssetKey("c"): Need.SKIP, AssetKey("d"): Need.RUN}
    [only] = explain(found.plan, graph, found.statuses)
    assert only.reason == "never materialized"
    assert [cause.key for cause in root_causes(found.statuses, AssetKey("c"))] == [AssetKey("a")]


def test_how_long_a_plan_may_take_is_the_longest_chain_and_the_sum() -> None:
    graph = row()
    plan = make_plan(graph, graph.materializable_keys)
    durations = {AssetKey("a"): 1.0, AssetKey("b"): 2.0, AssetKey("d"): 4.0}
    found = expected(plan, explain(plan, graph, None, durations))
    assert (found.total, found.path, found.unknown) == (7.0, 5.0, 1)
