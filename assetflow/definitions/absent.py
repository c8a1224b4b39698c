"""What contexts are asked for and do not have: partitions, and what the reference keeps in places of its own."""

from __future__ import annotations

from typing import Any, NoReturn

from assetflow.errors import InvariantViolationError

_ELSEWHERE = {
    "file_manager": "use a resource of your own",
    "job_def": "its name is context.job_name, its config context.run_config",
    "node_handle": "context.step_key is the name of the step",
    "op": "context.op_def is the op",
    "op_handle": "context.step_key is the name of the step",
    "pdb": "call breakpoint(), in a run in process",
    "pipeline_def": "context.job_name is the name of the job",
    "pipeline_name": "it is context.job_name",
    "pipeline_run": "it is context.run",
    "solid_config": "it is context.op_config",
    "solid_def": "it is context.op_def",
    "step_launcher": "queues say where steps run: op_tags={'assetflow/queue': ...}",
}


def hint_for(name: str) -> str | None:
    """Where to find something that a context does not have under this name; None if nobody would ask."""
    return _ELSEWHERE.get(name)


def of_a_partition(name: str) -> property:
    """An attribute that only a run of a partition has."""

    def refuse(_context: object) -> NoReturn:
        _refuse(name)

    return property(refuse, doc="InvariantViolationError: partitions are not supported yet.")


def asks_for_partition(name: str) -> Any:
    """A method that only makes sense in a run of a partition."""

    def refuse(_context: object, *_args: Any, **_more: Any) -> NoReturn:
        _refuse(name)

    refuse.__name__ = name
    refuse.__doc__ = "InvariantViolationError: partitions are not supported yet."
    return refuse


def _refuse(name: str) -> NoReturn:
    raise InvariantViolationError(
        f"Cannot access {name} for a non-partitioned run", fix="ask context.has_partition_key first"
    )


def no_instance(_context: object) -> NoReturn:
    """There is no instance; InvariantViolationError."""
    raise InvariantViolationError(
        "there is no instance: tags and config of a run are in context.run, what code uses is in context.resources"
    )
