"""Values in the memory of this process, for tests."""

from __future__ import annotations

from typing import Any

from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import IOManager, io_manager
from assetflow.errors import InvariantViolationError


class InMemoryIOManager(IOManager):
    """Keeps the values it is given; what reads one gets the very same object.

    Attributes:
        values: by the segments of the asset's key; of what is no asset, by run id, step and output.
    """

    takes_one_partition = True

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep the value."""
        self.values[context.value_path] = obj

    def load_input(self, context: InputContext) -> Any:
        """The value; InvariantViolationError if it was not made in this process since the run began."""
        if context.value_path not in self.values:
            raise InvariantViolationError(
                f"{context.value_title} is not in memory: {context.absence('nothing has made it in this run')}",
                fix="values in memory are those of one run in one process: make it there, or read it with an IO "
                "manager of its own",
            )
        return self.values[context.value_path]


@io_manager(description="Keeps values in the memory of the process, for the length of one run.")
def mem_io_manager() -> InMemoryIOManager:
    """Keep values in memory."""
    return InMemoryIOManager()
