"""Runs of only what is stale, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assetflow.definitions.asset import asset
from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.check_decorator import asset_check
from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.data_version import DataVersion
from assetflow.definitions.environment import Environment
from assetflow.definitions.graph_asset import graph_asset, graph_multi_asset
from assetflow.definitions.io_manager import IOManager
from assetflow.definitions.job import define_asset_job
from assetflow.definitions.materialize_result import MaterializeResult
from assetflow.definitions.multi_asset import multi_asset
from assetflow.definitions.observable import observable_source_asset
from assetflow.definitions.op_decorator import op
from assetflow.definitions.outputs import AssetOut, Output
from assetflow.errors import ParameterCheckError
from assetflow.in_process import ExecuteInProcessResult
from assetflow.instance import DagsterInstance
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey
from assetflow.materializing import materialize, observe
from assetflow.planning.staleness import StaleCauseCategory, StaleStatus, UpstreamStatus


class Nowhere(IOManager):
    """Keeps the last values, and no versions."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def handle_output(self, context, obj):
        self.values[context.asset_key] = obj

    def load_input(self, context):
        return self.values[context.asset_key]


class Workshop:
    """A history, a place for values, and a list of the functions that were called."""

    def __init__(self, folder: Path, instance: DagsterInstance) -> None:
        self.instance = instance
        self.resources: dict[str, Any] = {"io_manager": FilesystemIOManager(folder / "values"), "nowhere": Nowhere()}
        self.called: list[str] = []
        self.data: dict[str, Any] = {}

    def run(self, assets: list[Any], *, stale_only: bool = True, **more: Any) -> ExecuteInProcessResult:
        self.called.clear()
        return materialize(assets, resources=self.resources, instance=self.instance, stale_only=stale_only, **more)

    def note(self, name: str) -> Any:
        """What every function does first; its value is what the test has put in `data`."""
        self.called.append(name)
        return self.data.get(name, 0)

    def causes(self, assets: list[Any], key: str) -> list[StaleCauseCategory]:
        found = self.instance.get_asset_statuses(Definitions(assets=assets, resources=self.resources))
        return [cause.category for cause in found[AssetKey(key)].causes]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with DagsterInstance.ephemeral() as instance:
        yield Workshop(tmp_path, instance)


def line(shop: Workshop, *, version: str = "1") -> list[Any]:
    """a, b of a, c of b; only b says of which version its code is."""

    @asset(code_version="1")
    def a():
        return shop.note("a")

    @asset(code_version=version)
    def b(a):
        return shop.note("b")

    @asset(code_version="1")
    def c(b):
        return shop.note("c"), b

    return [a, b, c]


def test_a_second_run_runs_nothing_and_succeeds(shop: Workshop) -> None:
    shop.run(line(shop))
    assert shop.called == ["a", "b", "c"]
    again = shop.run(line(shop))
    assert again.success and again.step_keys == () and shop.called == []


def test_other_code_runs_its_asset_and_equal_output_stops_the_wave(shop: Workshop) -> None:
    shop.run(line(shop))
    result = shop.run(line(shop, version="2"))
    assert shop.called == ["b"]
    assert result.step_keys == ("b", "c") and result.unchanged == ("c",) and result.success
    assert shop.run(line(shop, version="2")).step_keys == ()


def test_other_output_goes_on(shop: Workshop) -> None:
    shop.run(line(shop))
    shop.data["b"] = 1
    assert shop.run(line(shop, version="2")).unchanged == ()
    assert shop.called == ["b", "c"]
    assert shop.run(line(shop, version="2")).step_keys == ()


def test_what_is_unchanged_is_read_as_it_is_stored(shop: Workshop) -> None:
    @asset(code_version="1")
    def side():
        return shop.note("side")

    def assets(version: str, side_version: str) -> list[Any]:
        @asset(code_version=side_version)
        def side():
            return shop.note("side")

        @asset(code_version="1")
        def both(c, side):
            shop.note("both")
            return [c, side]

        return [*line(shop, version=version), side, both]

    shop.run(assets("1", "1"))
    shop.data["side"] = 5
    result = shop.run(assets("2", "2"))
    assert shop.called == ["b", "side", "both"] and result.unchanged == ("c",)
    assert result.asset_value("both") == [(0, 0), 5], "c is read in the version of the run before"
    assert shop.run(assets("2", "2")).step_keys == ()


