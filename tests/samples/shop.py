"""A small shop: a source, two diamonds in groups, a dangling order, an asset nobody needs."""

from __future__ import annotations

from assetflow.definitions.asset import asset
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.source_asset import SourceAsset

currencies = SourceAsset(["bank", "currencies"], io_manager_key="bank_io")


@asset(key_prefix="raw", group_name="raw")
def orders():
    return [1, 2, 3]


@asset(key_prefix="raw", group_name="raw")
def refunds():
    return [1]


@asset(
    group_name="marts",
    ins={"orders": AssetIn(["raw", "orders"]), "rates": AssetIn(["bank", "currencies"])},
    non_argument_deps={"tool/lock"},
)
def revenue(orders, rates):
    return sum(orders) * rates


@asset(group_name="marts", ins={"refunds": AssetIn(["raw", "refunds"])})
def losses(refunds):
    return sum(refunds)


@asset(group_name="marts")
def profit(revenue, losses):
    return revenue - losses


@asset
def greeting():
    return "hello"


ASSETS = [profit, losses, revenue, refunds, orders, greeting]
SOURCES = [currencies]
