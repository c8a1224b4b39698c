"""A worker's child process: where steps are run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from assetflow.config.environment import tell_names
from assetflow.distributed.capture import Capture
from assetflow.distributed.cells import NAMES, Cell, StopReason
from assetflow.distributed.clean_slate import CleanSlate
from assetflow.distributed.log_keeping import LogKeeping
from assetflow.distributed.spool import Spool
from assetflow.errors import StepTimedOut
from assetflow.execution.runner import StepStopped
from assetflow.runs.claims import Claim
from assetflow.runs.facts import LogDetail


class GuardedWatch:
    """A Watch that writes what the child does into its cell, and hears what is wanted of it there.

    Args:
        folder: of the cells.
        alone: no other slot shares the process, so what a step leaves behind in it can be put right.
        capture: the streams of this process; None to leave them be.
        keeping: where what steps write goes; made when the first has written something.
    """

    def __init__(
        self,
        folder: Path,
        *,
        alone: bool = True,
        capture: Capture | None = None,
        keeping: Callable[[], LogKeeping] | None = None,
    ) -> None:
        tell_names(folder / NAMES)
        self.cell = Cell.create(folder)
        self._capture = capture
        self._keeping = keeping
        self._spool = Spool(folder, self.cell.name) if capture is not None else None
        self._claim: tuple[str, Claim, str] | None = None
        self._place = ""
        self._token = 0
        self._timeout = 0.0
        self._listening = False
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        self._slate = CleanSlate() if alone else None

    @property
    def draining(self) -> bool:
        """See Watch.draining."""
        return self.cell.takes_no_more

    @property
    def turned_away(self) -> bool:
        """See Watch.turned_away."""
        return self.cell.orders.quarantine

    @property
    def can_stop(self) -> bool:
        """See Watch.can_stop: only a main thread hears signals."""
        return self._in_main_thread

    def wake(self) -> None:
        """See Watch.wake."""
        self.cell.set_woken()

    def open(self, run_id: str) -> None:
        """See Watch.open."""
        self.cell.set_opening(run_id)

    def begin(self, run_id: str, claim: Claim, timeout: float | None, log_place: str = "") -> None:
        """See Watch.begin."""
        if not self._listening:
            self._listen()
        self._timeout = timeout or 0.0
        if log_place != self._place:
            self._place = log_place
            self.cell.set_place(log_place)
        self.cell.set_step(run_id, claim, timeout)
        if self._capture is not None and self._spool is not None:
            self._claim = (run_id, claim, log_place)
            self._capture.begin(self._spool)
        self._token = claim.token

    def end(self) -> LogDetail | None:
        """See Watch.end."""
        self._token = 0
        ended, self._claim = self._claim, None
        if self._capture is not None and ended is not None:
            self._capture.end()
        self.cell.set_idle()  # what keeping the log takes is no time of the step
        told = None if ended is None else self._keep_log(*ended)
        if self._slate is not None:
            self._slate.restore()
        return told

    def rest(self) -> None:
        """See Watch.rest."""
        if self._slate is not None and self._slate.sweep():
            self.cell.ask_to_go()

    def replace(self) -> None:
        """See Watch.replace."""
        self.cell.ask_to_go()

    def _keep_log(self, run_id: str, claim: Claim, place: str) -> LogDetail | None:
        if self._spool is None or self._keeping is None or self._spool.is_empty:
            return None
        return self._keeping().keep(self._spool, self.cell, run_id, claim, place)

    def _listen(self) -> None:
        # Not before the first step: Celery's pool claims the signal for its own time limits when it starts.
        self._listening = True
        if self._in_main_thread:
            signal.signal(signal.SIGUSR1, self._stop)
        if self._slate is not None:
            self._slate.remember()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        orders = self.cell.orders
        if not self._token or orders.stop_token != self._token:
            return
        self._token = 0
        if orders.reason is StopReason.TIMED_OUT:
            raise StepTimedOut(f"the step ran for longer than its timeout of {self._timeout:g} s")
        raise StepStopped("the run was cancelled")
