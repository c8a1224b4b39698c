"""One asset in a group, one in none, one that names the group everything is in anyway."""

from __future__ import annotations

from assetflow.definitions.asset import asset
from assetflow.definitions.source_asset import SourceAsset

logs = SourceAsset("logs")


@asset(group_name="taken")
def settled():
    return 1


@asset(group_name="taken", key_prefix="deep")
def also_settled():
    return 1


@asset(group_name="default")
def open_to_all():
    return 1


@asset
def loose():
    return 1
