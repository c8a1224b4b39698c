"""A run in this process: the engine on the store in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from assetflow.code.signing import Signer
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.hooks import HookDefinition
from assetflow.engine.request import RunRequest
from assetflow.engine.session import RunSession
from assetflow.engine.slot import Slot
from assetflow.environments import Environments
from assetflow.execution.runner import DefinitionsRunner
from assetflow.stores.memory import MemoryRunStore

_WHOLE_RUN = 1e9  # seconds: an in-process run is one slice


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRun:
    """A run in this process: the same engine, on the store in memory.

    Attributes:
        values: output index to value, filled as steps are run.
        errors: step index to what it raised last.
        runners: those that were made for it, with their resources open.
    """

    store: MemoryRunStore
    slot: Slot
    signer: Signer
    values: dict[int, Any]
    errors: dict[int, BaseException]
    runners: list[DefinitionsRunner]

    def close(self) -> None:
        """Close what the run has opened."""
        self.slot.close()
        for runner in self.runners:
            runner.end()


def build_local_run(
    definitions: Definitions, environments: Environments, job_hooks: tuple[HookDefinition, ...] = ()
) -> LocalRun:
    """The engine for one in-process run."""
    store = MemoryRunStore()
    signer = Signer(os.urandom(32))
    values: dict[int, Any] = {}
    errors: dict[int, BaseException] = {}
    runners: list[DefinitionsRunner] = []

    def open_session(slot: str, run_id: str, _sealed: bytes) -> RunSession:
        request = RunRequest.opened(signer, store.envelope(run_id), run_id)
        runner = DefinitionsRunner(
            definitions,
            request.plan,
            run_id=run_id,
            shared=environments.resources,
            environment=request.environment,
            run_config=request.run_config,
            tags=request.tags,
            job_name=request.job_name,
            job_hooks=job_hooks,
            values=values,
            errors=errors,
            interruptible=True,
            keeps_open=True,
        )
        runners.append(runner)
        return RunSession(slot, store, request, runner, lambda _run, _announcements: None)

    slot = Slot("here:0", store, open_session, slice_seconds=_WHOLE_RUN)
    return LocalRun(store=store, slot=slot, signer=signer, values=values, errors=errors, runners=runners)
