"""Resources: what assets use besides their inputs, such as connections and clients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast, overload

from assetflow.config.spec import ConfigSpec, config_spec
from assetflow.definitions.context import Resources
from assetflow.errors import CheckError

ResourceFunction = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResourceContext:
    """What a resource function is given.

    Attributes:
        resource_config: from the run config.
        resources: those this one requires.
    """

    resource_config: Any = None
    resources: Resources = field(default_factory=lambda: Resources({}, None, "resource"))
    run_id: str | None = None
    log: Any = None
    resource_def: Any = None


class ResourceDefinition:
    """How a resource is made.

    Args:
        resource_fn: takes an InitResourceContext, or nothing; returns the resource, or yields it once and
            closes it afterwards.
        config_schema: of ``{"resources": {key: {"config": ...}}}``.
        required_resource_keys: resources it uses itself.
    """

    __slots__ = ("config", "description", "required_resource_keys", "resource_fn", "version")

    def __init__(
        self,
        resource_fn: ResourceFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        version: str | None = None,
    ) -> None:
        self.resource_fn = resource_fn
        self.config: ConfigSpec = config_spec(config_schema)
        self.description = description
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.version = version

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """A resource that is this very value."""
        return ResourceDefinition(_Constant(value), description=description)

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is the text in its config."""
        return ResourceDefinition(_config_itself, config_schema=str, description=description)

    def configured(self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None) -> Self:
        """A version whose config is given here, or made by a function of a config of its own.

        Args:
            config_or_config_fn: the config; or a function from the version's own config to this one's.
            config_schema: of the version's own config, where there is a function.

        Raises:
            InvalidConfigError: the given config does not fit.
        """
        made = copy(self)
        made.config = self.config.configured(config_or_config_fn, config_schema)
        made.description = description or self.description
        return made

    def __call__(self, context: InitResourceContext | None = None) -> Any:
        """Call the function, as a test does; of one that yields, a context manager.

        Args:
            context: made with `build_init_resource_context`, if the function takes one.

        Raises:
            InvalidConfigError: the context's config does not fit.
            CheckError: the context is missing.
        """
        if context is None and _takes_argument(self.resource_fn):
            raise CheckError(
                "the function of this resource takes a context: call it with build_init_resource_context()"
            )
        if context is not None:
            given = {} if context.resource_config is None else {"config": context.resource_config}
            context = replace(context, resource_config=self.config.process(given, "root", "the resource"))
        made: Any = self.resource_fn(context) if _takes_argument(self.resource_fn) else self.resource_fn()
        return _in_block(cast(Generator[Any, Any, Any], made)) if inspect.isgenerator(made) else made

    def make(self, context: InitResourceContext) -> Any:
        """Call the function."""
        return self.resource_fn(context) if _takes_argument(self.resource_fn) else self.resource_fn()


class _Constant:
    """A resource function that gives one value; a class, so that it can be sent to workers."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self) -> Any:
        return self.value


@contextmanager
def _in_block(made: Generator[Any, Any, Any]) -> Iterator[Any]:
    try:
        yield next(made)
    finally:
        next(made, None)
        made.close()


def _config_itself(context: InitResourceContext) -> Any:
    return context.resource_config


def _takes_argument(function: ResourceFunction) -> bool:
    if isinstance(function, _Constant):
        return False
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)


def as_resource(value: Any) -> ResourceDefinition:
    """A definition as it is; anything else as a resource of that value."""
    if hasattr(value, "as_resource_definition"):
        value = value.as_resource_definition()
    return value if isinstance(value, ResourceDefinition) else ResourceDefinition.hardcoded_resource(value)


def as_resources(values: Mapping[str, Any] | None) -> dict[str, ResourceDefinition]:
    """The same for all values of a mapping."""
    return {key: as_resource(value) for key, value in (values or {}).items()}


@overload
def resource(config_schema: ResourceFunction) -> ResourceDefinition: ...
@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: set[str] | None = None,
    version: str | None = None,
) -> Callable[[ResourceFunction], ResourceDefinition]: ...
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: set[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make a resource of a function. Usable bare and with arguments; see ResourceDefinition."""
    if callable(config_schema) and not isinstance(config_schema, type):
        return ResourceDefinition(config_schema, description=inspect.getdoc(config_schema))

    def decorate(function: ResourceFunction) -> ResourceDefinition:
        return ResourceDefinition(
            function, config_schema, description or inspect.getdoc(function), required_resource_keys, version
        )

    return decorate
