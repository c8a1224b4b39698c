"""An op: the function behind an asset, with its inputs and outputs declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from assetflow.config.spec import ANY_CONFIG, ConfigSpec
from assetflow.definitions.composition import Invocable, current
from assetflow.definitions.invocation import invoke
from assetflow.definitions.location import SourceLocation
from assetflow.definitions.names import check_name
from assetflow.definitions.placement import placement_tags
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import CONFIG_NAME
from assetflow.definitions.travelling import Form
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey

if TYPE_CHECKING:
    from assetflow.definitions.checks import AssetCheckSpec
    from assetflow.definitions.context import OpExecutionContext
    from assetflow.definitions.hooks import HookDefinition

KIND_TAG = "kind"


_NOTHING_SAID: Mapping[str, Any] = {}


class OpInput(NamedTuple):
    """One input of an op.

    Attributes:
        annotation: what the loaded value must be; `inspect.Parameter.empty` if nothing is said.
        is_nothing: it only orders the steps; nothing is loaded.
        input_manager_key: another IO manager to load with, or None.
    """

    name: str
    annotation: Any
    is_nothing: bool = False
    metadata: Mapping[str, Any] = _NOTHING_SAID
    input_manager_key: str | None = None


class OpOutput(NamedTuple):
    """One output of an op.

    Attributes:
        annotation: what the value must be; `inspect.Parameter.empty` if nothing is said.
        is_nothing: annotated ``-> None``: materialized, but nothing is stored.
        is_self_stored: the function stores it; only the value of a `MaterializeResult` goes to the IO manager.
        is_required: False where the op may end without it.
    """

    annotation: Any
    name: str = "result"
    is_nothing: bool = False
    is_self_stored: bool = False
    is_required: bool = True
    io_manager_key: str = "io_manager"
    metadata: Mapping[str, Any] = _NOTHING_SAID
    description: str | None = None
    code_version: str | None = None

    @property
    def may_be_none(self) -> bool:
        """Whether None says that it was made, instead of being its value."""
        return self.is_nothing or self.is_self_stored


@dataclass(frozen=True, slots=True, kw_only=True)
class OpDefinition(Invocable):
    """A function that workers can run.

    Attributes:
        ins: by name, in the order of the function's parameters, those that load nothing last.
        context_name: name of the context parameter, or None.
        arguments: what the function takes besides the context, in its order: inputs, ``config`` and resources.
        takes_config: whether ``config`` is one of them.
        resource_arguments: the resources among them.
        defaults: inputs that have a Python default, which counts in direct calls only.
        required_resource_keys: resources it may use.
        hooks: what is called after a step of it.
        checks: the checks of assets that it does, by the name of the step that would do nothing else.
        observes: the source that it looks at, if it does.
        only_checks: whether it makes no asset, and its outputs say only that its checks are done.
        config: what ``context.op_config`` has to look like.
    """

    name: str
    compute_fn: Callable[..., Any]
    ins: Mapping[str, OpInput]
    outs: Mapping[str, OpOutput]
    context_name: str | None = None
    arguments: tuple[str, ...] = ()
    takes_config: bool = False
    resource_arguments: tuple[str, ...] = ()
    defaults: frozenset[str] = frozenset()
    required_resource_keys: frozenset[str] = frozenset()
    config: ConfigSpec = ANY_CONFIG
    tags: Mapping[str, str] = field(default_factory=dict)
    retry_policy: RetryPolicy | None = None
    hooks: tuple[HookDefinition, ...] = ()
    checks: Mapping[str, AssetCheckSpec] = field(default_factory=dict)
    only_checks: bool = False
    observes: AssetKey | None = None
    description: str | None = None
    code_version: str | None = None
    location: SourceLocation | None = None

    def __post_init__(self) -> None:
        if self.retry_policy is not None and not isinstance(self.retry_policy, RetryPolicy):
            raise CheckError(f"retry_policy of {self.where} is a RetryPolicy, not {self.retry_policy!r}")
        placement_tags(self.tags, where=self.where)

    def __reduce__(self) -> Any:
        name, function, ins, outs, *rest, location = _OP.taken(self)
        place = None if location is None else _PLACE.taken(location)
        inputs = {label: tuple(one) for label, one in ins.items()}
        outputs = {label: tuple(one) for label, one in outs.items()}
        return remade_op, (name, function, inputs, outputs, rest, place)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In the function of a graph: be part of it. Elsewhere: call the function in place, as a test does."""
        found = current()
        if found is not None:
            return found.record(self, None, args, kwargs)
        return invoke(self, args, kwargs)

    def with_checks_of(self, new_keys: Mapping[AssetKey, AssetKey]) -> OpDefinition:
        """A copy whose checks are of assets under other keys."""
        if not any(spec.asset_key in new_keys for spec in self.checks.values()):
            return self
        renamed = {name: spec.of(new_keys.get(spec.asset_key, spec.asset_key)) for name, spec in self.checks.items()}
        outs = self.outs
        if self.only_checks:
            new_names = {name: spec.get_python_identifier() for name, spec in renamed.items()}
            outs = {new_names[name]: out._replace(name=new_names[name]) for name, out in outs.items()}
        return replace(self, outs=outs, checks={spec.get_python_identifier(): spec for spec in renamed.values()})

    def with_outs(self, outs: Mapping[str, OpOutput]) -> OpDefinition:
        """A copy that says something else of its outputs."""
        return replace(self, outs=outs)

    def adapted(
        self,
        *,
        tags: Mapping[str, str] | None = None,
        hooks: tuple[HookDefinition, ...] = (),
        retry_policy: RetryPolicy | None = None,
    ) -> OpDefinition:
        """A copy that has these in addition."""
        return replace(
            self,
            tags={**self.tags, **(tags or {})},
            hooks=(*self.hooks, *hooks),
            retry_policy=retry_policy or self.retry_policy,
        )

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> OpDefinition:
        """A version whose config is given already, or made of another config by a function.

        Args:
            config_or_config_fn: the config, or a function of the version's own config.
            name: of the version; by default the function's.
            config_schema: of the version's own config, if there is a function.

        Raises:
            InvalidConfigError: the given config does not fit.
            InvalidDefinitionError: there is no name.
        """
        found = name or getattr(config_or_config_fn, "__name__", None)
        if found is None:
            raise InvalidDefinitionError(
                f"a configured version of the op {self.name} needs a name of its own", where=self.where
            )
        return replace(
            self,
            name=check_name(found, f'op "{found}"', self.where),
            config=self.config.configured(config_or_config_fn, config_schema),
            description=description or self.description,
        )

    @property
    def is_plain(self) -> bool:
        """Whether it makes one output of the values of its inputs, and that is all there is to it."""
        return (
            len(self.outs) == 1
            and not (self.context_name or self.takes_config or self.required_resource_keys or self.resource_arguments)
            and not (self.checks or self.hooks or self.only_checks)
            and self.observes is None
            and self.config.takes_anything
        )

    @property
    def takes_context(self) -> bool:
        """Whether the function's first parameter is the context."""
        return self.context_name is not None

    def beside_inputs(self, context: OpExecutionContext) -> dict[str, Any]:
        """What the function is given by name besides its inputs: its config, and resources."""
        given = {name: getattr(context.resources, name) for name in self.resource_arguments}
        return {**given, CONFIG_NAME: context.op_config} if self.takes_config else given

    @property
    def where(self) -> str:
        """Its place in the user's code, for error messages."""
        return f'{self.location} ("{self.name}")' if self.location else f'"{self.name}"'


def normalize_tags(tags: Mapping[str, Any] | None, where: str | None = None) -> dict[str, str]:
    """Tags as text; other values as JSON.

    Raises:
        InvalidDefinitionError: a value is not JSON.
    """
    found = {}
    for label, value in (tags or {}).items():
        if isinstance(value, str):
            found[label] = value
            continue
        try:
            found[label] = json.dumps(value)
            same = json.loads(found[label]) == value
        except (TypeError, ValueError):
            same = False
        if not same:
            raise InvalidDefinitionError(f"the tag {label!r} has a value that is not JSON: {value!r}", where=where)
    return found


_OP, _PLACE = Form(OpDefinition), Form(SourceLocation)


def remade_op(
    name: str,
    function: Callable[..., Any],
    ins: Mapping[str, tuple[Any, ...]],
    outs: Mapping[str, tuple[Any, ...]],
    rest: list[Any],
    place: tuple[Any, ...] | None,
) -> OpDefinition:
    """The same op, of what was sent of it."""
    location = None if place is None else _PLACE.made(place)
    inputs = {label: OpInput._make(one) for label, one in ins.items()}
    outputs = {label: OpOutput._make(one) for label, one in outs.items()}
    return _OP.made((name, function, inputs, outputs, *rest, location))
