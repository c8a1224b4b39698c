"""Where runs stand, in the words of the API that sensors are written in."""

from __future__ import annotations

from enum import Enum

from assetflow.runs.states import RunStatus


class DagsterRunStatus(Enum):
    """Where a run stands. `RunStatus` has the same in the words of this package."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"

    @property
    def own(self) -> tuple[RunStatus, ...]:
        """The same in the words of this package; some have several."""
        return _OWN[self]

    @staticmethod
    def of(status: RunStatus) -> DagsterRunStatus:
        """A status of this package, in these words."""
        return next(one for one, own in _OWN.items() if status in own)


_OWN = {
    DagsterRunStatus.QUEUED: (RunStatus.QUEUED,),
    DagsterRunStatus.NOT_STARTED: (RunStatus.NEW,),
    DagsterRunStatus.STARTED: (RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.FINISHING),
    DagsterRunStatus.SUCCESS: (RunStatus.SUCCEEDED,),
    DagsterRunStatus.FAILURE: (RunStatus.FAILED, RunStatus.INCONSISTENT),
    DagsterRunStatus.CANCELING: (RunStatus.CANCELLING,),
    DagsterRunStatus.CANCELED: (RunStatus.CANCELLED,),
}
