"""Calling an asset like the function it is: no storage, no events, no run."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from assetflow.definitions.call_context import CallContext, empty_context
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.materialize_result import NO_VALUE
from assetflow.definitions.outputs import Output
from assetflow.definitions.resource import as_resources
from assetflow.definitions.resource_opening import open_resources
from assetflow.definitions.signature import CONFIG_NAME
from assetflow.definitions.tally import Tally
from assetflow.definitions.typecheck import check_value
from assetflow.definitions.unfolding import Item, unfold_returned, unfold_yielded
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import (
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    TypeCheckDidNotPass,
)
from assetflow.keys import AssetKey

if TYPE_CHECKING:
    from assetflow.definitions.assets_definition import AssetsDefinition
    from assetflow.definitions.op import OpDefinition

Keys = Mapping[str, AssetKey]


def invoke(
    op: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any], asset: AssetsDefinition | None = None
) -> Any:
    """Bind the arguments, check types, call, and return exactly what the function returns.

    Args:
        asset: whose op it is, if it is an asset's.

    Raises:
        InvalidInvocationError: context or inputs are missing, or there are too many.
        InvalidDefinitionError: the context lacks a resource that the asset declares.
        TypeCheckDidNotPass: a value does not fit its annotation.
        InvariantViolationError: it yields something else than outputs and events, an output twice, or one too few.
    """
    rest, given = list(args), dict(kwargs)
    leading: list[Any] = []
    with ExitStack() as stack:
        context: OpExecutionContext | None = None
        told: OpExecutionContext | None = None
        if op.context_name is not None:
            context = _given_context(op, rest, given)
            told = _bound_context(op, asset, context, stack)
            leading = [told]
        elif (op.takes_config or op.resource_arguments) and rest and isinstance(rest[0], OpExecutionContext):
            context = rest.pop(0)
        elif any(isinstance(value, OpExecutionContext) for value in (*rest[:1], given.get("context"))):
            raise InvalidInvocationError(
                f"Compute function of op '{op.name}' has no context argument, but context was provided when invoking.",
                where=op.where,
                fix="leave the context out, or make it the function's first parameter",
            )
        bound = _bound_arguments(op, rest, given)
        for name, value in bound.items():
            if name in op.ins:
                _check(op, value, op.ins[name].annotation, f'input "{name}"')
        result = op.compute_fn(*leading, **{**bound, **_beside_inputs(op, bound, context, stack)})
        keys = asset.keys_by_output_name if asset is not None else {}
        if inspect.isgenerator(result):
            return _checked_items(op, result, keys, stack.pop_all(), told)
        if inspect.isasyncgen(result):
            return _checked_async_items(op, result, keys, stack.pop_all(), told)
        if inspect.iscoroutine(result):
            return _awaited(op, result, keys, stack.pop_all())
        return _checked_result(op, result, keys)


def _given_context(op: OpDefinition, rest: list[Any], given: dict[str, Any]) -> OpExecutionContext:
    assert op.context_name is not None
    if op.context_name in given and rest and isinstance(rest[0], OpExecutionContext):
        raise InvalidInvocationError(
            f"the context of op '{op.name}' is given twice: by position, and as '{op.context_name}'",
            where=op.where,
            fix="give it once",
        )
    missing: Any = object()
    context = given.pop(op.context_name, missing) if op.context_name in given else (rest.pop(0) if rest else missing)
    if context is None:  # as tests write it, of functions that do not use their context
        return empty_context()
    if not isinstance(context, OpExecutionContext):
        raise InvalidInvocationError(
            f"Compute function of op '{op.name}' has context argument, but no context was provided when invoking.",
            where=op.where,
            fix="from assetflow import build_op_context; call it as f(build_op_context(), ...)",
        )
    return context


def _bound_context(
    op: OpDefinition, asset: AssetsDefinition | None, context: OpExecutionContext, stack: ExitStack
) -> OpExecutionContext:
    values = {key: getattr(context.resources, key) for key in context.resources}
    missing = sorted(op.required_resource_keys - values.keys() - set(op.resource_arguments))
    brought = asset.resource_defs if asset is not None else {}
    for key in missing:
        if key not in brought:
            raise InvalidDefinitionError(
                f"resource with key '{key}' required by op '{op.name}' was not provided",
                where=op.where,
                fix=f"build_op_context(resources={{{key!r}: ...}})",
            )
    if missing:  # what the asset brings along
        definitions = {**brought, **as_resources(values)}
        values |= stack.enter_context(open_resources(definitions, missing, run_id=context.run_id, log=context.log))
    bound = CallContext(
        run_id=context.run_id,
        op_def=op,
        assets_def=asset,
        resources=Resources(values, None, op.name),
        op_config=context.op_config if op.takes_config else _processed(op, context.op_config),
        log=context.log,
        retry_number=context.retry_number,
        run_tags=context.run_tags,
        run_config=context.run_config,
        partitions=context.partitions_in(asset),
        instance=context.step_instance,
    )
    if asset is None:  # an op's context tells afterwards what it was told; an asset's is a copy
        context.share_with(bound)
        context.show_metadata_of(bound)
    return bound


def _processed(op: OpDefinition, config: Any) -> Any:
    return op.config.process({} if config is None else {"config": config}, "root", f'op "{op.name}"')


def _beside_inputs(
    op: OpDefinition,
    bound: Mapping[str, Any],
    context: OpExecutionContext | None,
    stack: ExitStack,
) -> dict[str, Any]:
    """The config and the resources a function takes as arguments: as they were given, else those of the context."""
    found: dict[str, Any] = {}
    if op.takes_config:
        told = None if context is None else context.op_config
        found[CONFIG_NAME] = _processed(op, bound.get(CONFIG_NAME, told))
    values = {} if context is None else {key: getattr(context.resources, key) for key in context.resources}
    for name in op.resource_arguments:
        if name not in bound and name not in values:
            raise InvalidDefinitionError(
                f"resource with key '{name}' required by op '{op.name}' was not provided",
                where=op.where,
                fix=f"{op.name}(..., {name}=...), or build_op_context(resources={{{name!r}: ...}})",
            )
    given = {name: bound[name] for name in op.resource_arguments if name in bound}
    opened = stack.enter_context(open_resources(as_resources(given), given)) if given else {}
    return {**found, **{name: opened.get(name, values.get(name)) for name in op.resource_arguments}}


def _bound_arguments(op: OpDefinition, rest: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    names = op.arguments
    if len(rest) > len(names):
        raise InvalidInvocationError(
            f"Too many input arguments were provided for op '{op.name}'. "
            f"It takes {len(names)} ({', '.join(names) or 'none'}), but {len(rest)} were given by position.",
            where=op.where,
        )
    inputs = dict(zip(names, rest, strict=False))
    for name, value in given.items():
        item = op.ins.get(name)
        if item is not None and item.is_nothing:
            raise InvalidInvocationError(
                f"Attempted to provide value for nothing input '{name}' of op '{op.name}'",
                where=op.where,
                fix="leave it out: it only says what has to run before",
            )
        if name not in names or name in inputs:
            raise InvalidInvocationError(
                f"Too many input arguments were provided for op '{op.name}'. '{name}' is "
                + ("given twice." if name in inputs else f"not one of: {', '.join(names) or 'none'}."),
                where=op.where,
            )
        inputs[name] = value
    for name in names:
        if name in op.ins and name not in inputs and name not in op.defaults:
            raise InvalidInvocationError(
                f'No value provided for required input "{name}".', where=op.where, fix=f"{op.name}(..., {name}=...)"
            )
    return inputs


def _checked_result(op: OpDefinition, result: Any, keys: Keys) -> Any:
    for item in unfold_returned(op, result, keys):
        _check_item(op, item)
    return result


async def _awaited(op: OpDefinition, result: Any, keys: Keys, stack: ExitStack) -> Any:
    with stack:
        return _checked_result(op, await result, keys)


def _checked_items(
    op: OpDefinition, items: Iterator[Any], keys: Keys, stack: ExitStack, told: OpExecutionContext | None
) -> Iterator[Any]:
    tally = Tally(op)
    with stack:
        for item in items:
            _check_yielded(op, item, keys, tally, told)
            yield item
        _check_complete(op, tally)


async def _checked_async_items(
    op: OpDefinition, items: AsyncIterator[Any], keys: Keys, stack: ExitStack, told: OpExecutionContext | None
) -> AsyncIterator[Any]:
    tally = Tally(op)
    with stack:
        async for item in items:
            _check_yielded(op, item, keys, tally, told)
            yield item
        _check_complete(op, tally)


def _check_yielded(op: OpDefinition, yielded: Any, keys: Keys, tally: Tally, told: OpExecutionContext | None) -> None:
    for item in unfold_yielded(op, yielded, keys):
        tally.take(item)
        if told is not None and isinstance(item, Output):
            told.close_output(item.output_name)
        _check_item(op, item)


def _check_item(op: OpDefinition, item: Item) -> None:
    if not isinstance(item, Output) or item.value is NO_VALUE:
        return
    out = op.outs.get(item.output_name)
    if out is not None:
        _check(op, item.value, None if out.is_nothing else out.annotation, f'output "{out.name}"')


def _check_complete(op: OpDefinition, tally: Tally) -> None:
    for name in () if op.only_checks else tally.missing_outputs():
        raise InvariantViolationError(
            f'calling op "{op.name}" gave nothing for its required output "{name}"',
            where=op.where,
            fix="yield an Output for it, or declare it as not required",
        )


def _check(op: OpDefinition, value: Any, annotation: Any, what: str) -> None:
    reason = check_value(value, annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(f'Type check failed for op "{op.name}" {what}: {reason}', where=op.where)
