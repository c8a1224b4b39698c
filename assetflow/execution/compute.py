"""Calling the user's function, whatever kind of function it is, and checking what comes out."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from typing import Any

from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.materialize_result import NO_VALUE
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.outputs import Output
from assetflow.definitions.typecheck import check_value
from assetflow.errors import CheckError, InvariantViolationError, StepOutputNotFoundError, TypeCheckDidNotPass
from assetflow.execution.unfolding import Item, spec_of, unfold_returned, unfold_yielded
from assetflow.keys import AssetKey


def compute(
    op: OpDefinition,
    context: OpExecutionContext,
    inputs: Mapping[str, Any],
    *,
    selected: Collection[str],
    keys: Mapping[str, AssetKey],
) -> Iterator[Item]:
    """Run the op and yield its outputs, events and results of checks as they come.

    Args:
        keys: the asset that each output makes.
        selected: names of the outputs that are wanted; the others may be left out.

    Raises:
        InvariantViolationError: something else was yielded, or an output twice.
        StepOutputNotFoundError: a required output did not come.
        TypeCheckDidNotPass: a value does not fit its annotation.
    """
    seen: set[str] = set()
    checked: set[str] = set()
    for item in _items(op, context, inputs, keys):
        if isinstance(item, Output):
            _check_output(op, item, seen)
            seen.add(item.output_name)
        elif isinstance(item, AssetCheckResult):
            name = spec_of(op, item).get_python_identifier()
            if name in checked:
                raise InvariantViolationError(f'op "{op.name}" gave a result of the check {name} multiple times')
            checked.add(name)
        yield item
    for name, spec in op.checks.items():
        if name not in checked and (op.only_checks or spec.asset_key in keys.values()):
            raise StepOutputNotFoundError(
                f'op "{op.name}" ended without a result of its check {spec.key}',
                where=str(op.location) if op.location else None,
                fix="yield AssetCheckResult(...), or return MaterializeResult(check_results=[...])",
            )
    for name, out in op.outs.items():
        if out.is_required and name in selected and name not in seen:
            raise StepOutputNotFoundError(
                f'Core compute for op "{op.name}" did not return an output for non-optional output "{name}"',
                where=str(op.location) if op.location else None,
                fix="yield an Output for it, or declare it as not required",
            )


def _items(
    op: OpDefinition, context: OpExecutionContext, inputs: Mapping[str, Any], keys: Mapping[str, AssetKey]
) -> Iterator[Item]:
    arguments = [context] if op.takes_context else []
    returned = op.compute_fn(*arguments, **inputs, **op.beside_inputs(context))
    if inspect.iscoroutine(returned):
        returned = asyncio.run(returned)
    if inspect.isasyncgen(returned):
        returned = _drained(returned)
    if inspect.isgenerator(returned):
        for item in returned:
            yield from unfold_yielded(op, item, keys)
        return
    yield from unfold_returned(op, returned, keys)


def _drained(items: AsyncIterator[Any]) -> Iterator[Any]:
    loop = asyncio.new_event_loop()
    try:
        while True:
            try:
                yield loop.run_until_complete(anext(items))
            except StopAsyncIteration:
                return
    finally:
        loop.close()


def _check_output(op: OpDefinition, item: Output[Any], seen: set[str]) -> None:
    out = op.outs.get(item.output_name)
    where = str(op.location) if op.location else None
    if out is None:
        raise InvariantViolationError(
            f'op "{op.name}" produced an output "{item.output_name}", which it does not declare; '
            f"it declares: {', '.join(op.outs)}",
            where=where,
        )
    if item.output_name in seen:
        raise InvariantViolationError(
            f'op "{op.name}" returned an output "{item.output_name}" multiple times', where=where
        )
    if item.value is NO_VALUE:
        return
    if out.is_nothing:
        if item.value is not None:
            raise CheckError(
                f'op "{op.name}" is annotated to return None, but returned a value of type '
                f"{type(item.value).__name__}: remove the annotation to have it stored, or return nothing: {where}"
            )
        return
    reason = check_value(item.value, out.annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(
            f'Type check failed for step output "{item.output_name}" of op "{op.name}": {reason}', where=where
        )
