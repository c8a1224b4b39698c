"""What belongs to definitions, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from assetflow.definitions.job import IMPLICIT_JOB, AssetJob
from assetflow.errors import InvalidDefinitionError, InvariantViolationError, ParameterCheckError

T = TypeVar("T")


def named_jobs(jobs: Iterable[Any] | None, brought_along: Iterable[AssetJob]) -> dict[str, AssetJob]:
    """Jobs by name.

    Args:
        jobs: those that are given.
        brought_along: those that come with schedules and sensors; they may be among the others.

    Raises:
        InvalidDefinitionError: two have one name.
        ParameterCheckError: something among those that are given is none.
    """
    found: dict[str, AssetJob] = {}
    for job in jobs or ():
        if not isinstance(job, AssetJob):
            raise ParameterCheckError(f"jobs is a list of what define_asset_job makes, not of {job!r}")
        if job.name in found or job.name == IMPLICIT_JOB:
            raise _same_name(job)
        found[job.name] = job
    for job in brought_along:
        known = found.setdefault(job.name, job)
        if known is not job and _about(known) != _about(job):
            raise _same_name(job)
    return found


def find_by_name(what: str, name: str, known: Mapping[str, T]) -> T:
    """The one of this name; InvariantViolationError if there is none."""
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise InvariantViolationError(
            f'Could not find {what} "{name}". There are: {", ".join(known) or "none"}',
            fix=f"did you mean {near[0]}?" if near else f"give it to Definitions({what}s=[...])",
        )
    return known[name]


def _about(job: AssetJob) -> tuple[Any, ...]:
    return (job.selection, job.config, job.tags, job.hooks, job.partitions_def)


def _same_name(job: AssetJob) -> InvalidDefinitionError:
    return InvalidDefinitionError(f"Duplicate job name: {job.name}", fix="give each job a name of its own")
