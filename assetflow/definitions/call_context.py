"""The context of an asset or op that is called without a run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from assetflow.definitions.absent import hint_for
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import InvalidPropertyError

RUN_ID = "EPHEMERAL"


class CallContext(OpExecutionContext):
    """A context for direct calls: what only a run has is refused."""

    __slots__ = ()

    @property
    def run(self) -> NoReturn:
        """There is no run; InvalidPropertyError."""
        _refuse("run")

    @property
    def dagster_run(self) -> NoReturn:
        """There is no run; InvalidPropertyError."""
        _refuse("dagster_run")

    @property
    def step_key(self) -> str:
        """There is no step; InvalidPropertyError."""
        _refuse("step_key")

    @property
    def job_name(self) -> str:
        """There is no job; InvalidPropertyError."""
        _refuse("job_name")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if hint_for(name) is not None:
                _refuse(name)
            return super().__getattr__(name)


def empty_context() -> CallContext:
    """What stands for None in a call."""
    # By name: whoever defines assets only has no use for logging, which takes time to load.
    log = import_module("logging").getLogger("assetflow.step")
    return CallContext(run_id=RUN_ID, op_def=None, resources=Resources({}, None, "this context"), log=log)


def _refuse(name: str) -> NoReturn:
    raise InvalidPropertyError(
        f"The `{name}` property is not set on the context when an asset or op is called directly: it belongs to a run",
        fix="use materialize_to_memory([...]) to see code in a run",
    )
