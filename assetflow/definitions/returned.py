"""What a function has returned, as outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assetflow.definitions.events import AssetMaterialization, AssetObservation, ExpectationResult
from assetflow.definitions.outputs import Output
from assetflow.errors import InvariantViolationError

if TYPE_CHECKING:
    from assetflow.definitions.op import OpDefinition


def outputs_of(op: OpDefinition, value: Any) -> Iterator[Output[Any]]:
    """One Output for each value that was returned.

    Raises:
        InvariantViolationError: several outputs are declared, and it is no tuple of as many values.
    """
    if isinstance(value, Output):
        yield value
        return
    if isinstance(value, AssetMaterialization | AssetObservation | ExpectationResult):
        raise InvariantViolationError(
            f'op "{op.name}" returned an {type(value).__name__}, which is an event and no value',
            where=str(op.location) if op.location else None,
            fix="yield it together with an Output, or give it to context.log_event",
        )
    names = list(op.outs)
    if len(names) == 1:
        yield Output(value, output_name=names[0])
        return
    if not isinstance(value, tuple):
        raise InvariantViolationError(
            f'op "{op.name}" has multiple outputs, but only one output was returned',
            where=str(op.location) if op.location else None,
            fix="return a tuple in the order of outs, or yield one Output for each",
        )
    if len(value) != len(names):
        raise InvariantViolationError(
            f'Length mismatch between returned tuple of outputs and number of output defs on op "{op.name}": '
            f"{len(value)} values for {len(names)} outputs",
            where=str(op.location) if op.location else None,
        )
    for name, item in zip(names, value, strict=True):
        if not isinstance(item, Output):
            yield Output(item, output_name=name)
        elif item.output_name in (name, "result"):
            yield Output(item.value, output_name=name, metadata=item.metadata)
        else:
            raise InvariantViolationError(
                f'op "{op.name}" returned an Output named "{item.output_name}" where "{name}" was expected',
                where=str(op.location) if op.location else None,
                fix="return the values in the order of outs",
            )
