"""What comes of the user's function, whatever kind of function it is, and checking it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from typing import Any

from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.materialize_result import NO_VALUE
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.outputs import Output
from assetflow.definitions.tally import Tally
from assetflow.definitions.typecheck import check_value
from assetflow.definitions.unfolding import Item, spec_of, unfold_returned, unfold_yielded
from assetflow.errors import CheckError, StepOutputNotFoundError, TypeCheckDidNotPass
from assetflow.keys import AssetKey


def compute(
    op: OpDefinition, returned: Any, *, selected: Collection[str], keys: Mapping[str, AssetKey]
) -> Iterator[Item]:
    """The outputs, events and results of checks of an op, as they come.

    Args:
        returned: by its function, whatever kind of function it is.
        keys: the asset that each output makes.
        selected: names of the outputs that are wanted; the others may be left out.

    Raises:
        InvariantViolationError: something else was yielded, or an output twice.
        StepOutputNotFoundError: a required output did not come.
        TypeCheckDidNotPass: a value does not fit its annotation.
    """
    tally = Tally(op)
    for item in _items(op, returned, keys):
        tally.take(item)
        if isinstance(item, Output):
            check_output(op, item.output_name, item.value)
        elif isinstance(item, AssetCheckResult) and not _is_wanted(op, item, selected):
            continue
        yield item
    for name, spec in tally.missing_checks():
        if name in selected if op.only_checks else spec.asset_key in keys.values():
            raise StepOutputNotFoundError(
                f'op "{op.name}" ended without a result of its check {spec.key}',
                where=_where(op),
                fix="yield AssetCheckResult(...), or return MaterializeResult(check_results=[...])",
            )
    for name in tally.missing_outputs():
        if name in selected:
            raise StepOutputNotFoundError(
                f'Core compute for op "{op.name}" did not return an output for non-optional output "{name}"',
                where=_where(op),
                fix="yield an Output for it, or declare it as not required",
            )


def _items(op: OpDefinition, returned: Any, keys: Mapping[str, AssetKey]) -> Iterator[Item]:
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


def _is_wanted(op: OpDefinition, result: AssetCheckResult, selected: Collection[str]) -> bool:
    return not op.only_checks or spec_of(op, result).get_python_identifier() in selected


def check_output(op: OpDefinition, name: str, value: Any) -> None:
    """Whether a value may be that of an output.

    Raises:
        CheckError: it is declared to have none.
        TypeCheckDidNotPass: it does not fit its annotation.
    """
    out = op.outs[name]
    if value is NO_VALUE:
        return
    if out.is_nothing:
        if value is not None:
            raise CheckError(
                f'op "{op.name}" is annotated to return None, but returned a value of type '
                f"{type(value).__name__}: remove the annotation to have it stored, or return nothing: {_where(op)}"
            )
        return
    reason = check_value(value, out.annotation)
    if reason is not None:
        raise TypeCheckDidNotPass(
            f'Type check failed for step output "{name}" of op "{op.name}": {reason}', where=_where(op)
        )


def _where(op: OpDefinition) -> str | None:
    return str(op.location) if op.location else None
