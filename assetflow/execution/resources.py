"""The resources that steps of one time slice use: opened when first needed, closed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.resource import ResourceDefinition
from assetflow.definitions.resource_opening import config_of, open_resources, opening_order
from assetflow.definitions.source_asset import SourceAsset
from assetflow.log import StepLogger, logger

_Identity = tuple[str, tuple[int, ...]]


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
        self._open: dict[_Identity, object] = {}
        self._identities: dict[tuple[int, str], _Identity] = {}
        self._configs: dict[tuple[int, str], Any] = {}

    def for_asset(
        self, asset: AssetsDefinition | SourceAsset, keys: Iterable[str], log: StepLogger
    ) -> dict[str, object]:
        """The resources under these keys; the asset's own definitions come before the shared ones."""
        own = asset.resource_defs
        scope = id(asset) if own else 0
        found: dict[str, object] = {}
        for key in keys:
            identity = self._identities.get((scope, key))
            if identity is None or identity not in self._open:
                definitions = {**self._shared, **own} if own else self._shared
                identity = self._identify(definitions, key)
                self._identities[(scope, key)] = identity
                if identity not in self._open:
                    self._make(definitions, key, log)
            found[key] = self._open[identity]
        return found

    def _identify(self, definitions: Mapping[str, ResourceDefinition], key: str) -> _Identity:
        """What makes a resource the same as another: its definition, and those of all it requires."""
        return key, tuple(definitions[needed].identity for needed in opening_order(definitions, [key]))

    def _make(self, definitions: Mapping[str, ResourceDefinition], key: str, log: StepLogger) -> None:
        identities = {needed: self._identify(definitions, needed) for needed in opening_order(definitions, [key])}
        already = {needed: self._open[one] for needed, one in identities.items() if one in self._open}
        opened = self._stack.enter_context(
            open_resources(
                definitions,
                [key],
                run_id=self._run_id,
                log=log,
                config=self._config,
                already=already,
                on_failing_close=self._report,
            )
        )
        self._open.update({one: opened[needed] for needed, one in identities.items()})

    def _report(self, key: str, error: Exception) -> None:
        """What steps have made is made; a resource that does not close takes nothing of it back."""
        logger.error('run %s: the resource "%s" raised when it was closed', self._run_id, key, exc_info=error)

    def definition(self, asset: AssetsDefinition | SourceAsset, key: str) -> ResourceDefinition:
        """What makes a resource for this asset."""
        return asset.resource_defs.get(key) or self._shared[key]

    def needed_by(self, asset: AssetsDefinition | SourceAsset, key: str, log: StepLogger) -> dict[str, object]:
        """The resources that a resource requires."""
        required = self.definition(asset, key).required_resource_keys
        return self.for_asset(asset, sorted(required), log) if required else {}

    def config_of(self, asset: AssetsDefinition | SourceAsset, key: str) -> Any:
        """The config of a resource, as its function gets it; the fields of a configurable one as a dict."""
        definition = self.definition(asset, key)
        if (definition.identity, key) not in self._configs:
            found = config_of(definition, key, self._config)
            self._configs[(definition.identity, key)] = dict(found) if hasattr(found, "model_fields_set") else found
        return self._configs[(definition.identity, key)]

    def close(self) -> None:
        """Close everything that was opened, in reverse order."""
        self._open.clear()
        self._stack.close()
