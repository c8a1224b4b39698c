"""Resources: what assets use besides their inputs, such as connections and clients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Self, cast, overload

from assetflow.config.spec import ConfigSpec, config_spec
from assetflow.definitions.location import location_of
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import CheckError, InvalidDefinitionError, ParameterCheckError

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

    Attributes:
        given: the object that was given in place of a definition, None otherwise.
    """

    __slots__ = ("config", "description", "given", "required_resource_keys", "resource_fn", "version")

    def __init__(
        self,
        resource_fn: ResourceFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        version: str | None = None,
    ) -> None:
        self.resource_fn = resource_fn
        where = str(location_of(resource_fn)) if config_schema is not None else None
        self.config: ConfigSpec = config_spec(config_schema, where)
        self.description = description
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.version = version
        self.given: Any = None

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """A resource that is this very value."""
        return ResourceDefinition(_Constant(value), description=description)

    @staticmethod
    def mock_resource(description: str | None = None) -> ResourceDefinition:
        """A `unittest.mock.MagicMock`, a new one each time that it is opened."""
        return ResourceDefinition(_Mocking(), description=description)

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is the text in its config."""
        return ResourceDefinition(_config_itself, config_schema=str, description=description)

    @property
    def constant(self) -> tuple[Any, ...]:
        """The value, if it is always the same and there is nothing to open or to close; nothing otherwise."""
        made = self.resource_fn
        if not isinstance(made, _Constant) or self.required_resource_keys or inspect.isgenerator(made.value):
            return ()
        return (made.value,) if self.config.takes_anything else ()

    @property
    def nested(self) -> tuple[Any, ...]:
        """What stands for the resources in the fields of this one: objects, or definitions configured at launch."""
        return getattr(self.resource_fn, "nested", ())

    @property
    def identity(self) -> int:
        """The same for definitions of one and the same resource: that of the object, where one was given."""
        return id(self if self.given is None else self.given)

    def beside(self, keys: Mapping[int, str]) -> ResourceDefinition:
        """The same, where nested resources that have a key of their own are those that are opened under it.

        Args:
            keys: by the id of what stands for a resource.
        """
        if not self.nested:
            return self
        made = copy(self)
        making = cast(Any, self.resource_fn).beside(keys)
        made.resource_fn = making
        made.required_resource_keys = self.required_resource_keys | {key for _, key in making.shared}
        return made

    def configured(self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None) -> Self:
        """A version whose config is given here, or made by a function of a config of its own.

        Args:
            config_or_config_fn: the config; or a function from the version's own config to this one's.
            config_schema: of the version's own config, where there is a function.

        Raises:
            InvalidConfigError: the given config does not fit.
        """
        made = copy(self)
        made.given = None
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


class _Mocking:
    """A resource function that gives doubles; a class, so that it can be sent to workers."""

    __slots__ = ()

    def __call__(self) -> Any:
        return import_module("unittest.mock").MagicMock()


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
    """A definition as it is; anything else as a resource of that value.

    Raises:
        ParameterCheckError: it is a class of resources in place of one.
    """
    if isinstance(value, type) and hasattr(value, "as_resource_definition"):
        raise ParameterCheckError(
            f"{value.__name__} is a class of resources: give one, {value.__name__}(...), or "
            f"{value.__name__}.configure_at_launch() if the run config says the rest"
        )
    if isinstance(value, ResourceDefinition):
        return value
    made: ResourceDefinition = (
        value.as_resource_definition()
        if hasattr(value, "as_resource_definition")
        else ResourceDefinition.hardcoded_resource(value)
    )
    made.given = value
    return made


def as_resources(values: Mapping[str, Any] | None) -> dict[str, ResourceDefinition]:
    """The same for all values of a mapping; those that stand in fields of others too are shared with these.

    Raises:
        ParameterCheckError: it is no mapping, or a value is a class of resources.
    """
    if values is not None and not isinstance(values, Mapping):
        raise ParameterCheckError(f"resources is a dict of resources by key, not {values!r}")
    given = values or {}
    found = {key: as_resource(value) for key, value in given.items()}
    if not any(definition.nested for definition in found.values()):
        return found
    keys = {id(value): key for key, value in given.items()}
    return {key: definition.beside(keys) for key, definition in found.items()}


def checked_function(decorator: str, function: ResourceFunction) -> ResourceFunction:
    """A function of one argument, or of none, as resources are made by; InvalidDefinitionError for another."""
    parameters = inspect.signature(function).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if len(needed) > 1 or any(p.kind is p.KEYWORD_ONLY for p in needed):
        raise InvalidDefinitionError(
            f"{decorator} decorated function expects only a single positional required argument. "
            f"It has: {', '.join(p.name for p in needed)}",
            where=str(location_of(function)),
            fix="take the context alone: the config is context.resource_config, other resources context.resources",
        )
    return function


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
        return ResourceDefinition(
            checked_function("@resource", config_schema), description=inspect.getdoc(config_schema)
        )

    def decorate(function: ResourceFunction) -> ResourceDefinition:
        return ResourceDefinition(
            checked_function("@resource", function),
            config_schema,
            description or inspect.getdoc(function),
            required_resource_keys,
            version,
        )

    return decorate
