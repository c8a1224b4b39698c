"""Opening resources in the order in which they need each other, and closing them in reverse."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from assetflow.definitions.resource import InitResourceContext, ResourceDefinition
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import (
    ConfigError,
    ConfigErrorReason,
    InvalidConfigError,
    InvariantViolationError,
    ResourceFunctionError,
)


def opening_order(definitions: Mapping[str, ResourceDefinition], keys: Iterable[str]) -> list[str]:
    """The keys and all they require, each after what it requires.

    Raises:
        InvariantViolationError: a required key is missing, or resources need each other in a circle.
    """
    order: list[str] = []
    path: list[str] = []

    def visit(key: str) -> None:
        if key in order:
            return
        if key in path:
            circle = " -> ".join([*path[path.index(key) :], key])
            raise InvariantViolationError(f"resources require each other in a circle: {circle}")
        if key not in definitions:
            owner = f" required by resource with key '{path[-1]}', but" if path else " was"
            raise InvariantViolationError(
                f"Resource with key '{key}'{owner} not provided.", fix=f"add resources={{{key!r}: ...}}"
            )
        path.append(key)
        for needed in sorted(definitions[key].required_resource_keys):
            visit(needed)
        path.pop()
        order.append(key)

    for key in keys:
        visit(key)
    return order


@contextmanager
def open_resources(
    definitions: Mapping[str, ResourceDefinition],
    keys: Iterable[str],
    *,
    run_id: str | None = None,
    log: Any = None,
    config: Mapping[str, Any] | None = None,
    already: Mapping[str, Any] | None = None,
    on_failing_close: Callable[[str, Exception], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Make the resources under these keys, and close them after the block, whatever happens in it.

    Args:
        already: resources that are open, and are neither made again nor closed.
        on_failing_close: is told the key of a resource that raises when it is closed; by default the error goes on.

    Yields:
        all of them by key, with those they require.

    Raises:
        ResourceFunctionError: a resource function raised; its error is the cause.
    """
    opened: dict[str, Any] = dict(already or {})
    with ExitStack() as stack:
        for key in opening_order(definitions, keys):
            if key in opened:
                continue
            definition = definitions[key]
            context = InitResourceContext(
                resource_config=config_of(definition, key, config),
                resources=Resources(opened, definition.required_resource_keys, f"resource {key}"),
                run_id=run_id,
                log=log,
                resource_def=definition,
            )
            opened[key] = _made(stack, key, definition, context, on_failing_close)
        yield opened


def config_of(definition: ResourceDefinition, key: str, config: Mapping[str, Any] | None) -> Any:
    """What a resource function gets as its config.

    Args:
        config: the ``resources`` part of a run config.

    Raises:
        InvalidConfigError: it does not fit, or a variable is not set.
    """
    return definition.config.process((config or {}).get(key), f"root:resources:{key}", f'the resource "{key}"')


def check_config_keys(definitions: Mapping[str, ResourceDefinition], config: Mapping[str, Any] | None) -> None:
    """Check that every config is of a resource that is there; InvalidConfigError if one is not."""
    errors = [
        ConfigError(
            reason=ConfigErrorReason.FIELD_NOT_DEFINED,
            path="root:resources",
            message=f'Received unexpected config entry "{key}" at path root:resources. '
            f"The resources here are: {', '.join(definitions) or 'none'}",
        )
        for key in config or {}
        if key not in definitions
    ]
    if errors:
        raise InvalidConfigError("Error in config for resources", errors=errors)


def _made(
    stack: ExitStack,
    key: str,
    definition: ResourceDefinition,
    context: InitResourceContext,
    on_failing_close: Callable[[str, Exception], None] | None,
) -> Any:
    try:
        made = definition.make(context)
        if not inspect.isgenerator(made):
            return made
        value = next(made)
    except StopIteration:
        raise InvariantViolationError(f'the resource "{key}" is a generator that yields nothing') from None
    except InvalidConfigError:
        raise
    except Exception as error:
        raise ResourceFunctionError(
            f"Error executing resource_fn on ResourceDefinition {key}: {type(error).__name__}: {error}"
        ) from error
    stack.callback(_finish, key, made, on_failing_close)
    return value


def _finish(key: str, generator: Any, on_failing_close: Callable[[str, Exception], None] | None) -> None:
    try:
        next(generator, None)
        generator.close()
    except Exception as error:
        if on_failing_close is None:
            raise
        on_failing_close(key, error)
