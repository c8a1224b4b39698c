"""Where steps may run and within which bounds: queue=, pool= and timeout= of everything that becomes a step."""

from __future__ import annotations

import pytest

from assetflow import AssetOut, Definitions, InvalidDefinitionError, asset, asset_check, graph_asset, multi_asset, op
from assetflow.submission import Project


def placed(*assets, checks=()):
    _, plan = Project(definitions=Definitions(assets=list(assets), asset_checks=list(checks))).plan(None)
    return {step.key: (step.queue, step.pool, step.timeout) for step in plan.steps}


def test_an_asset_says_where_it_runs():
    @asset(queue="gpu", pool="licence", timeout=90)
    def trained():
        return 1

    assert placed(trained) == {"trained": ("gpu", "licence", 90.0)}


def test_without_a_word_it_runs_anywhere_and_for_as_long_as_it_takes():
    @asset
    def plain():
        return 1

    assert placed(plain) == {"plain": ("default", "", None)}


def test_tags_say_the_same():
    @asset(op_tags={"assetflow/queue": "gpu", "assetflow/pool": "licence", "assetflow/timeout": "1.5"})
    def trained():
        return 1

    assert placed(trained) == {"trained": ("gpu", "licence", 1.5)}


def test_several_assets_of_one_function_share_its_place():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, queue="big", pool="one", timeout=3)
    def both():
        return 1, 2

    assert placed(both) == {"both": ("big", "one", 3.0)}


def test_each_op_of_a_graph_has_a_place_of_its_own():
    @op(queue="io", timeout=5)
    def fetch():
        return 1

    @op(pool="cpu")
    def crunch(value):
        return value

    @graph_asset
    def made():
        return crunch(fetch())

    assert placed(made) == {"made.fetch": ("io", "", 5.0), "made.crunch": ("default", "cpu", None)}


def test_a_check_has_a_place_too():
    @asset
    def table():
        return 1

    @asset_check(asset=table, pool="warehouse", timeout=9, queue="checks")
    def fits(table):
        return True

    assert placed(table, checks=[fits])["table_fits"] == ("checks", "warehouse", 9.0)


@pytest.mark.parametrize("timeout", [0, -1, "5 minutes", True, float("nan"), 10**9, [1]])
def test_a_timeout_is_a_number_of_seconds(timeout):
    with pytest.raises(InvalidDefinitionError, match="timeout is a number of seconds"):

        @asset(timeout=timeout)
        def made():
            return 1


@pytest.mark.parametrize("argument", ["pool", "queue"])
@pytest.mark.parametrize("name", ["", " x", "x" * 101, 3, True, "a\nb"])
def test_a_pool_and_a_queue_have_names(argument, name):
    with pytest.raises(InvalidDefinitionError, match=f"{argument} is a name of 1 to 100"):

        @asset(**{argument: name})
        def made():
            return 1


def test_an_argument_and_a_tag_may_not_differ():
    with pytest.raises(InvalidDefinitionError, match="say different things"):

        @asset(queue="gpu", op_tags={"assetflow/queue": "cpu"})
        def made():
            return 1


def test_a_step_with_a_pool_or_a_timeout_is_in_no_line():
    @asset
    def first():
        return 1

    @asset(pool="door")
    def second(first):
        return 1

    @asset(timeout=3)
    def third(second):
        return 1

    @asset
    def fourth(third):
        return 1

    _, plan = Project(definitions=Definitions(assets=[first, second, third, fourth])).plan(None)
    assert [step.line for step in plan.steps] == [None, None, 3, None]
