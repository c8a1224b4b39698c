"""Recording what a graph's function calls, and what it hands from one call to the next."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from assetflow.errors import InvalidDefinitionError

if TYPE_CHECKING:
    from assetflow.definitions.hooks import HookDefinition
    from assetflow.definitions.node import NodeDefinition
    from assetflow.definitions.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class NodeOutput:
    """An output of a node, as it is handed on inside a graph's function.

    Attributes:
        node: name of the node in its graph.
        output: name of the output in the node.
        recording: the call of the graph's function it comes from.
    """

    node: str
    output: str
    recording: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class GraphInput:
    """An input of a graph, as it is handed on inside its function."""

    name: str
    recording: object = field(default=None, repr=False, compare=False)


Source = NodeOutput | GraphInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One call of an op or a graph inside a graph.

    Attributes:
        inputs: where each connected input comes from; several sources make one list of values.
        lists: the inputs that were given a list.
    """

    name: str
    definition: NodeDefinition
    inputs: Mapping[str, tuple[Source, ...]]
    lists: frozenset[str] = frozenset()


class Invocable:
    """What can be called in the function of a graph; each call can differ in name, tags, hooks and retries."""

    __slots__ = ()

    def alias(self, name: str) -> Invocation:
        """A call of it in a graph, under another name."""
        return self._invocation().alias(name)

    def tag(self, tags: Mapping[str, str]) -> Invocation:
        """A call of it in a graph, with further tags."""
        return self._invocation().tag(tags)

    def with_hooks(self, hook_defs: frozenset[HookDefinition] | set[HookDefinition]) -> Invocation:
        """A call of it in a graph, with hooks that come after its steps."""
        return self._invocation().with_hooks(hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> Invocation:
        """A call of it in a graph, with another retry policy."""
        return self._invocation().with_retry_policy(retry_policy)

    def _invocation(self) -> Invocation:
        return Invocation(definition=cast("NodeDefinition", self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A definition that is about to be called in a graph, with what this one call of it has of its own.

    Made by ``op.alias``, ``op.tag``, ``op.with_hooks`` and ``op.with_retry_policy``.
    """

    definition: NodeDefinition
    alias_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    hooks: tuple[HookDefinition, ...] = ()
    retry_policy: RetryPolicy | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Record the call; outside of a graph's function, call the function in place."""
        recording = current()
        if recording is None:
            return self.definition(*args, **kwargs)
        return recording.record(self._own(), self.alias_name, args, kwargs)

    def alias(self, name: str) -> Invocation:
        """The same call under another name."""
        return replace(self, alias_name=name)

    def tag(self, tags: Mapping[str, str]) -> Invocation:
        """The same call with further tags."""
        return replace(self, tags={**self.tags, **tags})

    def with_hooks(self, hook_defs: frozenset[HookDefinition] | set[HookDefinition]) -> Invocation:
        """The same call with hooks that come after its step."""
        return replace(self, hooks=(*self.hooks, *sorted(hook_defs, key=lambda hook: hook.name)))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> Invocation:
        """The same call with another retry policy."""
        return replace(self, retry_policy=retry_policy)

    def _own(self) -> NodeDefinition:
        if not (self.tags or self.hooks or self.retry_policy):
            return self.definition
        return self.definition.adapted(tags=self.tags, hooks=self.hooks, retry_policy=self.retry_policy)


class Recording:
    """What one call of a graph's function has called so far.

    Args:
        graph: the graph's name, for errors.
        where: the place of its function.
    """

    def __init__(self, graph: str, where: str | None) -> None:
        self.graph = graph
        self.where = where
        self.nodes: dict[str, Node] = {}

    def record(
        self, definition: NodeDefinition, alias: str | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Note a call, and give handles of its outputs: one, or a tuple of them with their names.

        Raises:
            InvalidDefinitionError: an argument is no output of another call, or the name is taken.
        """
        name = self._name(definition, alias)
        inputs: dict[str, tuple[Source, ...]] = {}
        lists = set()
        for argument, value in self._bound(definition, name, args, kwargs).items():
            if isinstance(value, list):
                lists.add(argument)
            inputs[argument] = self._sources(name, argument, value)
        self.nodes[name] = Node(name=name, definition=definition, inputs=inputs, lists=frozenset(lists))
        handles = [NodeOutput(name, output, self) for output in definition.outs]
        if len(handles) <= 1:
            return handles[0] if handles else None
        several: Any = namedtuple(f"{name}_outputs", list(definition.outs), rename=True)  # type: ignore[misc]
        return several(*handles)

    def own(self, value: Any) -> bool:
        """Whether a value is a handle that was made in this call of the function."""
        return isinstance(value, NodeOutput | GraphInput) and value.recording is self

    def refused(self, message: str, fix: str | None = None) -> InvalidDefinitionError:
        """An error about this graph."""
        return InvalidDefinitionError(f"In @graph {self.graph}, {message}", where=self.where, fix=fix)

    def _name(self, definition: NodeDefinition, alias: str | None) -> str:
        if alias is not None:
            if alias in self.nodes:
                raise self.refused(f"two calls have the name {alias!r}", "give each .alias a name of its own")
            return alias
        name, number = definition.name, 2
        while name in self.nodes:
            name, number = f"{definition.name}_{number}", number + 1
        return name

    def _bound(
        self, definition: NodeDefinition, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> dict[str, Any]:
        places = [argument for argument in definition.arguments if argument in definition.ins]
        if len(args) > len(places):
            raise self.refused(f"{name} is called with {len(args)} inputs, and takes {len(places)} by position")
        bound = dict(zip(places, args, strict=False))
        for argument, value in kwargs.items():
            if argument not in definition.ins:
                raise self.refused(
                    f"{name} is called with {argument!r}, which is no input of it",
                    f"its inputs are: {', '.join(definition.ins) or 'none'}",
                )
            if argument in bound:
                raise self.refused(f"{name} is given {argument!r} twice")
            bound[argument] = value
        return bound

    def _sources(self, name: str, argument: str, value: Any) -> tuple[Source, ...]:
        sources = tuple(value) if isinstance(value, list) else (value,)
        for source in sources:
            if self.own(source):
                continue
            if isinstance(source, NodeOutput | GraphInput):
                raise self.refused(f'input "{argument}" of {name} is an output of another graph')
            raise self.refused(
                f'received invalid type {type(source)} for input "{argument}" of {name}. A function of a graph is '
                "called once, to see what is connected with what: inputs are outputs of other ops, or the graph's "
                "own inputs",
                "make the value in an op, or give it as config",
            )
        return sources


_current: ContextVar[Recording | None] = ContextVar("recording", default=None)


def current() -> Recording | None:
    """The graph whose function is being called right now, if one is."""
    return _current.get()


@contextmanager
def recording(graph: str, where: str | None) -> Iterator[Recording]:
    """Within this block calls of ops and graphs are noted instead of done."""
    found = Recording(graph, where)
    token = _current.set(found)
    try:
        yield found
    finally:
        _current.reset(token)
