"""What is done in a child of a desk: one question is answered, and what goes wrong is part of the answer."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from assetflow.config.environment import secret_values
from assetflow.daemon.code_jobs import Answer, Order, QuestionJob
from assetflow.desk import definitions, environments, health, instigators, partitions, plans, standing, stored
from assetflow.desk.questions import Refusal, Told
from assetflow.errors import AssetflowError, CheckError, ConflictError, InvalidConfigError
from assetflow.runs.masking import masked_text
from assetflow.submission import Project, project_of_file, project_of_module

FILE = "file:"

Question = Callable[[Project, Mapping[str, Any]], Any]
QUESTIONS: dict[str, Question] = {
    "definitions": definitions.all_definitions,
    "asset": definitions.one_asset,
    "select": definitions.select,
    "statuses": standing.statuses,
    "plan": plans.plan,
    "launch": plans.launch,
    "partitions": partitions.partitions,
    "partition_keys": partitions.partition_keys,
    "partition_index": partitions.partition_index,
    "versions": stored.versions,
    "rollback": stored.rollback,
    "difference": stored.difference,
    "environments": environments.environments,
    "environment_differences": environments.environment_differences,
    "promote": environments.promote,
    "undo_promotion": environments.undo_promotion,
    "instigators": instigators.instigators,
    "evaluate": instigators.evaluate,
    "doctor": health.doctor,
}


def project_at(target: str) -> Project:
    """The definitions of a module, or of a file if the target begins with ``file:``."""
    if target.startswith(FILE):
        return project_of_file(Path(target.removeprefix(FILE)))
    return project_of_module(target)


class Desk:
    """Answers questions about a project.

    Args:
        project: whose code is loaded.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    def __call__(self, order: Order) -> Answer:
        """Answer one question."""
        job = order.job
        if not isinstance(job, QuestionJob) or job.name not in QUESTIONS:
            return Answer(error=f"a desk does not know how to do this: {job}")
        try:
            found = QUESTIONS[job.name](self._project, job.arguments)
            told = Told(answer=msgspec.Raw(_encoder.encode(found)))
        except (AssetflowError, CheckError) as error:
            told = Told(refusal=_refusal(error))
        except BaseException:
            return Answer(error=masked_text(traceback.format_exc(), secret_values()))
        return Answer(told=msgspec.Raw(_encoder.encode(told)))


def _refusal(error: AssetflowError | CheckError) -> Refusal:
    if isinstance(error, CheckError):
        return Refusal(kind=type(error).__name__, message=str(error))
    details: list[dict[str, Any]] = []
    if isinstance(error, InvalidConfigError):
        details = [{"path": one.path, "message": one.message, "reason": one.reason.value} for one in error.errors]
    if isinstance(error, ConflictError):
        details = [{"run_id": error.run_id}]
    return Refusal(kind=type(error).__name__, message=error.message, where=error.where, fix=error.fix, details=details)


_encoder = msgspec.json.Encoder(enc_hook=str)
