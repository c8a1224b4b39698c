"""Resources and IO managers as annotated classes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator

from assetflow.config.config_class import ModelType, value_in_document
from assetflow.config.env_var import EnvVar, IntEnvVar
from assetflow.config.environment import variables
from assetflow.config.schema import Reading
from assetflow.config.spec import ConfigSpec
from assetflow.definitions.io_manager import IOManager, IOManagerDefinition
from assetflow.definitions.resource import InitResourceContext, ResourceDefinition
from assetflow.definitions.signature import RESOURCE_MARK
from assetflow.errors import InvalidConfigError, InvalidDefinitionError

Made = TypeVar("Made")

if TYPE_CHECKING:
    ResourceParam = Annotated[Made, RESOURCE_MARK]
else:

    class ResourceParam:
        """Annotates an argument that is given a resource of any type: ``client: ResourceParam[Client]``."""

        def __class_getitem__(cls, kind: Any) -> Any:
            return Annotated[kind, RESOURCE_MARK]


class ConfigurableResourceFactory(BaseModel, Generic[Made]):
    """A class whose fields are a resource's config, and which makes the resource.

    Derive from it, declare fields as in a pydantic model, and write `create_resource`. A field may be another
    such resource; it is ready when this one is made. Fields may be given as ``EnvVar("NAME")``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    __assetflow_resource__ = True

    @field_validator("*", mode="wrap")
    @classmethod
    def _known_later(cls, value: Any, check: Callable[[Any], Any]) -> Any:
        return value if isinstance(value, EnvVar | IntEnvVar | ResourceDefinition) else check(value)

    def create_resource(self, context: InitResourceContext) -> Made:
        """Make the resource of the fields."""
        raise NotImplementedError(f"{type(self).__name__} has no create_resource")

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[Made, None, None]:
        """The resource for as long as the block lasts; override it to close what was opened."""
        yield self.create_resource(context)

    @classmethod
    def configure_at_launch(cls, **data: Any) -> ResourceDefinition:
        """The resource with fields that the run config gives: ``{"resources": {key: {"config": {...}}}}``.

        It may stand in a field of another resource, if it has a key of its own as well.
        """
        return cls._definition(data)

    def as_resource_definition(self) -> ResourceDefinition:
        """The resource as assets are given it: made when a run first needs it."""
        return self._definition({name: getattr(self, name) for name in self.model_fields_set})

    def process_config_and_initialize(self) -> Made:
        """Make the resource here and now, as a test may want it. It is never closed."""
        return ExitStack().enter_context(self._opened(InitResourceContext(), {}))

    @classmethod
    def _definition(cls, data: Mapping[str, Any]) -> ResourceDefinition:
        preset = {name: value_in_document(value) for name, value in data.items()}
        making = _Opening if cls._closes() else _Making
        nested = tuple(_nested(data.values()))
        return cls._definition_class()(making(nested), ConfigSpec(ModelType(cls, preset)), cls.__doc__)

    @classmethod
    def _definition_class(cls) -> type[ResourceDefinition]:
        return ResourceDefinition

    @classmethod
    def _closes(cls) -> bool:
        """Whether something has to be done when it is used no more."""
        own = (getattr(cls, "yield_for_execution", None), getattr(cls, "teardown_after_execution", None))
        nested = (field.annotation for field in cls.model_fields.values())
        return not all(getattr(method, "__module__", __name__) == __name__ for method in own) or any(
            isinstance(kind, type) and issubclass(kind, ConfigurableResourceFactory) and kind._closes()
            for kind in nested
        )

    @contextmanager
    def _opened(self, context: InitResourceContext, shared: Mapping[int, str]) -> Iterator[Made]:
        with ExitStack() as stack:
            yield stack.enter_context(self._resolved(context, stack, shared)._block(context))

    def _block(self, context: InitResourceContext) -> AbstractContextManager[Made]:
        return self.yield_for_execution(context)

    def _resolved(self, context: InitResourceContext, stack: ExitStack, shared: Mapping[int, str]) -> Self:
        """This one with variables looked up and the resources in its fields ready.

        Args:
            shared: the keys of those resources that are open already, by the id of what stands for them.
        """
        given = {name: value_in_document(getattr(self, name)) for name in self.model_fields_set}
        reading = Reading(variables())
        found = ModelType(type(self)).read(given, type(self).__name__, reading)
        if reading.errors:
            raise InvalidConfigError(f"Error in config for {type(self).__name__}", errors=reading.errors)
        nested = {}
        for name in type(self).model_fields:
            value = getattr(found, name)
            if id(value) in shared:
                nested[name] = getattr(context.resources, shared[id(value)])
            elif isinstance(value, ConfigurableResourceFactory):
                nested[name] = stack.enter_context(value._opened(context, shared))
            elif isinstance(value, ResourceDefinition):
                raise _without_key()
        made: Self = found.model_copy(update=nested)
        return made


