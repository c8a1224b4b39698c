"""The resources that steps of one time slice use: opened when first needed, closed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.resource import ResourceDefinition
from assetflow.definitions.resource_opening import config_of, open_resources
from assetflow.definitions.source_asset import SourceAsset
from assetflow.log import StepLogger


class OpenResources:
    """Opens each resource definition once until `close`.

    Args:
        shared: definitions by key, for all assets.
        config: the ``resources`` part of the run config.
    """

    def __init__(self, shared: Mapping[str, ResourceDefinition], config: Mapping[str, Any], run_id: str) -> None:
        self._shared = shared
        self._config = config
        self._run_id = run_id
        self._stack = ExitStack()
        self._open: dict[tuple[int, str], object] = {}

    def for_asset(
        self, asset: AssetsDefinition | SourceAsset, keys: Iterable[str], log: StepLogger
    ) -> dict[str, object]:
        """The resources under these keys; the asset's own definitions come before the shared ones."""
        own = asset.resource_defs
        definitions = {**self._shared, **own} if own else self._shared
        scope = id(asset) if own else 0
        wanted = list(keys)
        missing = [key for key in wanted if (scope, key) not in self._open]
        if missing:
            opened = self._stack.enter_context(
                open_resources(definitions, missing, run_id=self._run_id, log=log, config=self._config)
            )
            for key in missing:
                self._open[(scope, key)] = opened[key]
        return {key: self._open[(scope, key)] for key in wanted}

    def definition(self, asset: AssetsDefinition | SourceAsset, key: str) -> ResourceDefinition:
        """What makes a resource for this asset."""
        return asset.resource_defs.get(key) or self._shared[key]

    def needed_by(self, asset: AssetsDefinition | SourceAsset, key: str, log: StepLogger) -> dict[str, object]:
        """The resources that a resource requires."""
        required = self.definition(asset, key).required_resource_keys
        return self.for_asset(asset, sorted(required), log) if required else {}

    def config_of(self, asset: AssetsDefinition | SourceAsset, key: str) -> Any:
        """The config of a resource, as its function gets it."""
        return config_of(self.definition(asset, key), key, self._config)

    def close(self) -> None:
        """Close everything that was opened, in reverse order."""
        self._open.clear()
        self._stack.close()
