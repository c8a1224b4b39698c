"""The ``@op`` decorator, and what it is told of inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.asset_inputs import check_named
from assetflow.definitions.names import check_name
from assetflow.definitions.op import OpDefinition, OpInput, OpOutput
from assetflow.definitions.op_building import OpForm, ToldOfOp, build_op, check_function, name_of
from assetflow.definitions.outputs import value_annotation, value_annotations
from assetflow.definitions.retry import RetryPolicy
from assetflow.definitions.signature import EMPTY, Parameters, read_parameters
from assetflow.definitions.typecheck import is_nothing, makes_nothing
from assetflow.errors import CheckError, InvalidDefinitionError

Compute = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class In:
    """Says of an op's input what its annotation does not.

    Attributes:
        dagster_type: the type of the value, in place of the annotation; `Nothing` for an input that only orders.
        description: for those who read the code; it is shown nowhere else.
        default_value: used where the input is not connected.
        metadata: reaches the IO manager as ``InputContext.metadata``.
        input_manager_key: another resource to load with.
    """

    dagster_type: Any = None
    description: str | None = None
    default_value: Any = EMPTY
    metadata: Mapping[str, Any] = field(default_factory=dict)
    input_manager_key: str | None = None


@dataclass(frozen=True, slots=True)
class Out:
    """Says of an op's output what the return annotation does not.

    Attributes:
        dagster_type: the type of the value, in place of the annotation.
        description: for people.
        is_required: False lets the op end without it: then whatever needs it is skipped.
        io_manager_key: the resource that stores the value.
        metadata: of the definition; any values.
        code_version: a label of the code that makes it, given by hand.
    """

    dagster_type: Any = None
    description: str | None = None
    is_required: bool = True
    io_manager_key: str = "io_manager"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    code_version: str | None = None


@overload
def op(compute_fn: Compute) -> OpDefinition: ...
@overload
def op(
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
) -> Callable[[Compute], OpDefinition]: ...
def op(
    compute_fn: Compute | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
) -> OpDefinition | Callable[[Compute], OpDefinition]:
    """Make an op of a function: a step of the graphs it is used in. Its arguments are its inputs.

    Args:
        name: by default the function's.
        description: by default the docstring.
        ins: more about arguments; one that is no argument has the type `Nothing` and only orders.
        out: more about its only output; or several outputs by name, returned as a tuple in this order or yielded
            as ``Output(value, name)``.
        config_schema: of ``context.op_config``.
        required_resource_keys: resources that ``context.resources`` shows.
        tags: labels.
        retry_policy: when it is tried again after it raised.
        code_version: a label of the code, given by hand.
        queue: whose workers run it; by default ``default``.
        pool: bounds how many such steps run at once, in all runs.
        timeout: seconds after which it is stopped on a worker; see `asset`.

    Raises:
        InvalidDefinitionError: a name or an input does not fit.
        CheckError: arguments of another kind.
    """
    told = ToldOfOp(
        name=name,
        description=description,
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        op_tags=tags,
        retry_policy=retry_policy,
        code_version=code_version,
        queue=queue,
        pool=pool,
        timeout=timeout,
    )

    def make(function: Compute) -> OpDefinition:
        where = check_function(function, "@op")
        op_name = name_of(function, name, "@op")
        arguments = Arguments(f'op "{op_name}"', where)
        told.check(arguments)
        arguments.mappings(ins=ins)
        parameters = read_parameters(function)
        form = OpForm(
            name=op_name,
            title=f'op "{op_name}"',
            ins=_inputs(parameters, ins or {}, where),
            outs=_outs(out, parameters.annotation("return"), where),
            defaults={
                argument: item.default_value
                for argument, item in (ins or {}).items()
                if item.default_value is not EMPTY
            },
        )
        return build_op(function, parameters, told, form)

    return make if compute_fn is None else make(compute_fn)


def _inputs(parameters: Parameters, ins: Mapping[str, In], where: str | None) -> dict[str, OpInput]:
    check_named(parameters, where)
    for name, item in ins.items():
        if not isinstance(item, In):
            raise CheckError(f"ins maps argument names to In, not to {type(item).__name__}: {name}={item!r}")
        if name not in parameters.names and not parameters.takes_any and not is_nothing(item.dagster_type):
            raise InvalidDefinitionError(
                f"the input '{name}' is no argument of the function: {', '.join(parameters.names) or 'it has none'}",
                where=where,
                fix="name an argument; an input that only orders has the type Nothing: In(Nothing)",
            )
    found = {}
    for name in dict.fromkeys([*parameters.names, *ins]):
        item = ins.get(name, In())
        found[name] = OpInput(
            name=name,
            annotation=parameters.annotation(name) if item.dagster_type is None else item.dagster_type,
            is_nothing=is_nothing(item.dagster_type),
            metadata=item.metadata,
            input_manager_key=item.input_manager_key,
        )
    return found


def _outs(out: Out | Mapping[str, Out] | None, returned: Any, where: str | None) -> dict[str, OpOutput]:
    if out is None or isinstance(out, Out):
        return {"result": _output("result", out or Out(), value_annotation(returned))}
    if not isinstance(out, Mapping) or not all(isinstance(item, Out) for item in out.values()):
        raise CheckError(f"out is an Out, or maps names of outputs to Out, unlike {out!r}")
    return {
        name: _output(check_name(name, f'output "{name}"', where), item, annotation)
        for (name, item), annotation in zip(out.items(), value_annotations(returned, len(out)), strict=True)
    }


def _output(name: str, out: Out, annotation: Any) -> OpOutput:
    meant = annotation if out.dagster_type is None else out.dagster_type
    return OpOutput(
        name=name,
        annotation=meant,
        is_nothing=makes_nothing(meant),
        is_required=out.is_required,
        io_manager_key=out.io_manager_key,
        metadata=out.metadata,
        description=out.description,
        code_version=out.code_version,
    )
