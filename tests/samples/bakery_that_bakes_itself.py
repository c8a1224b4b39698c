"""Assets that are made by themselves."""

from __future__ import annotations

from assetflow import (
    AddDynamicPartitionsRequest,
    AssetMaterialization,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    SensorResult,
    asset,
    sensor,
)

mills = DynamicPartitionsDefinition(name="mills")
eager = AutomationCondition.eager()


@asset
def wheat():
    return 1


@asset(automation_condition=eager)
def flour(wheat):
    return wheat + 1


@asset(partitions_def=mills, automation_condition=AutomationCondition.on_missing())
def bran(wheat):
    return wheat


@asset(automation_condition=eager)
def bread(flour, bran):
    return flour, sorted(bran)


@sensor(minimum_interval_seconds=1)
def new_mills(context):
    """Finds two mills, and the rye that somebody else has made."""
    if context.cursor is not None:
        return SensorResult(skip_reason="there is no other mill")
    return SensorResult(
        skip_reason="mills were found",
        cursor="found",
        dynamic_partitions_requests=[AddDynamicPartitionsRequest("mills", ["north", "south"])],
        asset_events=[AssetMaterialization("rye", metadata={"sacks": 3})],
    )


defs = Definitions(
    [wheat, flour, bran, bread],
    sensors=[new_mills, AutomationConditionSensorDefinition("baking", minimum_interval_seconds=1)],
)
