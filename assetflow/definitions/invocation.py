"""Calling an asset like the function it is: no storage, no events, no run."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assetflow.definitions.context import OpExecutionContext, Resources
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.outputs import Output
from assetflow.definitions.typecheck import check_value
from assetflow.errors import InvalidDefinitionError, InvalidInvocationError, TypeCheckDidNotPass

if TYPE_CHECKING:
    from assetflow.definitions.assets_definition import AssetsDefinition


def invoke(asset: AssetsDefinition, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Bind the arguments, check types, call, and return exactly what the function returns.

    Raises:
        InvalidInvocationError: context or inputs are missing, or there are too many.
        InvalidDefinitionError: the context lacks a resource that the asset declares.
        TypeCheckDidNotPass: a value does not fit its annotation.
    """
    op = asset.op
    rest, given = list(args), dict(kwargs)
    leading: list[Any] = []
    if op.context_name is not None:
        leading = [_bound_context(asset, op, rest, given)]
    elif rest and isinstance(rest[0], OpExecutionContext):
        raise InvalidInvocationError(
            f"Compute function of op '{op.name}' has no context argument, but context was provided when invoking."
        )
    inputs = _bound_inputs(op, rest, given)
    for name, value in inputs.items():
        _check(op, value, op.ins[name].annotation, f'input "{name}"')
    return _checked_result(op, op.compute_fn(*leading, **inputs))


def _bound_context(
    asset: AssetsDefinition, op: OpDefinition, rest: list[Any], given: dict[str, Any]
) -> OpExecutionContext:
    assert op.context_name is not None
    context = given.pop(op.context_name, None) if op.context_name in given else (rest.pop(0) if rest else None)
    if not isinstance(context, OpExecutionContext):
        raise InvalidInvocationError(
            f"Compute function of op '{op.name}' has context argument, but no context was provided when invoking.",
            fix="from assetflow import build_op_context; call it as f(build_op_context(), ...)",
        )
    available = set(context.resources)
    for key in sorted(op.required_resource_keys - available):
        raise InvalidDefinitionError(
            f"resource with key '{key}' required by op '{op.name}' was not provided",
            fix=f"build_op_context(resources={{{key!r}: ...}})",
        )
    return OpExecutionContext(
        run_id=context.run_id,
        op_def=op,
        assets_def=asset,
        resources=Resources({key: getattr(context.resources, key) for key in available}, None, op.name),
        op_config=context.op_config,
        log=context.log,
        retry_number=context.retry_number,
        run_tags=context.run_tags,
    )


def _bound_inputs(op: OpDefinition, rest: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    names = [name for name, item in op.ins.items() if not item.is_nothing]
    if len(rest) > len(names):
        raise InvalidInvocationError(
            f"Too many input arguments were provided for op '{op.name}'. "
            f"It takes {len(names)} ({', '.join(names) or 'none'}), but {len(rest)} were given by position."
        )
    inputs = dict(zip(names, rest, strict=False))
    for name, value in given.items():
        item = op.ins.get(name)
        if item is not None and item.is_nothing:
            raise InvalidInvocationError(
                f"Attempted to provide value for nothing input '{name}' of op '{op.name}'",
                fix="leave it out: it only says what has to run before",
            )
        if item is None or name in inputs:
            raise InvalidInvocationError(
                f"Too many input arguments were provided for op '{op.name}'. '{name}' is "
                + ("given twice." if name in inputs else f"not one of: {', '.join(names) or 'none'}.")
            )
        inputs[name] = value
    for name in names:
        if name not in inputs and name not in op.defaults:
            raise InvalidInvocationError(f'No value provided for required input "{name}".')
    return inputs


def _checked_result(op: OpDefinition, result: Any) -> Any:
    if inspect.isgenerator(result):
        return _checked_items(op, result)
    if inspect.iscoroutine(result) or inspect.isasyncgen(result):
        return result
    if isinstance(result, Output):
        _check_output(op, result)
    elif len(op.outs) == 1:
        out = next(iter(op.outs.values()))
        _check(op, result, None if out.is_nothing else out.annotation, f'output "{out.name}"')
    return result


def _checked_items(op: OpDefinition, items: Iterator[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, Output):
            _check_output(op, item)
        yield item


def _check_output(op: OpDefinition, output: Output[Any]) -> None:
    out = op.outs.get(output.output_name)
    if out is not None:
        _check(op, output.value, None if out.is_nothing else out.annotation, f'output "{out.name}"')


def _check(op: OpDefinition, value: Any, annotation: Any, what: str) -> None:
    reason = check_value(value, annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(f'Type check failed for op "{op.name}" {what}: {reason}', where=op.where)
