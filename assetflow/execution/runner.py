"""Executing the steps of one run in this process."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import cloudpickle

from assetflow.code.signing import Signer
from assetflow.config.environment import secret_values
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.definitions.hooks import HookDefinition
from assetflow.definitions.io_manager import VersionedIOManager
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.definitions.resource import ResourceDefinition
from assetflow.errors import LoadError
from assetflow.execution.hooks import run_hooks
from assetflow.execution.outcome import StepResult, delay_before_retry, describe_error
from assetflow.execution.resources import ResourcesByEnvironment
from assetflow.execution.settled import Settled, is_unchanged, left_as_it_was
from assetflow.execution.step import execute_step
from assetflow.execution.storing import Staged
from assetflow.execution.work import RunWork, StepWork, definition_of, partitions_of, value_paths
from assetflow.keys import Version
from assetflow.log import Speaker, logger, speaker, step_logger
from assetflow.planning.makers import Makers
from assetflow.planning.plan import Plan, Step
from assetflow.runs.claims import Claim
from assetflow.runs.facts import ErrorDetail, StepDetail
from assetflow.runs.masking import masked

_LARGEST_EXCEPTION = 64 * 1024


class StepStopped(BaseException):
    """Raised in a step's own code when its run was cancelled."""


class StepRunner(Protocol):
    """Runs steps, and finishes what they began."""

    def run(self, step: Step, claim: Claim, versions: Mapping[int, Version], settled: Settled) -> StepResult:
        """Execute one step. What user code raises is in the result.

        Args:
            versions: of its inputs.
            settled: what else is known of what the run has made.
        """

    def publish(self, output: int, version: Version) -> None:
        """Make a settled output visible."""

    def discard(self, output: int, version: Version) -> None:
        """Remove what a refused step had staged."""

    def close(self) -> None:
        """Close resources; they are opened again when needed."""


