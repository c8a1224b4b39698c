"""Assets with partitions: days, a week of them, a running total, and what is not divided."""

from __future__ import annotations

from assetflow import (
    AssetExecutionContext,
    AssetIn,
    BackfillPolicy,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
    asset,
)

DAYS = DailyPartitionsDefinition("2026-11-01", end_date="2026-11-15")
WEEKS = WeeklyPartitionsDefinition("2026-11-01", end_date="2026-11-15")
SHOPS = StaticPartitionsDefinition(["north", "south"])
CUSTOMERS = DynamicPartitionsDefinition(name="customers")


@asset(partitions_def=DAYS)
def orders(context: AssetExecutionContext) -> int:
    return int(context.partition_key[-2:])


@asset(partitions_def=DAYS)
def paid(orders: int) -> int:
    return orders * 10


@asset(partitions_def=DAYS, ins={"before": AssetIn("total", partition_mapping=TimeWindowPartitionMapping(-1, -1))})
def total(paid: int, before: int | None) -> int:
    return paid + (before or 0)


@asset(partitions_def=WEEKS)
def week(context: AssetExecutionContext, paid: dict[str, int]) -> int:
    assert list(paid) == context.asset_partition_keys_for_input("paid")
    return sum(paid.values())


@asset
def summary(week: dict[str, int]) -> dict[str, int]:
    return week


@asset(partitions_def=MultiPartitionsDefinition({"day": DAYS, "shop": SHOPS}))
def sales(context: AssetExecutionContext, paid: int) -> str:
    keys = context.partition_key.keys_by_dimension  # type: ignore[attr-defined]
    return f"{keys['shop']} {keys['day']} {paid}"


@asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
def at_once(context: AssetExecutionContext, paid: dict[str, int]) -> dict[str, int]:
    assert context.partition_key_range.start == context.partition_keys[0]
    return {key: paid[key] + 1 for key in context.partition_keys}


@asset
def signups(context: AssetExecutionContext) -> int:
    context.instance.add_dynamic_partitions("customers", ["ann", "bob"])
    return 2


@asset(partitions_def=CUSTOMERS)
def letter(context: AssetExecutionContext) -> str:
    return f"dear {context.partition_key}"