def test_statuses_tell_why(shop: Workshop) -> None:
    assets = line(shop)
    found = shop.instance.get_asset_statuses(Definitions(assets=assets))
    assert {status.status for status in found.values()} == {StaleStatus.MISSING}
    assert {status.upstream for status in found.values()} == {UpstreamStatus.NONE}
    shop.run(assets)
    found = shop.instance.get_asset_statuses(Definitions(assets=assets))
    assert all(status.is_fresh and status.upstream is UpstreamStatus.UP_TO_DATE for status in found.values())
    changed = shop.instance.get_asset_statuses(Definitions(assets=line(shop, version="2")))
    b, c = changed[AssetKey("b")], changed[AssetKey("c")]
    assert (b.causes[0].category, b.causes[0].old, b.causes[0].new) == (StaleCauseCategory.CODE, "1", "2")
    assert c.causes[0].category is StaleCauseCategory.UPSTREAM and c.causes[0].dependency == AssetKey("b")
    assert c.status is StaleStatus.STALE and c.own_causes == ()
    shop.data["a"] = 1
    shop.run(assets, selection="a", stale_only=False)
    found = shop.instance.get_asset_statuses(Definitions(assets=assets), ["b"])
    assert set(found) == {AssetKey("a"), AssetKey("b")}
    assert [cause.category for cause in found[AssetKey("b")].causes] == [StaleCauseCategory.DATA]
    assert found[AssetKey("b")].upstream is UpstreamStatus.OUT_OF_DATE


def test_the_same_data_made_anew_makes_nothing_stale_but_is_upstream_changed_by_time(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets)
    shop.run(assets, selection="a", stale_only=False)
    found = shop.instance.get_asset_statuses(Definitions(assets=assets))
    assert all(status.is_fresh for status in found.values())
    assert found[AssetKey("b")].upstream is found[AssetKey("c")].upstream is UpstreamStatus.OUT_OF_DATE


def test_dependencies_that_come_and_go_are_told(shop: Workshop) -> None:
    @asset(code_version="1")
    def a():
        return shop.note("a")

    @asset(code_version="1")
    def x():
        return shop.note("x")

    @asset(code_version="1", deps=[a])
    def b():
        return shop.note("b")

    shop.run([a, x, b])

    @asset(code_version="1", deps=[x])
    def b():
        return shop.note("b")

    after = [a, x, b]
    assert shop.causes(after, "b") == [StaleCauseCategory.DEPENDENCIES] * 2
    shop.run(after)
    assert shop.called == ["b"]
    assert shop.run(after).step_keys == ()


def test_data_that_nobody_can_compare_is_taken_for_changed(shop: Workshop) -> None:
    def assets(version: str) -> list[Any]:
        @asset(code_version=version, io_manager_key="nowhere")
        def a():
            return shop.note("a")

        @asset(code_version="1")
        def b(a):
            return shop.note("b")

        return [a, b]

    shop.run(assets("1"))
    assert shop.run(assets("1")).step_keys == ()
    shop.run(assets("2"))
    assert shop.called == ["a", "b"]


def test_what_a_function_says_of_its_data_is_compared_even_if_nothing_is_stored(shop: Workshop) -> None:
    def assets(version: str) -> list[Any]:
        @asset(code_version=version)
        def a() -> MaterializeResult:
            shop.note("a")
            return MaterializeResult(data_version=DataVersion("monday"))

        @asset(code_version="1", deps=[a])
        def b():
            return shop.note("b")

        return [a, b]

    shop.run(assets("1"))
    result = shop.run(assets("2"))
    assert shop.called == ["a"] and result.unchanged == ("b",)


def test_assets_of_one_function_are_run_or_left_together(shop: Workshop) -> None:
    def assets(version: str) -> list[Any]:
        @asset(code_version=version)
        def a():
            return shop.note("a")

        @multi_asset(outs={"m": AssetOut(code_version="1"), "n": AssetOut(code_version="1")})
        def both(a):
            shop.note("both")
            return 1, 2

        @asset(code_version="1")
        def last(m, n):
            return shop.note("last")

        return [a, both, last]

    shop.run(assets("1"))
    result = shop.run(assets("2"))
    assert shop.called == ["a"] and result.unchanged == ("both", "last")
    shop.data["a"] = 1
    shop.run(assets("3"))
    assert shop.called == ["a", "both"]
    assert shop.run(assets("3")).step_keys == ()


def test_an_output_that_was_left_out_is_asked_for_again(shop: Workshop) -> None:
    @multi_asset(outs={"m": AssetOut(code_version="1"), "n": AssetOut(is_required=False, code_version="1")})
    def some():
        shop.note("some")
        yield Output(1, "m")
        if shop.data.get("some"):
            yield Output(2, "n")

    @asset(code_version="1")
    def reader(n):
        return shop.note("reader")

    shop.run([some, reader])
    shop.run([some, reader])
    assert shop.called == ["some"], "only running it tells whether it makes n now"
    shop.data["some"] = 1
    shop.run([some, reader])
    assert shop.called == ["some", "reader"]
    assert shop.run([some, reader]).step_keys == ()


