"""Hooks: what is done after a step of an asset, such as telling somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from assetflow.definitions.location import location_of
from assetflow.definitions.signature import CONTEXT_NAMES, read_parameters
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import CheckError, InvalidDefinitionError

if TYPE_CHECKING:
    from assetflow.definitions.op import OpDefinition

HookFunction = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookContext:
    """What a hook is told of the step it comes after.

    Attributes:
        op: the function that ran; None in a context made for a test without one.
        op_config: its config.
        op_exception: what it raised, None after success.
        op_output_values: by name of the output, as far as they were made.
        resources: those the hook declares.
        log: a logger that says which step speaks.
    """

    op: OpDefinition | None
    run_id: str
    step_key: str
    job_name: str
    log: Any
    resources: Resources
    op_config: Any = None
    op_exception: BaseException | None = None
    op_output_values: Mapping[str, Any] = field(default_factory=dict)


class HookDefinition:
    """A function that is called after steps. Made by `success_hook` and `failure_hook`.

    Attributes:
        name: of the hook.
        after_success: whether it comes after steps that succeeded, or after those that failed.
        required_resource_keys: resources it may use.
    """

    __slots__ = ("_function", "after_success", "name", "required_resource_keys")

    def __init__(
        self, name: str, function: HookFunction, required_resource_keys: Iterable[str], after_success: bool
    ) -> None:
        self.name = name
        self._function = function
        self.required_resource_keys = frozenset(required_resource_keys)
        self.after_success = after_success

    def __call__(self, context: HookContext) -> Any:
        """Call the function."""
        return self._function(context)

    def __repr__(self) -> str:
        return f"HookDefinition({self.name!r})"


@overload
def success_hook(hook_fn: HookFunction) -> HookDefinition: ...
@overload
def success_hook(
    *, name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[HookFunction], HookDefinition]: ...
def success_hook(
    hook_fn: HookFunction | None = None,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> HookDefinition | Callable[[HookFunction], HookDefinition]:
    """Make a hook that is called after each step that succeeded: ``@asset(hooks={my_hook})``.

    It is called where the step ran, before the run has recorded the step's end; a step that is lost with its
    worker just then is run again, and its hook too. What a hook raises is logged and changes nothing.

    Raises:
        InvalidDefinitionError: the function does not take the context first.
    """
    return _hook(hook_fn, name, required_resource_keys, after_success=True)


@overload
def failure_hook(hook_fn: HookFunction) -> HookDefinition: ...
@overload
def failure_hook(
    *, name: str | None = None, required_resource_keys: Iterable[str] | None = None
) -> Callable[[HookFunction], HookDefinition]: ...
def failure_hook(
    hook_fn: HookFunction | None = None,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> HookDefinition | Callable[[HookFunction], HookDefinition]:
    """The same for steps that failed and are not tried again; ``context.op_exception`` is what was raised."""
    return _hook(hook_fn, name, required_resource_keys, after_success=False)


def _hook(
    hook_fn: HookFunction | None, name: str | None, required: Iterable[str] | None, *, after_success: bool
) -> HookDefinition | Callable[[HookFunction], HookDefinition]:
    def make(function: HookFunction) -> HookDefinition:
        parameters = read_parameters(function)
        if parameters.context is None or parameters.arguments:
            place = location_of(function)
            raise InvalidDefinitionError(
                f"the hook {function.__name__} has to take one argument, named {CONTEXT_NAMES[0]}",
                where=str(place) if place else None,
                fix=f"def {function.__name__}(context): ...",
            )
        return HookDefinition(name or function.__name__, function, required or (), after_success)

    return make if hook_fn is None else make(hook_fn)


def read_hooks(hooks: Iterable[HookDefinition] | None) -> tuple[HookDefinition, ...]:
    """The hooks of an asset, by name; CheckError if something among them is none."""
    given = [hooks] if isinstance(hooks, HookDefinition) else list(hooks or ())
    for hook in given:
        if not isinstance(hook, HookDefinition):
            raise CheckError(f"hooks are made with success_hook and failure_hook, unlike {hook!r}")
    return tuple(sorted(given, key=lambda hook: hook.name))
