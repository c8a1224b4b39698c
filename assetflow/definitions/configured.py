"""Versions of resources that are configured already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from assetflow.definitions.resource import ResourceDefinition
from assetflow.errors import CheckError

Configurable = TypeVar("Configurable", bound=ResourceDefinition)


def configured(
    configurable: Configurable, config_schema: Any = None, description: str | None = None
) -> Callable[[Any], Configurable]:
    """Make a version of a resource or an IO manager whose config is given, or made by the decorated function.

    ::

        @configured(database, config_schema={"region": str})
        def regional(config):
            return {"host": f"db.{config['region']}.example"}

    Args:
        configurable: what is configured.
        config_schema: of the version's own config.

    Raises:
        CheckError: it takes no config.
    """
    if not isinstance(configurable, ResourceDefinition):
        raise CheckError(f"configured takes a resource or an IO manager, not {configurable!r}")

    def decorate(config_or_function: Any) -> Configurable:
        return configurable.configured(config_or_function, config_schema, description)

    return decorate
