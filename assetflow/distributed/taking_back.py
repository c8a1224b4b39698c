"""Giving back what a dead child, or a whole worker, held."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from assetflow.clock import pause
from assetflow.distributed.cells import Cell, CellState
from assetflow.distributed.guardian import SidecarJob
from assetflow.engine.session import Announce
from assetflow.errors import RunNotFoundError, ServiceUnreachableError, StepLostError, StepTimedOut
from assetflow.execution.outcome import describe_error
from assetflow.log import logger
from assetflow.runs.claims import Claim, Outcome
from assetflow.runs.facts import StepDetail
from assetflow.runs.store import BOOT_FAILURE_LIMIT, Proof, RunStore

_PAUSE = 0.25

Answer = TypeVar("Answer")
Judge = Callable[[str, Claim, Exception], Outcome | None]


class TakingBack:
    """Makes what was held ready again, and blames the step that ran, and nobody else.

    Args:
        judge: says what becomes of a step whose process was killed for it; None to have it run again.
    """

    def __init__(self, job: SidecarJob, store: RunStore, announce: Announce, judge: Judge) -> None:
        self._job = job
        self._store = store
        self._announce = announce
        self._judge = judge

    def of_child(self, cell: Cell, *, timed_out: bool = False) -> None:
        """What a dead child held becomes ready again.

        Args:
            timed_out: it was killed because its step ran for too long.
        """
        state = cell.read()
        slot = f"{self._job.worker}:{cell.name}"
        try:
            for run_id in self._patiently(self._store.live_runs):
                mine = state.run_id == run_id
                if mine and state.opening:
                    self._patiently(partial(self._count_boot_failure, run_id))
                elif mine and state.busy and timed_out:
                    self._patiently(partial(self._end_overdue, run_id, slot, state))
                else:
                    culprit = state.step if mine and state.busy else -1
                    self._patiently(partial(self._reclaim, run_id, slot, culprit))
        except ServiceUnreachableError:
            logger.warning("the parent is gone and so is the store: other workers will take back what was held")
        if state.busy:
            logger.warning("a child died running step %d of run %s", state.step, state.run_id)
        cell.path.unlink(missing_ok=True)
        cell.close()

    def of_worker(self, proof: Proof) -> None:
        """What the whole worker held becomes ready again."""
        for run_id in self._store.live_runs():
            self._announce(run_id, self._store.reclaim(run_id, self._job.worker, proof))

    def _reclaim(self, run_id: str, slot: str, culprit: int) -> None:
        self._announce(run_id, self._store.reclaim(run_id, slot, Proof.CHILD_DIED, culprit))

    def _end_overdue(self, run_id: str, slot: str, state: CellState) -> None:
        error = StepTimedOut(
            f"the step ran for longer than its timeout of {state.timeout:g} s, did not stop when it was told to, and "
            "was killed"
        )
        outcome = self._judge(run_id, state.claim, error)
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
