"""The jobs that are there by themselves: over all assets, and over those that are divided in one way."""

from __future__ import annotations

from collections.abc import Iterable

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.job import IMPLICIT_JOB, AssetJob
from assetflow.partitions.partitions_definition import PartitionsDefinition


def implicit_job_names(assets: Iterable[AssetsDefinition]) -> list[str]:
    """Their names: ``__ASSET_JOB``, or ``__ASSET_JOB_0`` and so on where some assets have partitions."""
    found = tuple(assets)
    divided = _ways(found)
    if divided:
        return [f"{IMPLICIT_JOB}_{number}" for number in range(len(divided))]
    return [IMPLICIT_JOB] if found else []


def implicit_job(name: str, assets: Iterable[AssetsDefinition]) -> AssetJob | None:
    """The one of this name; None if there is none.

    Those of one way to be divided also hold the assets that are not divided.
    """
    if name == IMPLICIT_JOB:
        return AssetJob(IMPLICIT_JOB)
    if not name.startswith(f"{IMPLICIT_JOB}_"):
        return None
    found = tuple(assets)
    for number, way in enumerate(_ways(found)):
        if name == f"{IMPLICIT_JOB}_{number}":
            chosen = [asset for asset in found if asset.partitions_def in (None, way) and asset.keys]
            return AssetJob(name, selection=chosen, partitions_def=way)
    return None


def _ways(assets: Iterable[AssetsDefinition]) -> list[PartitionsDefinition]:
    """The ways in which assets are divided, in an order that stays."""
    ways = {asset.partitions_def for asset in assets if asset.partitions_def is not None}
    return sorted(ways, key=repr)
