"""Which definition a step of a plan belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.keys import AssetKey
from assetflow.planning.plan import Step


class Makers:
    """The definitions of a project by what they make and check.

    Args:
        assets: by each asset they make.
        checks: by each check they do.
        observations: by each source they look at.
    """

    def __init__(
        self,
        assets: Mapping[AssetKey, AssetsDefinition],
        checks: Mapping[AssetCheckKey, AssetsDefinition],
        observations: Mapping[AssetKey, AssetsDefinition],
    ) -> None:
        self.assets = assets
        self.checks = checks
        self.observations = observations

    def of(self, step: Step) -> AssetsDefinition | None:
        """The definition a step belongs to; None if it is not among these."""
        if step.check:
            return self.checks.get(AssetCheckKey(step.maker_key, step.check))
        return (self.observations if step.observes else self.assets).get(step.maker_key)
