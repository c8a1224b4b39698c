"""Putting resources with the assets that use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import ALWAYS_PROVIDED
from assetflow.definitions.resource import ResourceDefinition, as_resources
from assetflow.definitions.resource_opening import opening_order
from assetflow.definitions.source_asset import SourceAsset
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidInvocationError

Item = TypeVar("Item", bound=AssetsDefinition | SourceAsset)


def with_resources(
    definitions: Iterable[Item],
    resource_defs: Mapping[str, ResourceDefinition],
    resource_config_by_key: Mapping[str, Any] | None = None,
) -> list[Item]:
    """Copies of assets and sources that bring along the resources they require.

    Args:
        resource_defs: by key; those that an asset does not require are left out.
        resource_config_by_key: ``{key: {"config": ...}}``, which configures these resources.

    Raises:
        CheckError: a resource is no ResourceDefinition, or a config has no ``config``.
        InvalidDefinitionError: a required resource is missing.
        InvalidInvocationError: an asset brings another resource under one of the keys already.
    """
    resources: dict[str, ResourceDefinition] = {}
    for key, definition in resource_defs.items():
        if not isinstance(definition, ResourceDefinition):
            raise CheckError(
                f"with_resources takes ResourceDefinitions, not {type(definition).__name__}: {key}={definition!r}"
            )
        resources[key] = definition
    resources = as_resources(resources)
    for key, entry in (resource_config_by_key or {}).items():
        if not isinstance(entry, Mapping) or "config" not in entry:
            raise CheckError(f'resource_config_by_key has {{"config": ...}} for each key, not {entry!r} for {key}')
        if key not in resources:
            raise CheckError(f"resource_config_by_key has a config for {key}, which is not among the resources")
        resources[key] = resources[key].configured(entry["config"])
    return [_with(item, resources) for item in definitions]


def _with(item: Item, resources: Mapping[str, ResourceDefinition]) -> Item:
    if isinstance(item, SourceAsset):
        required = frozenset({item.io_manager_key})
        where = str(item.location)
    elif isinstance(item, AssetsDefinition):
        required = item.required_resource_keys
        where = item.node_def.where
    else:
        raise CheckError(f"with_resources takes assets and source assets, not {item!r}")
    available = {**resources, **item.resource_defs}
    for key in sorted(required - available.keys() - ALWAYS_PROVIDED):
        raise InvalidDefinitionError(
            f"resource with key '{key}' required by {item!r} was not provided.",
            where=where,
            fix=f"with_resources(..., resource_defs={{{key!r}: ...}})",
        )
    needed = opening_order(available, sorted(required & available.keys()))
    own = item.resource_defs
    clash = sorted(key for key in own if key in resources and resources[key].identity != own[key].identity)
    if clash:
        raise InvalidInvocationError(
            f"{item!r} has conflicting resource definitions for: {', '.join(clash)}", where=where
        )
    given = {key: available[key] for key in needed if key not in own}
    return item.with_resources(given)  # type: ignore[return-value]
