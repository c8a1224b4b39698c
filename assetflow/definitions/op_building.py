"""From a function, and what its decorator was told, to an op."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.asset_inputs import arguments_of, read_config, read_resource_keys
from assetflow.definitions.checks import AssetCheckSpec
from assetflow.definitions.hooks import HookDefinition, read_hooks
from assetflow.definitions.location import location_of
from assetflow.definitions.names import check_name
from assetflow.definitions.op import KIND_TAG, OpDefinition, OpInput, OpOutput, normalize_tags
from assetflow.definitions.placement import placement_tags
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import Parameters
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey

Compute = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOfOp:
    """What the decorators are told of the op behind an asset, a check or a graph's step."""

    name: str | None = None
    description: str | None = None
    config_schema: Any = None
    required_resource_keys: Iterable[str] | None = None
    resource_defs: Mapping[str, Any] | None = None
    compute_kind: str | None = None
    op_tags: Mapping[str, Any] | None = None
    retry_policy: RetryPolicy | None = None
    hooks: Iterable[HookDefinition] | None = None
    code_version: str | None = None
    queue: str | None = None
    pool: str | None = None
    timeout: float | None = None

    def check(self, arguments: Arguments) -> None:
        """Check all of it; ParameterCheckError if something is of another type."""
        arguments.texts(
            name=self.name,
            description=self.description,
            compute_kind=self.compute_kind,
            code_version=self.code_version,
        )
        arguments.mappings(resource_defs=self.resource_defs, op_tags=self.op_tags)
        arguments.names(required_resource_keys=self.required_resource_keys)
        arguments.sets(hooks=self.hooks)
        if self.retry_policy is not None and not isinstance(self.retry_policy, RetryPolicy):
            arguments.refuse("retry_policy", self.retry_policy, "a RetryPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpForm:
    """What an op looks like from outside.

    Attributes:
        name: of the op.
        title: what errors call it.
        checks, only_checks, observes: see OpDefinition.
        defaults: values of inputs that are not given; the function does not know of them.
    """

    name: str
    title: str
    ins: Mapping[str, OpInput]
    outs: Mapping[str, OpOutput]
    checks: Mapping[str, AssetCheckSpec] = field(default_factory=dict)
    only_checks: bool = False
    observes: AssetKey | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


def build_op(function: Compute, parameters: Parameters, told: ToldOfOp, form: OpForm) -> OpDefinition:
    """The op that calls a function.

    Raises:
        InvalidDefinitionError: a name or a tag does not fit.
        CheckError: arguments that exclude each other.
    """
    location = location_of(function)
    where = str(location) if location else None
    kind = {KIND_TAG: told.compute_kind} if told.compute_kind else {}
    return OpDefinition(
        name=check_name(form.name, form.title, where),
        compute_fn=_Filled(function, form.defaults) if form.defaults else function,
        ins=form.ins,
        outs=form.outs,
        context_name=parameters.context,
        arguments=arguments_of(parameters, form.ins),
        takes_config=parameters.takes_config,
        resource_arguments=parameters.resources,
        defaults=frozenset(parameters.defaults) | form.defaults.keys(),
        required_resource_keys=read_resource_keys(parameters, told.required_resource_keys, told.resource_defs)
        | frozenset(told.resource_defs or ()),
        config=read_config(parameters, told.config_schema, where),
        tags=placement_tags(
            {**kind, **normalize_tags(told.op_tags, where)},
            queue=told.queue,
            pool=told.pool,
            timeout=told.timeout,
            where=where,
        ),
        retry_policy=told.retry_policy,
        hooks=read_hooks(told.hooks),
        checks=form.checks,
        only_checks=form.only_checks,
        observes=form.observes,
        description=told.description or inspect.getdoc(function),
        code_version=told.code_version,
        location=location,
    )


def check_function(function: Any, decorator: str) -> str | None:
    """Check that what is decorated is a function, and say where it is written; CheckError if it is none."""
    if isinstance(function, type):
        raise CheckError(f"{decorator} decorates a function, not the class {function.__name__}")
    if not callable(function):
        raise CheckError(f"{decorator} decorates a function, not {type(function).__name__}: {function!r:.200}")
    location = getattr(function, "location", None) or location_of(function)
    where = str(location) if location else None
    if getattr(function, "node_def", None) is not None or isinstance(function, OpDefinition):
        what = "an op" if isinstance(function, OpDefinition) else f"{function!r}"
        raise CheckError(f"{decorator} decorates a function, not {what}, which is a definition already: {where}")
    return where


def name_of(function: Compute, name: str | None, decorator: str) -> str:
    """The given name, or that of the function; InvalidDefinitionError if there is none."""
    found = name if name is not None else getattr(function, "__name__", None)
    if found is None:
        raise InvalidDefinitionError(
            f"{type(function).__name__} objects have no name that could be taken", fix=f'{decorator}(name="...")'
        )
    return str(found)


class _Filled:
    """A function with values for inputs that are not given; a class, so that it can be sent to workers."""

    def __init__(self, function: Compute, defaults: Mapping[str, Any]) -> None:
        self.function = function
        self.defaults = dict(defaults)
        self.__module__ = function.__module__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **{**self.defaults, **kwargs})
