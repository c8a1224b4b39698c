"""What a schedule is told when it is evaluated, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assetflow.definitions.run_request import RunRequest
from assetflow.errors import InvariantViolationError

if TYPE_CHECKING:
    import logging

    from assetflow.definitions.bundle import Definitions
    from assetflow.instance import DagsterInstance


class TickContext:
    """What every tick is told. Has a history only where one is given, and opens it when it is first asked for."""

    __slots__ = ("_instance", "repository_def")

    def __init__(
        self,
        instance: DagsterInstance | Callable[[], DagsterInstance] | None = None,
        repository_def: Definitions | None = None,
    ) -> None:
        self._instance = instance
        self.repository_def = repository_def

    @property
    def instance(self) -> DagsterInstance:
        """The history.

        Raises:
            InvariantViolationError: the context was made without one.
        """
        if self._instance is None:
            raise InvariantViolationError(
                "Attempted to initialize dagster instance, but no instance reference was provided.",
                fix="give one to the function that made the context: instance=DagsterInstance.ephemeral()",
            )
        if callable(self._instance):
            self._instance = self._instance()
        return self._instance

    @property
    def log(self) -> logging.Logger:
        """A logger whose lines stand in what the daemon writes."""
        import logging  # here, because whoever only defines a schedule does without

        return logging.getLogger("assetflow.tick")

    @property
    def repository_name(self) -> str | None:
        """The name of the repository the definitions are, if they are one."""
        return getattr(self.repository_def, "name", None)


class ScheduleEvaluationContext(TickContext):
    """What a schedule's function is told.

    Attributes:
        scheduled_execution_time: the moment it was to fire, in its time zone.
        repository_def: the definitions it belongs to, where they are known.
    """

    __slots__ = ("_scheduled_execution_time",)

    def __init__(
        self,
        instance: DagsterInstance | Callable[[], DagsterInstance] | None = None,
        scheduled_execution_time: datetime | None = None,
        repository_def: Definitions | None = None,
    ) -> None:
        super().__init__(instance, repository_def)
        self._scheduled_execution_time = scheduled_execution_time

    @property
    def scheduled_execution_time(self) -> datetime:
        """The moment it was to fire; now, in a context that was made without one."""
        if self._scheduled_execution_time is None:
            self._scheduled_execution_time = datetime.now(UTC)
        return self._scheduled_execution_time


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleExecutionData:
    """What came of evaluating a schedule.

    Attributes:
        run_requests: the runs that are asked for.
        skip_message: why none is.
    """

    run_requests: Sequence[RunRequest] = field(default_factory=tuple)
    skip_message: str | None = None

    @property
    def skip_reason(self) -> Any:
        """Why none is, as the function said it."""
        return self.skip_message
