"""Slots in threads, over the store in memory: the engine without Celery and without Redis."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.resource import ResourceDefinition
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.engine.session import RunSession
from assetflow.engine.slot import Slot
from assetflow.execution.runner import DefinitionsRunner
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.runs.states import RunStatus
from assetflow.stores.memory import MemoryRunStore
from assetflow.submission import Project, make_request


class Bench:
    """A run, and as many slots as a test wants."""

    def __init__(self, folder: Path, assets: Sequence[Any], slots: int = 1) -> None:
        self.definitions = Definitions(assets=assets)
        self.store = MemoryRunStore(live_slots=lambda _queue: slots)
        self.io = FilesystemIOManager(folder)
        self.signer = Signer(os.urandom(32))
        request = make_request(
            Project(definitions=self.definitions), CodeRef(label="test"), None, environment="default"
        )
        self.plan = request.plan
        self.run_id = request.run_id
        launch(self.store, self.signer, request)

    def slot(self, name: str, slice_seconds: float = 10.0) -> Slot:
        """A slot of this name."""
        return Slot(name, self.store, self._open, slice_seconds=slice_seconds)

    def in_thread(self, slot: Slot) -> threading.Thread:
        """Let a slot work on the run beside the test."""
        thread = threading.Thread(target=slot.work, args=(self.run_id,), daemon=True)
        thread.start()
        return thread

    @property
    def states(self) -> str:
        """One letter a step, in the order of the plan."""
        return "".join(state.value for state in self.store.view(self.run_id).states)

    @property
    def status(self) -> RunStatus:
        """Of the run."""
        return self.store.view(self.run_id).status

    def _open(self, slot: str, run_id: str, _sealed: bytes) -> RunSession:
        request = RunRequest.opened(self.signer, self.store.envelope(run_id), run_id)
        manager = ResourceDefinition.hardcoded_resource(self.io)
        shared = {"io_manager": manager, **self.definitions.resources}
        runner = DefinitionsRunner(
            self.definitions, request.plan, run_id=run_id, shared=lambda _name: shared, signer=self.signer
        )
        return RunSession(slot, self.store, request, runner, lambda _run, _announcements: None)
