"""Versions of resources that are configured already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from assetflow.definitions.op import OpDefinition
from assetflow.definitions.resource import ResourceDefinition
from assetflow.errors import CheckError

Configurable = TypeVar("Configurable", bound=ResourceDefinition | OpDefinition)


def configured(
    configurable: Configurable,
    config_schema: Any = None,
    description: str | None = None,
    name: str | None = None,
) -> Callable[[Any], Configurable]:
    """Make a version of a resource, an IO manager or an op whose config is given, or made by the decorated function.

    ::

        @configured(database, config_schema={"region": str})
        def regional(config):
            return {"host": f"db.{config['region']}.example"}

    Args:
        configurable: what is configured.
        config_schema: of the version's own config.
        description: of the version.
        name: of the version of an op; by default the decorated function's.

    Raises:
        CheckError: it takes no config.
    """
    if not isinstance(configurable, ResourceDefinition | OpDefinition):
        raise CheckError(f"configured takes a resource, an IO manager or an op, not {configurable!r}")

    def decorate(config_or_function: Any) -> Configurable:
        if isinstance(configurable, OpDefinition):
            return cast(Configurable, configurable.configured(config_or_function, name, config_schema, description))
        return configurable.configured(config_or_function, config_schema, description)

    return decorate
