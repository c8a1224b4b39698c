"""Which definition a step of a plan belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from assetflow.code.versions import CodeVersions
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.observable import observation_of
from assetflow.definitions.source_asset import SourceAsset
from assetflow.keys import AssetKey
from assetflow.planning.plan import Step


class Makers:
    """The definitions of a project by what they make and check.

    Args:
        assets: by each asset they make.
        checks: by each check they do.
        observations: by each source they look at.
        sources: the sources.
    """

    def __init__(
        self,
        assets: Mapping[AssetKey, AssetsDefinition],
        checks: Mapping[AssetCheckKey, AssetsDefinition],
        observations: Mapping[AssetKey, AssetsDefinition],
        sources: Mapping[AssetKey, SourceAsset],
    ) -> None:
        self.assets = assets
        self.checks = checks
        self.observations = observations
        self.sources = sources
        self.code_versions = CodeVersions(assets)
        self._keys = {key.parts: key for key in (*assets, *sources)}

    def key(self, parts: tuple[str, ...]) -> AssetKey:
        """The key of these segments: the one that is there already, which is found fastest where keys are looked up."""
        return self._keys.get(parts) or AssetKey.of_parts(parts)

    @staticmethod
    def among(definitions: Definitions) -> Makers:
        """The makers of a project."""
        sources = {source.key: source for source in definitions.source_assets}
        return Makers(
            {key: asset for asset in definitions.assets for key in asset.keys},
            {key: asset for asset in definitions.assets for key in asset.check_keys},
            {key: observation_of(source) for key, source in sources.items() if source.is_observable},
            sources,
        )

    def of(self, step: Step) -> AssetsDefinition | None:
        """The definition a step belongs to; None if it is not among these."""
        if step.check:
            return self.checks.get(AssetCheckKey(step.maker_key, step.check))
        return (self.observations if step.observes else self.assets).get(self.key(step.owner or step.outputs[0].key))
