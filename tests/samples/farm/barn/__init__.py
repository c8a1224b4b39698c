"""A package in a package, which has an asset of its own and one from elsewhere."""

from __future__ import annotations

from assetflow.definitions.asset import asset
from tests.samples.farm.fields import flour as flour


@asset
def roof():
    return "red"
