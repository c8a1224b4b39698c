"""What contexts are asked for and do not have."""

from __future__ import annotations

from typing import NoReturn

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


def not_of_a_partition(asked: str) -> InvariantViolationError:
    """The error for what only a run of a partition has."""
    return InvariantViolationError(
        f"Cannot access {asked} for a non-partitioned run", fix="ask context.has_partition_key first"
    )


def no_instance(_context: object) -> NoReturn:
    """There is no instance; InvariantViolationError."""
    raise InvariantViolationError(
        "there is no instance: tags and config of a run are in context.run, what code uses is in context.resources"
    )
