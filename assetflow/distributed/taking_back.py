"""Giving back what a dead child, or a whole worker, held."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from assetflow.clock import pause
from assetflow.distributed.cells import Cell, CellState, StopReason
from assetflow.distributed.guardian import SidecarJob
from assetflow.distributed.obituary import how_it_ended, last_lines, obituary
from assetflow.distributed.reading_along import ReadingAlong
from assetflow.engine.session import Announce
from assetflow.errors import RunNotFoundError, ServiceUnreachableError, StepLostError, StepTimedOut
from assetflow.execution.outcome import describe_error
from assetflow.log import logger
from assetflow.runs.claims import Claim, Outcome
from assetflow.runs.facts import FactKind, LogDetail, StepDetail
from assetflow.runs.store import BOOT_FAILURE_LIMIT, Proof, RunStore

_PAUSE = 0.25

Answer = TypeVar("Answer")
Judge = Callable[[str, Claim, Exception, LogDetail | None], Outcome | None]


class TakingBack:
    """Makes what was held ready again, and blames the step that ran, and nobody else.

    Args:
        judge: says what becomes of a step whose process was killed for it; None to have it run again.
        logs: what the dead have written.
    """

    def __init__(self, job: SidecarJob, store: RunStore, announce: Announce, judge: Judge, logs: ReadingAlong) -> None:
        self._logs = logs
        self._job = job
        self._store = store
        self._announce = announce
        self._judge = judge

    def of_child(self, cell: Cell, *, reason: StopReason = StopReason.NONE) -> None:
        """What a dead child held becomes ready again.

        Args:
            reason: why it was killed, if it was killed by us.
        """
        state = cell.read()
        slot = f"{self._job.worker}:{cell.name}"
        log, kept = self._logs.left_by(cell, state)
        told = ""
        if state.busy and reason is StopReason.NONE:
            ended = how_it_ended(Path(self._job.folder), state.pid)
            logger.warning("a child died running step %d of run %s: %s", state.step, state.run_id, ended)
            lines = [] if log is None else last_lines(log)
            told = msgspec.json.encode(obituary(state, ended, lines, kept)).decode()
        try:
            for run_id in self._patiently(self._store.live_runs):
                mine = state.run_id == run_id
                if mine and state.opening:
                    self._patiently(partial(self._count_boot_failure, run_id))
                elif mine and state.busy and reason is StopReason.TIMED_OUT:
                    self._patiently(partial(self._end_overdue, run_id, slot, state, kept))
                else:
                    culprit = state.step if mine and state.busy else -1
                    self._patiently(partial(self._reclaim, run_id, slot, culprit, told if mine else ""))
            if kept is not None and reason is StopReason.CANCELLED:
                self._patiently(partial(self.note_log, state, kept))
        except ServiceUnreachableError:
            logger.warning("the parent is gone and so is the store: other workers will take back what was held")
        self._logs.forget(cell)
        cell.path.unlink(missing_ok=True)
        cell.close()

    def of_worker(self, proof: Proof, cells: Iterable[Cell] = ()) -> None:
        """What the whole worker held becomes ready again.

        Args:
            cells: of its slots that may still be running steps.
        """
        for cell in cells:
            state = cell.read()
            _, kept = self._logs.left_by(cell, state)
            if kept is not None:
                self.note_log(state, kept)
        for run_id in self._store.live_runs():
            self._announce(run_id, self._store.reclaim(run_id, self._job.worker, proof))
        self._logs.finish()

    def note_log(self, state: CellState, kept: LogDetail) -> None:
        """Tell where the log of a try is of which nothing else is told."""
        detail = StepDetail(retry=state.retries, log=kept)
        text = msgspec.json.encode(detail).decode()
        self._store.note(state.run_id, FactKind.STEP_LOGGED, [state.step], text, state.token)

    def _reclaim(self, run_id: str, slot: str, culprit: int, told: str) -> None:
        self._announce(run_id, self._store.reclaim(run_id, slot, Proof.CHILD_DIED, culprit, told=told))

    def _end_overdue(self, run_id: str, slot: str, state: CellState, log: LogDetail | None) -> None:
        error = StepTimedOut(
            f"the step ran for longer than its timeout of {state.timeout:g} s, did not stop when it was told to, and "
            "was killed"
        )
        outcome = self._judge(run_id, state.claim, error, log)
        self._announce(run_id, self._store.reclaim(run_id, slot, Proof.TIMED_OUT, state.step, outcome))

    def _count_boot_failure(self, run_id: str) -> None:
        """A process died before it could claim anything; after a few of these nobody can open the run."""
        try:
            slot = StepDetail(slot=self._job.worker, started=time.time())
            count = self._store.boot_failed(run_id, msgspec.json.encode(slot).decode())
            if count >= BOOT_FAILURE_LIMIT:
                slot.error = describe_error(
                    StepLostError(
                        f"{count} processes died while they opened the run, before they could begin a step",
                        fix="importing its code kills the process: look at the end of the worker's log, and import "
                        "it by hand with `python -X faulthandler -c 'import ...'`",
                    )
                )
                _, announcements = self._store.abort(run_id, msgspec.json.encode(slot).decode())
                self._announce(run_id, announcements)
        except RunNotFoundError:
            return

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until the store answers, as long as there is a worker to guard."""
        while True:
            try:
                return ask()
            except ServiceUnreachableError as error:
                if os.getppid() != self._job.parent:
                    raise
                logger.warning("sidecar: %s", error.message)
                pause(_PAUSE)
