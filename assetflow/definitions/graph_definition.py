"""A graph: ops that hand their outputs to each other. It has inputs and outputs like an op."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assetflow.definitions.composition import GraphInput, Invocable, Node, NodeOutput, Source, current
from assetflow.definitions.location import SourceLocation
from assetflow.definitions.op import OpDefinition, OpInput, OpOutput
from assetflow.errors import InvalidDefinitionError, InvariantViolationError

if TYPE_CHECKING:
    from assetflow.definitions.hooks import HookDefinition
    from assetflow.definitions.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class CallOutput:
    """An output of an op somewhere inside a graph.

    Attributes:
        path: names of the nodes that lead to the op; empty for an op that is no graph's.
        output: its name.
    """

    path: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpCall:
    """One op inside a graph, however deep, with where its inputs come from.

    Attributes:
        path: names of the nodes that lead to it; empty for an op that is no graph's.
        inputs: for each connected input its sources: outputs of other ops, or names of the outermost inputs.
        lists: inputs that are lists of what their sources give.
    """

    path: tuple[str, ...]
    op: OpDefinition
    inputs: Mapping[str, tuple[CallOutput | str, ...]]
    lists: frozenset[str] = frozenset()


class GraphDefinition(Invocable):
    """Ops and how they are connected. Made by ``@graph``.

    Attributes:
        name: of the graph.
        ins: its inputs by name, as the ops behind them declare them.
        outs: its outputs by name, as the ops behind them declare them.
        calls: every op in it, each after those it needs.
        makers: for each output the op that makes it.
        description: for people.
        location: of its function.
    """

    __slots__ = ("_inputs", "_mapping", "calls", "description", "ins", "location", "makers", "name", "nodes", "outs")

    def __init__(
        self,
        name: str,
        nodes: Sequence[Node],
        inputs: Sequence[str],
        outputs: Mapping[str, NodeOutput],
        *,
        description: str | None = None,
        location: SourceLocation | None = None,
    ) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.description = description
        self.location = location
        self._inputs = tuple(inputs)
        self._mapping = dict(outputs)
        by_name = {node.name: node for node in self.nodes}
        self.calls = tuple(call for node in self.nodes for call in _calls(node, by_name))
        self.makers = {output: _maker(source, by_name) for output, source in self._mapping.items()}
        self.ins = {given: self._input(given) for given in self._inputs}
        self.outs = {output: self._output(output) for output in self._mapping}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Be part of the graph whose function makes the call.

        Raises:
            InvariantViolationError: it is called elsewhere.
        """
        found = current()
        if found is None:
            raise InvariantViolationError(
                f"the graph {self.name} was called outside of the function of another graph, where nothing can "
                "run its ops",
                where=self.where,
                fix="make assets of it with graph_asset or AssetsDefinition.from_graph, and materialize them",
            )
        return found.record(self, None, args, kwargs)

    def calls_behind(self, output: str) -> list[OpCall]:
        """The ops that an output needs, each before those it needs."""
        needed, found = {self.makers[output].path}, []
        for call in reversed(self.calls):
            if call.path in needed:
                found.append(call)
                needed |= {one.path for item in call.inputs.values() for one in item if isinstance(one, CallOutput)}
        return found

    def with_outs(self, outs: Mapping[str, OpOutput]) -> GraphDefinition:
        """A copy that says something else of its outputs."""
        found = copy(self)
        found.outs = dict(outs)
        return found

    def adapted(
        self,
        *,
        tags: Mapping[str, str] | None = None,
        hooks: tuple[HookDefinition, ...] = (),
        retry_policy: RetryPolicy | None = None,
    ) -> GraphDefinition:
        """A copy all of whose ops have these in addition."""
        nodes = [
            replace(node, definition=node.definition.adapted(tags=tags, hooks=hooks, retry_policy=retry_policy))
            for node in self.nodes
        ]
        return GraphDefinition(
            self.name, nodes, self._inputs, self._mapping, description=self.description, location=self.location
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its inputs, in the order of the function's parameters."""
        return self._inputs

    @property
    def where(self) -> str:
        """Its place in the user's code, for error messages."""
        return f'{self.location} ("{self.name}")' if self.location else f'"{self.name}"'

    @property
    def ops(self) -> tuple[OpDefinition, ...]:
        """The ops of all its calls."""
        return tuple(call.op for call in self.calls)

    @property
    def code_version(self) -> None:
        """A graph has none; its ops may have."""
        return

    def leaves_without_output(self) -> list[str]:
        """Ops whose outputs nothing uses: no other op, and no output of the graph."""
        used = {source.path for call in self.calls for found in call.inputs.values() for source in _outputs(found)}
        used |= {maker.path for maker in self.makers.values()}
        return [".".join(call.path) for call in self.calls if call.path not in used]

    def __repr__(self) -> str:
        return f"GraphDefinition({self.name!r})"

    def _input(self, name: str) -> OpInput:
        readers = [
            call.op.ins[argument]
            for call in self.calls
            for argument, sources in call.inputs.items()
            if name in sources and argument not in call.lists
        ]
        lists = any(name in sources for call in self.calls for a, sources in call.inputs.items() if a in call.lists)
        loading = [item for item in readers if not item.is_nothing]
        if not loading:
            return OpInput(name=name, annotation=Any, is_nothing=not lists)
        return loading[0]._replace(name=name)

    def _output(self, name: str) -> OpOutput:
        maker = self.makers[name]
        op = next(call.op for call in self.calls if call.path == maker.path)
        out = op.outs[maker.output]
        return out._replace(name=name, code_version=out.code_version or op.code_version)


def _outputs(sources: tuple[CallOutput | str, ...]) -> list[CallOutput]:
    return [source for source in sources if isinstance(source, CallOutput)]


def _maker(source: NodeOutput, nodes: Mapping[str, Node]) -> CallOutput:
    definition = nodes[source.node].definition
    if isinstance(definition, OpDefinition):
        return CallOutput((source.node,), source.output)
    inner = definition.makers[source.output]
    return CallOutput((source.node, *inner.path), inner.output)


def _calls(node: Node, nodes: Mapping[str, Node]) -> list[OpCall]:
    """The ops of one node, with the inputs of the graph it stands in resolved."""

    def resolved(sources: tuple[Source, ...]) -> tuple[CallOutput | str, ...]:
        return tuple(source.name if isinstance(source, GraphInput) else _maker(source, nodes) for source in sources)

    definition = node.definition
    given = {argument: resolved(sources) for argument, sources in node.inputs.items()}
    if isinstance(definition, OpDefinition):
        _check_connected(node.name, definition, given)
        return [OpCall(path=(node.name,), op=definition, inputs=given, lists=node.lists)]
    return [_outer(call, node, given) for call in definition.calls]


def _outer(call: OpCall, node: Node, given: Mapping[str, tuple[CallOutput | str, ...]]) -> OpCall:
    """An op of an inner graph as it is seen from the graph around it."""
    inputs: dict[str, tuple[CallOutput | str, ...]] = {}
    lists = set(call.lists)
    for argument, sources in call.inputs.items():
        found: list[CallOutput | str] = []
        for source in sources:
            if isinstance(source, CallOutput):
                found.append(CallOutput((node.name, *source.path), source.output))
            elif source in given:
                found += given[source]
                if source in node.lists:
                    lists.add(argument)
            elif not call.op.ins[argument].is_nothing and argument not in call.op.defaults:
                raise _unconnected(f"{node.name}.{'.'.join(call.path)}", argument, node.definition.where)
        if found:
            inputs[argument] = tuple(found)
    return OpCall(path=(node.name, *call.path), op=call.op, inputs=inputs, lists=frozenset(lists))


def _check_connected(name: str, op: OpDefinition, given: Mapping[str, object]) -> None:
    for argument, item in op.ins.items():
        if argument not in given and not item.is_nothing and argument not in op.defaults:
            raise _unconnected(name, argument, op.where)


def _unconnected(name: str, argument: str, where: str) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f'input "{argument}" of {name} is not connected to anything in its graph',
        where=where,
        fix=f"{name}({argument}=...): an output of another op or an input of the graph; or give it a default",
    )