def test_a_graph_is_run_or_left_as_a_whole(shop: Workshop) -> None:
    def assets(x_version: str, y_version: str) -> list[Any]:
        @asset(code_version=x_version)
        def x():
            return shop.note("x")

        @asset(code_version=y_version)
        def y():
            return shop.note("y")

        @op(code_version="1")
        def of_x(x):
            return shop.note("of_x")

        @op(code_version="1")
        def of_both(first, y):
            shop.note("of_both")
            return [first, y]

        @graph_asset
        def made(x, y):
            return of_both(of_x(x), y)

        @asset(code_version="1")
        def last(made):
            shop.note("last")
            return made

        return [x, y, made, last]

    shop.run(assets("1", "1"))
    result = shop.run(assets("2", "2"))
    assert shop.called == ["x", "y"] and result.unchanged == ("made.of_x", "made.of_both", "last")
    shop.data["y"] = 7
    result = shop.run(assets("3", "3"))
    assert shop.called == ["x", "y", "of_x", "of_both", "last"] and result.asset_value("last") == [0, 7]
    assert shop.run(assets("3", "3")).step_keys == ()


def test_assets_of_a_graph_are_stale_by_what_each_of_them_reads(shop: Workshop) -> None:
    def assets(x_version: str, y_version: str) -> list[Any]:
        @asset(code_version=x_version)
        def x():
            return shop.note("x")

        @asset(code_version=y_version)
        def y():
            return shop.note("y")

        @op(code_version="1")
        def of_x(x):
            return shop.note("of_x")

        @op(code_version="1")
        def of_y(y):
            return shop.note("of_y")

        @op(code_version="1")
        def more(n):
            return shop.note("more")

        @graph_multi_asset(outs={"l": AssetOut(), "r": AssetOut()}, can_subset=True)
        def both(x, y):
            return {"l": more(of_x(x)), "r": of_y(y)}

        return [x, y, both]

    shop.run(assets("1", "1"))
    assert shop.run(assets("1", "1")).step_keys == ()
    result = shop.run(assets("2", "2"))
    assert shop.called == ["x", "y"] and set(result.unchanged) == {"both.of_x", "both.more", "both.of_y"}
    shop.data["y"] = 1
    shop.run(assets("2", "3"))
    assert shop.called == ["y", "of_y"], "what reads only x is not looked at"
    assert shop.run(assets("2", "3")).step_keys == ()
    shop.data["x"] = 1
    shop.run(assets("3", "4"))
    assert set(shop.called) == {"x", "y", "of_x", "more", "of_y"}, "those that are looked at go together"


def test_a_part_of_a_graph_is_run_alone_where_it_can_be(shop: Workshop) -> None:
    def assets(version: str) -> list[Any]:
        @op(code_version="1")
        def start():
            return shop.note("start")

        @op(code_version=version)
        def left(start):
            return shop.note("left")

        @op(code_version="1")
        def right(start):
            return shop.note("right")

        @graph_multi_asset(outs={"l": AssetOut(), "r": AssetOut()}, can_subset=True)
        def both():
            begun = start()
            return {"l": left(begun), "r": right(begun)}

        return [both]

    shop.run(assets("1"))
    shop.run(assets("2"))
    assert shop.called == ["start", "left"]
    assert shop.run(assets("2")).step_keys == ()


def test_a_source_that_was_seen_to_change_makes_its_readers_stale(shop: Workshop) -> None:
    @observable_source_asset(io_manager_key="nowhere")
    def feed():
        return DataVersion(str(shop.note("feed")))

    @asset(code_version="1", deps=[feed])
    def reader():
        return shop.note("reader")

    assets = [feed, reader]
    observe([feed], resources=shop.resources, instance=shop.instance)
    shop.run(assets)
    assert shop.run(assets).step_keys == ()
    observe([feed], resources=shop.resources, instance=shop.instance)
    assert shop.run(assets).step_keys == (), "it was seen to be the same"
    shop.data["feed"] = 1
    observe([feed], resources=shop.resources, instance=shop.instance)
    assert shop.causes(assets, "reader") == [StaleCauseCategory.DATA]
    shop.run(assets)
    assert shop.called == ["reader"]
    assert shop.run(assets).step_keys == ()


def test_a_source_that_nobody_observes_makes_nothing_stale(shop: Workshop) -> None:
    @asset(code_version="1", deps=["elsewhere"])
    def reader():
        return shop.note("reader")

    assets = [AssetSpec("elsewhere"), reader]
    shop.run(assets)
    assert shop.run(assets).step_keys == ()


