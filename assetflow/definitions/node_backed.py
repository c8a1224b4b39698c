"""What is made by an op, or by a graph of them: which ops these are, and what they need."""

from __future__ import annotations

from assetflow.definitions.graph_definition import CallOutput, GraphDefinition, OpCall
from assetflow.definitions.location import SourceLocation
from assetflow.definitions.node import NodeDefinition
from assetflow.definitions.op import OpDefinition
from assetflow.errors import CheckError


class NodeBacked:
    """Looks at the node of whoever has one.

    Attributes:
        node_def: the function with its inputs and outputs declared, or a graph of such functions.
    """

    __slots__ = ()

    node_def: NodeDefinition

    @property
    def op(self) -> OpDefinition:
        """The op; CheckError if it is a graph of several."""
        if isinstance(self.node_def, GraphDefinition):
            raise CheckError(f"{self.node_def.name} is a graph of several ops; ask for .node_def")
        return self.node_def

    @property
    def ops(self) -> tuple[OpDefinition, ...]:
        """The op, or all those of the graph."""
        return self.node_def.ops if isinstance(self.node_def, GraphDefinition) else (self.node_def,)

    @property
    def calls(self) -> tuple[OpCall, ...]:
        """The ops that make its assets, each after those it needs, with what they get from each other."""
        if isinstance(self.node_def, GraphDefinition):
            return self.node_def.calls
        return (OpCall(path=(), op=self.node_def, inputs={name: (name,) for name in self.node_def.ins}),)

    def maker(self, output: str) -> CallOutput:
        """Which op makes an output."""
        return self.node_def.makers[output] if isinstance(self.node_def, GraphDefinition) else CallOutput((), output)

    def op_at(self, path: tuple[str, ...]) -> OpDefinition:
        """The op of one of its calls; KeyError if there is none."""
        if not path and isinstance(self.node_def, OpDefinition):
            return self.node_def
        for call in self.calls:
            if call.path == path:
                return call.op
        raise KeyError(path)

    @property
    def location(self) -> SourceLocation | None:
        """Where the function is written."""
        return self.node_def.location

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Resources its functions, their inputs and their outputs need."""
        found = set(self.io_manager_keys)
        for op in self.ops:
            found |= op.required_resource_keys
            for hook in op.hooks:
                found |= hook.required_resource_keys
            for item in op.ins.values():
                if item.input_manager_key:
                    found.add(item.input_manager_key)
        return frozenset(found)

    @property
    def io_manager_keys(self) -> frozenset[str]:
        """The resources that store what its functions make."""
        makers = [op for op in self.ops if not op.only_checks and op.observes is None]
        return frozenset([out.io_manager_key for op in makers for out in op.outs.values()])
