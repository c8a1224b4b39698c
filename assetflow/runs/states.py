"""The states of a step and of a run."""

from __future__ import annotations

from enum import StrEnum


class StepState(StrEnum):
    """Where one step of a run stands; the value is the byte kept for it in the store."""

    WAITING = "W"
    READY = "R"
    CLAIMED = "C"
    DELAYED = "D"
    POOLED = "P"
    SUCCEEDED = "S"
    SKIPPED = "K"
    FAILED = "F"
    UPSTREAM_FAILED = "U"
    CANCELLED = "X"

    @property
    def is_terminal(self) -> bool:
        """Whether the step is over."""
        return self in TERMINAL_STEPS

    @property
    def label(self) -> str:
        """The state in words a person reads."""
        return _LABELS[self]


TERMINAL_STEPS = frozenset(
    {
        StepState.SUCCEEDED,
        StepState.SKIPPED,
        StepState.FAILED,
        StepState.UPSTREAM_FAILED,
        StepState.CANCELLED,
    }
)

_LABELS = {
    StepState.WAITING: "waiting",
    StepState.READY: "ready",
    StepState.CLAIMED: "running",
    StepState.DELAYED: "waiting to retry",
    StepState.POOLED: "waiting for its pool",
    StepState.SUCCEEDED: "succeeded",
    StepState.SKIPPED: "skipped",
    StepState.FAILED: "failed",
    StepState.UPSTREAM_FAILED: "upstream failed",
    StepState.CANCELLED: "cancelled",
}


class RunStatus(StrEnum):
    """Where a run stands."""

    NEW = "NEW"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHING = "FINISHING"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    INCONSISTENT = "INCONSISTENT"

    @property
    def is_terminal(self) -> bool:
        """Whether the run is over."""
        return self in TERMINAL_RUNS


TERMINAL_RUNS = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INCONSISTENT})
