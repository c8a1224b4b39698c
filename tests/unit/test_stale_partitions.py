"""Runs of only those partitions that are stale, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assetflow.definitions.asset import asset
from assetflow.definitions.asset_spec import AssetDep
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.multi_asset import multi_asset
from assetflow.definitions.outputs import AssetOut, Output
from assetflow.definitions.partitioning import BackfillPolicy
from assetflow.engine.latest import LatestRecords
from assetflow.errors import UnknownPartitionError
from assetflow.in_process import ExecuteInProcessResult
from assetflow.instance import DagsterInstance
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey
from assetflow.materializing import materialize
from assetflow.partitions.dynamic import DynamicPartitionsDefinition
from assetflow.partitions.mappings import TimeWindowPartitionMapping
from assetflow.partitions.partitions_definition import PartitionKeyRange
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.partitions.usual_windows import DailyPartitionsDefinition
from assetflow.planning.needs import Need
from assetflow.submission import Project, wanted_partitions

KEYS = StaticPartitionsDefinition(["a", "b", "c"])


class Workshop:
    """A history, a place for values, and what was called for which partitions."""

    def __init__(self, folder: Path, instance: DagsterInstance) -> None:
        self.instance = instance
        self.folder = folder
        self.called: list[str] = []
        self.data: dict[str, Any] = {}

    def run(self, assets: list[Any], *, stale_only: bool = True, **more: Any) -> ExecuteInProcessResult:
        self.called.clear()
        resources = {"io_manager": FilesystemIOManager(self.folder / "values")}
        return materialize(assets, resources=resources, instance=self.instance, stale_only=stale_only, **more)

    def note(self, name: str, context: Any) -> Any:
        """What every function does first; its value is what the test has put in `data`."""
        divided = context.has_partition_key or context.has_partition_key_range
        keys = ",".join(context.partition_keys) if divided else ""
        self.called.append(f"{name} {keys}".strip())
        return self.data.get(f"{name} {keys}".strip(), self.data.get(name, 0))

    def reasons(self, assets: list[Any], **asked: Any) -> dict[tuple[str, str], list[str]]:
        """Why cells are stale."""
        records = LatestRecords({"default": self.instance._history.catalog})
        project = Project(definitions=Definitions(assets=assets))
        partitions = wanted_partitions(None, asked.get("partitions"), self.instance, every=True)
        _, found = project.stale_plan(None, records, partitions=partitions)
        return {
            (key.to_user_string(), part): [cause.reason for cause in status.causes]
            for (key, part), status in found.cells.items()
            if status.causes
        }


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with DagsterInstance.ephemeral() as instance:
        yield Workshop(tmp_path, instance)


def line(shop: Workshop, *, version: str = "1", **more: Any) -> list[Any]:
    """orders and receipts by key, and a total of all receipts."""

    @asset(partitions_def=KEYS, code_version="1")
    def orders(context: Any) -> Any:
        return shop.note("orders", context)

    @asset(partitions_def=KEYS, code_version=version, **more)
    def receipts(context: Any, orders: Any) -> Any:
        return shop.note("receipts", context)

    @asset(code_version="1")
    def total(context: Any, receipts: dict[str, Any]) -> Any:
        return shop.note("total", context)

    return [orders, receipts, total]


def test_only_what_was_never_made_is_made(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets, stale_only=False, selection="orders,receipts", partitions=["b"])
    assert shop.reasons(assets)["orders", "a"] == ["orders a was never materialized"]
    result = shop.run(assets)
    assert sorted(shop.called) == ["orders a", "orders c", "receipts a", "receipts c", "total"]
    assert result.success
    shop.run(assets)
    assert shop.called == []


def test_a_partition_that_is_made_anew_makes_those_stale_that_need_it(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets)
    shop.data["orders b"] = 7
    shop.run(assets, stale_only=False, selection="orders", partitions=["b"])
    assert shop.reasons(assets) == {
        ("receipts", "b"): ["orders b was made anew, and is not what receipts b was made of"]
    }
    shop.data["receipts b"] = 8
    shop.run(assets)
    assert shop.called == ["receipts b", "total"]
    shop.run(assets)
    assert shop.called == []


def test_a_partition_that_comes_out_as_it_was_stops_the_wave(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets)
    shop.data["orders b"] = 7
    shop.run(assets, stale_only=False, selection="orders", partitions=["b"])
    result = shop.run(assets)
    assert shop.called == ["receipts b"]
    assert result.unchanged == ("total",)
    assert shop.instance.standings.of(AssetKey("receipts"), list("abc")).counts["materialized"] == 3
    shop.run(assets)
    assert shop.called == []


def test_new_code_makes_all_its_partitions_anew_each_with_an_early_end(shop: Workshop) -> None:
    shop.run(line(shop))
    assets = line(shop, version="2")
    shop.data["receipts b"] = 9
    result = shop.run(assets)
    assert shop.called == ["receipts a", "receipts b", "receipts c", "total"]
    assert result.unchanged == ()
    shop.run(assets)
    assert shop.called == []


def test_only_the_partitions_that_are_asked_for_are_looked_at(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets, selection="orders,receipts", partitions=[PartitionKeyRange("a", "b")])
    assert shop.called == ["orders a", "orders b", "receipts a", "receipts b"]
    shop.run(assets, selection="orders,receipts", partition_key="c")
    assert shop.called == ["orders c", "receipts c"]
    with pytest.raises(UnknownPartitionError, match="`d`"):
        shop.run(assets, partitions=["d"])


def test_a_new_partition_makes_what_reads_all_of_them_stale(shop: Workshop) -> None:
    mills = DynamicPartitionsDefinition(name="mills")

    @asset(partitions_def=mills, code_version="1")
    def flour(context: Any) -> Any:
        return shop.note("flour", context)

    @asset(code_version="1")
    def total(context: Any, flour: dict[str, Any]) -> Any:
        return shop.note("total", context)

    shop.instance.add_dynamic_partitions("mills", ["north"])
    shop.run([flour, total])
    shop.instance.add_dynamic_partitions("mills", ["south"])
    assert shop.reasons([flour, total])["total", ""] == ["total needs flour south now, which it did not before"]
    shop.run([flour, total])
    assert shop.called == ["flour south", "total"]
    shop.instance.delete_dynamic_partition("mills", "north")
    shop.run([flour, total])
    assert shop.called == ["total"]


def test_a_change_goes_on_from_day_to_day_until_a_day_comes_out_as_it_was(shop: Workshop) -> None:
    days = DailyPartitionsDefinition("2026-05-01")
    before = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)

    @asset(partitions_def=days, code_version="1")
    def sales(context: Any) -> Any:
        return shop.note("sales", context)

    @asset(partitions_def=days, ins={"balance": AssetIn(partition_mapping=before)}, code_version="1")
    def balance(context: Any, sales: Any, balance: Any) -> Any:
        return shop.note("balance", context)

    week = [PartitionKeyRange("2026-05-01", "2026-05-05")]
    shop.run([sales, balance], partitions=week)
    assert len(shop.called) == 10
    shop.data |= {"sales 2026-05-02": 1, "balance 2026-05-02": 1, "balance 2026-05-03": 1}
    shop.run([sales, balance], stale_only=False, selection="sales", partitions=["2026-05-02"])
    result = shop.run([sales, balance], partitions=week)
    assert shop.called == ["balance 2026-05-02", "balance 2026-05-03", "balance 2026-05-04"]
    assert result.unchanged == ("balance[2026-05-05]",)


def test_a_policy_of_many_partitions_makes_the_stale_ones_in_one_call(shop: Workshop) -> None:
    @asset(partitions_def=KEYS, code_version="1")
    def orders(context: Any) -> Any:
        return shop.note("orders", context)

    @asset(partitions_def=KEYS, code_version="1", backfill_policy=BackfillPolicy.single_run())
    def receipts(context: Any, orders: Any) -> Any:
        shop.note("receipts", context)
        return dict(orders)

    shop.run([orders, receipts])
    assert shop.called[-1] == "receipts a,b,c"
    shop.run([orders, receipts])
    assert shop.called == []
    shop.data["orders c"] = 3
    shop.run([orders, receipts], stale_only=False, selection="orders", partitions=["c"])
    shop.run([orders, receipts])
    assert shop.called == ["receipts c"]


def test_what_is_only_waited_for_counts_by_its_time(shop: Workshop) -> None:
    @asset(partitions_def=KEYS, code_version="1")
    def orders(context: Any) -> Any:
        return shop.note("orders", context)

    @asset(partitions_def=KEYS, code_version="1", deps=[AssetDep("orders")])
    def letters(context: Any) -> Any:
        return shop.note("letters", context)

    shop.run([orders, letters])
    assert len(shop.called) == 6
    shop.run([orders, letters])
    assert shop.called == []
    shop.data["orders a"] = 1
    shop.run([orders, letters], stale_only=False, selection="orders", partitions=["a"])
    shop.run([orders, letters])
    assert shop.called == ["letters a"]


def test_assets_of_one_function_are_made_together(shop: Workshop) -> None:
    @asset(partitions_def=KEYS, code_version="1")
    def orders(context: Any) -> Any:
        return shop.note("orders", context)

    @multi_asset(outs={"good": AssetOut(), "bad": AssetOut()}, partitions_def=KEYS, code_version="1")
    def sorted_orders(context: Any, orders: Any) -> Iterator[Output[int]]:
        shop.note("sorted", context)
        yield Output(1, "good")
        yield Output(2, "bad")

    assets = [orders, sorted_orders]
    shop.run(assets, partitions=["a", "b"])
    shop.instance.wipe_assets(["bad"])
    shop.run(assets)
    assert shop.called == ["orders c", "sorted a", "sorted b", "sorted c"]
    shop.run(assets)
    assert shop.called == []


def test_more_than_a_hundred_partitions_are_remembered_by_their_number(shop: Workshop) -> None:
    many = StaticPartitionsDefinition([f"k{number:03}" for number in range(120)])

    @asset(partitions_def=many, code_version="1")
    def orders(context: Any) -> Any:
        return shop.note("orders", context)

    @asset(code_version="1")
    def total(context: Any, orders: dict[str, Any]) -> Any:
        return shop.note("total", context)

    shop.run([orders, total])
    assert len(shop.called) == 121
    shop.run([orders, total])
    assert shop.called == []
    shop.data["orders k007"] = 1
    shop.run([orders, total], stale_only=False, selection="orders", partitions=["k007"])
    shop.run([orders, total])
    assert shop.called == ["total"]


def test_the_plan_says_of_each_asset_how_many_partitions_are_left(shop: Workshop) -> None:
    assets = line(shop)
    shop.run(assets, selection="orders,receipts", partitions=["a", "b"])
    records = LatestRecords({"default": shop.instance._history.catalog})
    _, found = Project(definitions=Definitions(assets=assets)).stale_plan(None, records)
    assert found.needs == {AssetKey("orders"): Need.RUN, AssetKey("receipts"): Need.RUN, AssetKey("total"): Need.RUN}
    assert found.skipped == {AssetKey("orders"): 2, AssetKey("receipts"): 2}