class DefinitionsRunner:
    """Runs steps with the given definitions.

    Args:
        job_hooks: what is called after every step; by default the hooks of the job in the definitions.
        shared: the resources of an environment, by its name.
        environment: that the run is for.
        makers: those of the definitions, where they are at hand.
        names_code: the code may be another than the plan was made with, and is named with what it makes.
        signer: signs exceptions on their way to the client.
        interruptible: let KeyboardInterrupt through, for runs in the process of the one who presses Ctrl-C.
        keeps_open: resources stay open until `end`, because no other process works on the run.
        around: told index and token of a step, what has to be there around it; None for nothing.
        values: filled with the value of every output, where the caller wants them (in-process runs).
    """

    def __init__(
        self,
        definitions: Definitions,
        plan: Plan,
        *,
        run_id: str,
        shared: Callable[[str], Mapping[str, ResourceDefinition]],
        environment: str = DEFAULT_ENVIRONMENT,
        run_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        job_name: str = IMPLICIT_JOB,
        job_hooks: tuple[HookDefinition, ...] | None = None,
        makers: Makers | None = None,
        names_code: bool = False,
        signer: Signer | None = None,
        values: dict[int, Any] | None = None,
        errors: dict[int, BaseException] | None = None,
        interruptible: bool = False,
        keeps_open: bool = False,
        around: Callable[[int, int], AbstractContextManager[None]] | None = None,
    ) -> None:
        self._around = around
        config = dict(run_config or {})
        self._run_id = run_id
        job = definitions.jobs.get(job_name)
        self._signer = signer
        self._errors = errors
        self._interruptible = interruptible
        self._keeps_open = keeps_open
        self._makers = makers or Makers.among(definitions)
        self._resources = ResourcesByEnvironment(shared, environment, config.get("resources") or {}, run_id)
        made = (output for step in plan.steps if step.baseline for output in step.outputs if output.key)
        self._planned_code = {output.key: output.code_version for output in made}
        self._outputs = {output.index: (step, output) for step in plan.steps for output in step.outputs}
        self._work = RunWork(
            run_id=run_id,
            makers=self._makers,
            outputs=self._outputs,
            resources=self._resources,
            run_config=config,
            tags=dict(tags or {}),
            job_name=job_name,
            job_hooks=job_hooks if job_hooks is not None else (job.hooks if job is not None else ()),
            code_versions=self._makers.code_versions if names_code else None,
            values=values,
        )
        self._staged: dict[int, Staged] = {}

    def run(self, step: Step, claim: Claim, versions: Mapping[int, Version], settled: Settled) -> StepResult:
        """See StepRunner.run."""
        key = next((output.key for output in step.outputs if output.key), ())
        token = speaker.set(Speaker(self._run_id, step.key, "/".join(key), claim.retries))
        try:
            return self._run(step, claim, versions, settled)
        finally:
            speaker.reset(token)

    def _run(self, step: Step, claim: Claim, versions: Mapping[int, Version], settled: Settled) -> StepResult:
        detail = StepDetail(started=time.time(), retry=claim.retries)
        began = time.perf_counter()
        try:
            asset, op = definition_of(step, self._makers)
            partitions = partitions_of(step, self._makers)
        except LoadError as error:
            return self._failure(step, claim, detail, error)
        if is_unchanged(step, settled) and self._has_planned_code(asset):
            return left_as_it_was(step, detail)
        log = step_logger(self._run_id, step.key)
        work = StepWork(self._work, step, asset, op, claim, claim.version, versions, settled, log, partitions)
        staged: list[Staged] = []
        try:
            with nullcontext() if self._around is None else self._around(step.index, claim.token):
                emitted, staged = execute_step(work, detail)
            for one in staged:
                self._staged[one.output] = one
            publishes = [one.output for one in staged]
            result = StepResult(succeeded=True, emitted=emitted, publishes=publishes, detail=detail)
        except BaseException as error:  # whatever user code raises is a failure of its step, not of the worker
            for one in staged:  # it was told to stop when all was done
                one.discard(claim.version)
            if self._interruptible and isinstance(error, KeyboardInterrupt):
                raise
            result = self._failure(step, claim, detail, error)
        if result.delay is None and not isinstance(result.error, StepStopped):
            run_hooks(work, result.error, detail)
        detail.seconds = time.perf_counter() - began
        return result

    def _has_planned_code(self, asset: AssetsDefinition) -> bool:
        """Whether the code here is what was compared with that of the last run when this one was planned."""
        here, planned = self._work.code_versions, self._planned_code
        return here is None or all(here.of(key) == planned[key.parts] for key in asset.keys if key.parts in planned)

    def publish(self, output: int, version: Version) -> None:
        """See StepRunner.publish."""
        staged = self._staged_of(output)
        for path in staged.paths:
            staged.manager.publish(path=path, version=version, run_id=self._run_id)

    def discard(self, output: int, version: Version) -> None:
        """See StepRunner.discard."""
        self._staged_of(output).discard(version)

    def close(self) -> None:
        """See StepRunner.close."""
        if not self._keeps_open:
            self._staged.clear()
            self._resources.close()

    def end(self) -> None:
        """Close the resources of a run that kept them open."""
        self._resources.close()

    def _staged_of(self, output: int) -> Staged:
        """What is staged of an output: as its step has left it, or, for what another slot has staged, found again."""
        return self._staged.pop(output) if output in self._staged else self._staged_elsewhere(output)

    def _staged_elsewhere(self, output: int) -> Staged:
        step, declared = self._outputs[output]
        asset = self._makers.of(step)
        if asset is None:
            raise LoadError(f"the definition of {step.key} is gone", fix="run the same code on all workers")
        log = step_logger(self._run_id, step.key)
        manager = self._resources.own.one(asset, declared.io_manager_key, log).value
        if not isinstance(manager, VersionedIOManager):
            raise LoadError(
                f"the IO manager {declared.io_manager_key!r} of {step.key} keeps no versions here, "
                "but did on the worker that ran the step",
                fix="run the same code on all workers",
            )
        paths = value_paths(self._run_id, step, declared, partitions_of(step, self._makers))
        return Staged(output, manager, paths)

    def _failure(self, step: Step, claim: Claim, detail: StepDetail, error: BaseException) -> StepResult:
        delay = None if isinstance(error, StepStopped) else delay_before_retry(error, step.retry, claim.retries)
        detail.error = describe_error(error)
        detail.error.pickled = self._sealed(error)
        detail.delay = delay
        if self._errors is not None:
            self._errors[step.index] = error
        elif delay is not None:
            logger.warning("step %s failed, and is tried again in %.3g s\n%s", step.key, delay, _told(detail.error))
        elif not isinstance(error, StepStopped):
            logger.error("step %s failed\n%s", step.key, _told(detail.error))
        return StepResult(succeeded=False, detail=detail, error=error, delay=delay)

    def _sealed(self, error: BaseException) -> str | None:
        if self._signer is None:
            return None
        try:
            raw = cloudpickle.dumps(error)
            if masked(raw, secret_values()) != raw:
                return None  # it travels as text, from which secrets can be taken out
            return base64.b64encode(self._signer.seal("error", raw)).decode() if len(raw) < _LARGEST_EXCEPTION else None
        except Exception:
            return None


def _told(error: ErrorDetail) -> str:
    return error.traceback.rstrip() or f"{error.type}: {error.message}"


class FailingRunner:
    """Stands in where the definitions do not load: every step fails with the reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self, step: Step, claim: Claim, versions: Mapping[int, Version], settled: Settled) -> StepResult:  # noqa: ARG002
        """See StepRunner.run."""
        text = ErrorDetail(type=type(self._error).__name__, message=str(self._error))
        detail = StepDetail(started=time.time(), retry=claim.retries, error=text)
        return StepResult(succeeded=False, detail=detail, error=self._error)

    def publish(self, output: int, version: Version) -> None:  # noqa: ARG002
        """There is nothing it could publish."""
        raise self._error

    def discard(self, output: int, version: Version) -> None:
        """There is nothing it could have staged."""

    def close(self) -> None:
        """There is nothing open."""