def test_checks_are_done_of_what_is_made_and_not_of_what_is_unchanged(shop: Workshop) -> None:
    def assets(version: str) -> list[Any]:
        found = line(shop, version=version)

        @asset_check(asset=found[2], blocking=True)
        def c_is_fine(c):
            shop.note("check")
            return AssetCheckResult(passed=not shop.data.get("fault"))

        @asset(code_version="1")
        def d(c):
            return shop.note("d")

        return [*found, c_is_fine, d]

    shop.run(assets("1"))
    assert shop.called == ["a", "b", "c", "check", "d"]
    result = shop.run(assets("2"))
    assert (shop.called == ["b"] and set(result.unchanged) == {"c", "c_c_is_fine", "d"}) or shop.called == ["b"]
    shop.data |= {"b": 1, "fault": 1}
    failed = shop.run(assets("3"), raise_on_error=False)
    assert shop.called == ["b", "c", "check"] and not failed.success
    failed = shop.run(assets("3"), raise_on_error=False)
    assert shop.called == ["check"] and not failed.success, "what has not passed still holds up what needs it"
    shop.data["fault"] = 0
    shop.run(assets("3"))
    assert shop.called == ["check", "d"]
    assert shop.run(assets("3")).step_keys == ()


def test_what_the_run_config_speaks_of_is_run(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets)
    result = shop.run(assets, run_config={"ops": {"b": {"config": {"n": 1}}}})
    assert shop.called == ["b"] and result.unchanged == ("c",)


def test_a_failed_run_is_gone_on_with(shop: Workshop) -> None:
    def assets() -> list[Any]:
        found = line(shop)

        @asset(code_version="1")
        def d(c):
            shop.note("d")
            if not shop.data.get("repaired"):
                raise RuntimeError("not yet")

        return [*found, d]

    shop.run(assets(), raise_on_error=False)
    assert shop.called == ["a", "b", "c", "d"]
    shop.data["repaired"] = True
    shop.run(assets())
    assert shop.called == ["d"]


def test_an_environment_counts_what_it_reads_from_as_its_own(shop: Workshop, tmp_path: Path) -> None:
    def defs(version: str) -> Definitions:
        return Definitions(
            assets=line(shop, version=version),
            jobs=[define_asset_job("everything")],
            environments=[
                Environment("base", {"io_manager": FilesystemIOManager(tmp_path / "base")}),
                Environment("trial", {"io_manager": FilesystemIOManager(tmp_path / "trial")}, reads_from="base"),
            ],
        )

    def run(version: str, env: str) -> ExecuteInProcessResult:
        shop.called.clear()
        job = defs(version).get_job("everything")
        return job.execute_in_process(instance=shop.instance, env=env, stale_only=True)

    run("1", "base")
    assert run("1", "trial").step_keys == ()
    result = run("2", "trial")
    assert shop.called == ["b"] and result.unchanged == ("c",)
    shop.data["b"] = 4
    result = run("3", "trial")
    assert shop.called == ["b", "c"] and result.asset_value("c") == (0, 4)
    assert run("3", "trial").step_keys == () and run("1", "base").step_keys == ()
    statuses = shop.instance.get_asset_statuses(defs("3"), env="trial")
    assert statuses[AssetKey("a")].latest.environment == "base"  # type: ignore[union-attr]


def test_what_is_unchanged_in_another_environment_is_read_there(shop: Workshop, tmp_path: Path) -> None:
    def defs(version: str) -> Definitions:
        @asset(code_version=version)
        def side():
            return shop.note("side")

        @asset(code_version="1")
        def both(c, side):
            shop.note("both")
            return [c, side]

        return Definitions(
            assets=[*line(shop, version=version), side, both],
            jobs=[define_asset_job("everything")],
            environments=[
                Environment("base", {"io_manager": FilesystemIOManager(tmp_path / "base")}),
                Environment("trial", {"io_manager": FilesystemIOManager(tmp_path / "trial")}, reads_from="base"),
            ],
        )

    job = defs("1").get_job("everything")
    job.execute_in_process(instance=shop.instance, env="base", stale_only=True)
    shop.data["side"] = 3
    shop.called.clear()
    job = defs("2").get_job("everything")
    result = job.execute_in_process(instance=shop.instance, env="trial", stale_only=True)
    assert shop.called == ["b", "side", "both"] and result.asset_value("both") == [(0, 0), 3]


def test_without_a_history_nobody_knows_what_is_stale(shop: Workshop) -> None:
    with pytest.raises(ParameterCheckError, match="instance=DagsterInstance"):
        materialize(line(shop), resources=shop.resources, stale_only=True)
