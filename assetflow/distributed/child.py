"""A worker's child process: where steps are run."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

from assetflow.distributed.cells import Cell
from assetflow.execution.runner import StepStopped
from assetflow.runs.claims import Claim


class GuardedWatch:
    """A Watch that writes what the child does into its cell, and hears what is wanted of it there."""

    def __init__(self, folder: Path) -> None:
        self.cell = Cell.create(folder)
        self._token = 0
        self._listening = False

    @property
    def draining(self) -> bool:
        """See Watch.draining."""
        return self.cell.draining

    def begin(self, run_id: str, claim: Claim) -> None:
        """See Watch.begin."""
        if not self._listening:
            self._listen()
        self.cell.set_step(run_id, claim)
        self._token = claim.token

    def end(self) -> None:
        """See Watch.end."""
        self._token = 0
        self.cell.set_step("", None)

    def _listen(self) -> None:
        # Not before the first step: Celery's pool claims the signal for its own time limits when it starts.
        self._listening = True
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGUSR1, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._token and self.cell.token_to_stop == self._token:
            self._token = 0
            raise StepStopped("the run was cancelled")