class ConfigurableResource(ConfigurableResourceFactory[Any]):
    """A resource whose fields are its config; assets get an instance.

    Override `setup_for_execution` and `teardown_after_execution`, or `yield_for_execution`, to open and close
    things; keep them in private attributes (``_client: Any = PrivateAttr()``).
    """

    def create_resource(self, context: InitResourceContext) -> Any:  # noqa: ARG002
        """The instance itself."""
        return self

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Called before the resource is used."""

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Called when it is used no more, also after a failure."""

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """The resource for as long as the block lasts: set up before, torn down after."""
        self.setup_for_execution(context)
        try:
            yield self.create_resource(context)
        finally:
            self.teardown_after_execution(context)


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[Made]):
    """A class whose fields are an IO manager's config, and which makes it in `create_io_manager`."""

    def create_io_manager(self, context: InitResourceContext) -> Made:
        """Make the IO manager of the fields."""
        raise NotImplementedError(f"{type(self).__name__} has no create_io_manager")

    def create_resource(self, context: InitResourceContext) -> Made:
        """See create_io_manager."""
        return self.create_io_manager(context)

    @classmethod
    def _definition_class(cls) -> type[ResourceDefinition]:
        return IOManagerDefinition


class ConfigurableIOManager(ConfigurableResource, IOManager):
    """An IO manager whose fields are its config: write `handle_output` and `load_input`."""

    @classmethod
    def _definition_class(cls) -> type[ResourceDefinition]:
        return IOManagerDefinition


def _nested(values: Iterable[Any]) -> Iterator[Any]:
    """The resources in fields, and in their fields."""
    for value in values:
        if isinstance(value, ResourceDefinition):
            yield value
        elif isinstance(value, ConfigurableResourceFactory):
            yield value
            yield from _nested(value.__dict__.values())


def _without_key() -> InvalidDefinitionError:
    return InvalidDefinitionError(
        "a resource that is configured at launch stands in a field of another one, but has no key under which its "
        "config could be given",
        fix='give it one as well: resources={"inner": inner, "outer": Outer(inner=inner)}',
    )


class _Making:
    """The resource function of classes that close nothing; a class, so that it can be sent to workers.

    Args:
        nested: what stands for the resources in its fields.
        shared: those of them that have keys of their own.
    """

    def __init__(self, nested: tuple[Any, ...], shared: tuple[tuple[Any, str], ...] = ()) -> None:
        self.nested = nested
        self.shared = shared

    def beside(self, keys: Mapping[int, str]) -> Self:
        """The same, where nested resources that have a key, by the id of what stands for them, are taken from there.

        Raises:
            InvalidDefinitionError: one that is configured at launch has none.
        """
        known = {id(one): key for one, key in self.shared}
        shared = tuple((one, keys[id(one)]) for one in self.nested if id(one) in keys and id(one) not in known)
        made = type(self)(self.nested, (*self.shared, *shared))
        if any(isinstance(one, ResourceDefinition) for one in self.nested if id(one) not in {**known, **keys}):
            raise _without_key()
        return made

    def __call__(self, context: InitResourceContext) -> Any:
        with self._opened(context) as made:
            return made

    def _opened(self, context: InitResourceContext) -> AbstractContextManager[Any]:
        opened: AbstractContextManager[Any] = context.resource_config._opened(
            context, {id(one): key for one, key in self.shared}
        )
        return opened


class _Opening(_Making):
    """The resource function of the others."""

    def __call__(self, context: InitResourceContext) -> Iterator[Any]:
        with self._opened(context) as made:
            yield made
