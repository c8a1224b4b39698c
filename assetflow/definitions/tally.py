"""What has come of an op so far: each output and each result of a check once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.outputs import Output
from assetflow.definitions.unfolding import Item, spec_of
from assetflow.errors import InvariantViolationError

if TYPE_CHECKING:
    from assetflow.definitions.checks import AssetCheckSpec
    from assetflow.definitions.op import OpDefinition


class Tally:
    """Counts what an op gives."""

    __slots__ = ("_checked", "_made", "_op")

    def __init__(self, op: OpDefinition) -> None:
        self._op = op
        self._made: set[str] = set()
        self._checked: set[str] = set()

    def take(self, item: Item) -> None:
        """Count one item.

        Raises:
            InvariantViolationError: the op does not declare it, or it has come before.
        """
        if isinstance(item, Output):
            if item.output_name not in self._op.outs:
                raise InvariantViolationError(
                    f'op "{self._op.name}" produced an output "{item.output_name}", which it does not declare; '
                    f"it declares: {', '.join(self._op.outs)}",
                    where=self._op.where,
                )
            self._count(self._made, item.output_name, f'returned an output "{item.output_name}"')
        elif isinstance(item, AssetCheckResult):
            spec = spec_of(self._op, item)
            self._count(self._checked, spec.get_python_identifier(), f"gave a result of the check {spec.key}")

    def missing_outputs(self) -> Iterator[str]:
        """Names of required outputs that have not come."""
        return (name for name, out in self._op.outs.items() if out.is_required and name not in self._made)

    def missing_checks(self) -> Iterator[tuple[str, AssetCheckSpec]]:
        """Checks of which no result has come, by the names of their own steps."""
        return ((name, spec) for name, spec in self._op.checks.items() if name not in self._checked)

    def _count(self, seen: set[str], name: str, what: str) -> None:
        if name in seen:
            raise InvariantViolationError(f'op "{self._op.name}" {what} multiple times', where=self._op.where)
        seen.add(name)
