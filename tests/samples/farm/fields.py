"""Fields: an asset, its dependant, a source, and something from elsewhere."""

from __future__ import annotations

from assetflow.definitions.asset import asset
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.source_asset import SourceAsset

rain = SourceAsset("rain")


@asset
def wheat(rain):
    return rain


@asset(ins={"tractor": AssetIn(["shed", "tractor"])}, non_argument_deps={"wheat"})
def straw(tractor):
    return tractor


@asset
def flour(wheat):
    return wheat
