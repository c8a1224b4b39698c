"""What a sensor is told when it is evaluated, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assetflow.definitions.checks import AssetCheckEvaluation
from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.schedule_context import TickContext
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey
from assetflow.partitions.changes import ChangesPartitions

if TYPE_CHECKING:
    from assetflow.definitions.bundle import Definitions
    from assetflow.instance import DagsterInstance


AssetEvent = AssetMaterialization | AssetObservation | AssetCheckEvaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why an asset is asked for, or is not.

    Attributes:
        requested: how many partitions are asked for; 1 for an asset without partitions.
        tree: the condition, and what held of it, as JSON.
    """

    asset_key: AssetKey
    requested: int
    tree: str


class SensorEvaluationContext(TickContext):
    """What a sensor's function is told.

    Attributes:
        last_completion_time: when it was evaluated last, in seconds since the epoch; None the first time.
        last_run_key: the run key of the run it has asked for last; None if there is none.
        repository_def: the definitions it belongs to, where they are known.
        errors: what went wrong while the rest of the tick went on.
        decisions: why assets are asked for, or are not; of sensors that look at automation conditions.
        changes: dynamic partitions to add and remove.
        events: what is told of assets.
    """

    __slots__ = (
        "_at", "_cursor", "changes", "cursor_updated", "decisions", "errors", "events", "last_completion_time",
        "last_run_key",
    )  # fmt: skip

    def __init__(
        self,
        instance: DagsterInstance | Callable[[], DagsterInstance] | None = None,
        cursor: str | None = None,
        last_run_key: str | None = None,
        last_completion_time: float | None = None,
        repository_def: Definitions | None = None,
        at: datetime | None = None,
    ) -> None:
        super().__init__(instance, repository_def)
        self._at = at
        if cursor is not None and not isinstance(cursor, str):
            raise ParameterCheckError(f"a cursor is a str, not {cursor!r:.200}")
        self._cursor = cursor
        self.cursor_updated = False
        self.last_run_key = last_run_key
        self.last_completion_time = last_completion_time
        self.errors: list[str] = []
        self.decisions: list[Decision] = []
        self.changes: list[ChangesPartitions] = []
        self.events: list[AssetEvent] = []

    @property
    def evaluation_time(self) -> datetime:
        """The moment that the tick is for; now, in a context that was made without one."""
        if self._at is None:
            self._at = datetime.now(UTC)
        return self._at

    @property
    def cursor(self) -> str | None:
        """What the sensor has noted down in its last tick; None if nothing."""
        return self._cursor

    def update_cursor(self, cursor: str | None) -> None:
        """Note down how far the sensor has come. It counts once its function has ended without an error.

        Raises:
            ParameterCheckError: it is no text.
        """
        if cursor is not None and not isinstance(cursor, str):
            raise ParameterCheckError(f"a cursor is a str, not {cursor!r:.200}")
        self._cursor = cursor
        self.cursor_updated = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorExecutionData:
    """What came of evaluating a sensor.

    Attributes:
        run_requests: the runs that are asked for.
        skip_message: why none is.
        cursor: how far it has come.
        errors: what went wrong while the rest of the tick went on.
        dynamic_partitions_requests: partitions that are to be added and removed.
        asset_events: what is told of assets.
        decisions: why assets are asked for, or are not.
    """

    run_requests: Sequence[RunRequest] = field(default_factory=tuple)
    skip_message: str | None = None
    cursor: str | None = None
    errors: Sequence[str] = field(default_factory=tuple)
    dynamic_partitions_requests: Sequence[ChangesPartitions] = field(default_factory=tuple)
    asset_events: Sequence[AssetEvent] = field(default_factory=tuple)
    decisions: Sequence[Decision] = field(default_factory=tuple)

    @property
    def skip_reason(self) -> str | None:
        """Why none is."""
        return self.skip_message


class SensorResult:
    """All that a sensor has to say of a tick.

    Args:
        run_requests: the runs that are asked for.
        skip_reason: why none is: a text, or a SkipReason.
        cursor: how far the sensor has come.
        dynamic_partitions_requests: partitions that are to be added and removed, in this order, before any run is
            started.
        asset_events: what is told of assets that others make: AssetMaterialization, AssetObservation and
            AssetCheckEvaluation. All of it takes effect once, together with the tick.

    Raises:
        CheckError: there are both, run requests and a reason for having none; or something is of another type.
    """

    __slots__ = ("asset_events", "cursor", "dynamic_partitions_requests", "run_requests", "skip_reason")

    def __init__(
        self,
        run_requests: Sequence[RunRequest] | None = None,
        skip_reason: str | SkipReason | None = None,
        cursor: str | None = None,
        dynamic_partitions_requests: Sequence[ChangesPartitions] | None = None,
        asset_events: Sequence[AssetEvent] | None = None,
    ) -> None:
        if run_requests and skip_reason:
            raise ParameterCheckError(
                "Expected a single SkipReason or one or more RunRequests: received values for both run_requests and "
                "skip_reason"
            )
        for request in run_requests or ():
            if not isinstance(request, RunRequest):
                raise ParameterCheckError(f"run_requests is a list of RunRequest, not of {request!r:.200}")
        if cursor is not None and not isinstance(cursor, str):
            raise ParameterCheckError(f"a cursor is a str, not {cursor!r:.200}")
        self.run_requests = list(run_requests or ())
        self.skip_reason = SkipReason(skip_reason) if isinstance(skip_reason, str) else skip_reason
        self.cursor = cursor
        for change in dynamic_partitions_requests or ():
            if not isinstance(change, ChangesPartitions):
                raise ParameterCheckError(
                    "dynamic_partitions_requests is a list of AddDynamicPartitionsRequest and "
                    f"DeleteDynamicPartitionsRequest, not of {change!r:.200}"
                )
        for event in asset_events or ():
            if not isinstance(event, AssetEvent):
                raise ParameterCheckError(
                    "asset_events is a list of AssetMaterialization, AssetObservation and AssetCheckEvaluation, "
                    f"not of {event!r:.200}"
                )
        self.dynamic_partitions_requests = list(dynamic_partitions_requests or ())
        self.asset_events = list(asset_events or ())

    def __repr__(self) -> str:
        return f"SensorResult(run_requests={self.run_requests!r}, skip_reason={self.skip_reason!r})"
