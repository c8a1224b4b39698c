"""The ``@graph`` decorator: calls a function once to see how ops are connected."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from assetflow.definitions.composition import GraphInput, NodeOutput, Recording, recording
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.location import location_of
from assetflow.definitions.names import check_name
from assetflow.definitions.op import normalize_tags
from assetflow.errors import CheckError, InvalidDefinitionError

Compose = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class GraphIn:
    """Says of a graph's input what there is to say to people.

    Attributes:
        description: for those who read the code; it is shown nowhere else.
    """

    description: str | None = None


@dataclass(frozen=True, slots=True)
class GraphOut:
    """Declares one of several outputs of a graph.

    Attributes:
        description: for people.
    """

    description: str | None = None


@overload
def graph(compose_fn: Compose) -> GraphDefinition: ...
@overload
def graph(
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Callable[[Compose], GraphDefinition]: ...
def graph(
    compose_fn: Compose | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> GraphDefinition | Callable[[Compose], GraphDefinition]:
    """Make a graph of a function that calls ops and hands their outputs on.

    The function is called once, now; its arguments and what ops give it stand for values that a run will make.

    Args:
        name: by default the function's.
        description: by default the docstring.
        ins: more about arguments, all of which must be among them.
        out: outputs by name, if it returns a dict of several; a single returned output is named ``result``.
        tags: of all its steps.

    Raises:
        InvalidDefinitionError: something is not connected, or what is returned does not fit.
    """

    def make(function: Compose) -> GraphDefinition:
        return compose(function, name=name, description=description, ins=tuple(ins or ()), out=out, tags=tags)

    return make if compose_fn is None else make(compose_fn)


def compose(
    function: Compose,
    *,
    name: str | None,
    description: str | None,
    ins: tuple[str, ...] = (),
    out: GraphOut | Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> GraphDefinition:
    """Call a function and make a graph of what it called.

    Args:
        ins: names that must be arguments of the function.
        out: see `graph`; its values may be anything with a description.
    """
    if not callable(function) or isinstance(function, type):
        raise CheckError(f"@graph decorates a function, not {function!r}")
    location = location_of(function)
    where = str(location) if location else None
    graph_name = check_name(name or function.__name__, f'graph "{name or function.__name__}"', where)
    inputs = _parameters(function, graph_name, where)
    for unknown in [given for given in ins if given not in inputs]:
        raise InvalidDefinitionError(
            f"Key '{unknown}' in provided ins dict does not correspond to any of the names of the arguments to the "
            f"decorated function: {', '.join(inputs) or 'it has none'}",
            where=where,
            fix="name an argument of the function",
        )
    with recording(graph_name, where) as found:
        returned = function(**{given: GraphInput(given, found) for given in inputs})
    outputs = _outputs(found, returned, out)
    used = {source.name for node in found.nodes.values() for sources in node.inputs.values() for source in sources
            if isinstance(source, GraphInput)}  # fmt: skip
    for unused in [given for given in inputs if given not in used]:
        raise found.refused(f"the input '{unused}' is handed to no op", "remove it, or pass it to an op")
    made = GraphDefinition(
        graph_name,
        list(found.nodes.values()),
        inputs,
        outputs,
        description=description or inspect.getdoc(function),
        location=location,
    )
    found_tags = normalize_tags(tags, where)
    return _described(made.adapted(tags=found_tags) if found_tags else made, out)


def _described(made: GraphDefinition, out: GraphOut | Mapping[str, Any] | None) -> GraphDefinition:
    said = out if isinstance(out, Mapping) else dict.fromkeys(made.outs, out)
    texts = {name: one.description for name, one in said.items() if one is not None and one.description}
    if not texts:
        return made
    return made.with_outs(
        {name: item._replace(description=texts.get(name) or item.description) for name, item in made.outs.items()}
    )


def _parameters(function: Compose, name: str, where: str | None) -> tuple[str, ...]:
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise InvalidDefinitionError(
                f"the graph {name} has an argument that cannot be named: {parameter}", where=where
            )
        if parameter.name in ("context", "config"):
            raise InvalidDefinitionError(
                f"the graph {name} has an argument named {parameter.name}: its function only connects ops, and is "
                "not there when they run",
                where=where,
                fix=f"take {parameter.name} in the ops",
            )
        found.append(parameter.name)
    return tuple(found)


def _outputs(found: Recording, returned: Any, out: GraphOut | Mapping[str, Any] | None) -> dict[str, NodeOutput]:
    """What the graph's function returned, by names of outputs."""
    declared = list(out) if isinstance(out, Mapping) else None
    if returned is None and not declared:
        return {}
    if isinstance(returned, Mapping):
        outputs = dict(returned)
    elif isinstance(returned, tuple):
        names = declared or list(getattr(returned, "_fields", ()))
        if len(names) != len(returned):
            raise found.refused(f"{len(returned)} outputs are returned where {len(names)} are declared")
        outputs = dict(zip(names, returned, strict=True))
    else:
        outputs = {declared[0] if declared and len(declared) == 1 else "result": returned}
    if declared is not None and set(declared) != set(outputs):
        raise found.refused(
            f"the outputs {', '.join(outputs) or 'none'} are returned where {', '.join(declared)} are declared"
        )
    for name, value in outputs.items():
        if isinstance(value, GraphInput):
            raise found.refused(f'the output "{name}" is an input of the graph, which no op has made')
        if not found.own(value):
            raise found.refused(
                f'the output "{name}" is of type {type(value)}, and no output of an op in this graph',
                "return what an op returned",
            )
    if twice := [name for name, value in outputs.items() if list(outputs.values()).count(value) > 1]:
        raise found.refused(f"the outputs {', '.join(twice)} are one output of one op, which can be one asset only")
    return {check_name(name, f'output "{name}"', found.where): outputs[name] for name in declared or outputs}
