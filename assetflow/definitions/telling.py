"""Events that user code logs while it runs."""

from __future__ import annotations

from assetflow.definitions.events import AssetMaterialization, AssetObservation, ExpectationResult
from assetflow.errors import InvariantViolationError

Event = AssetMaterialization | AssetObservation | ExpectationResult


class Telling:
    """Collects events that user code logs."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: list[Event] = []

    def log_event(self, event: Event) -> None:
        """Record a materialization or an observation of any asset."""
        if not isinstance(event, Event):
            raise InvariantViolationError(
                "log_event takes AssetMaterialization, AssetObservation or ExpectationResult, not "
                f"{type(event).__name__}"
            )
        self._events.append(event)

    def share_with(self, other: Telling) -> None:
        """From now on, be told what the other is told. For direct calls."""
        self._events = other._events

    def take_events(self) -> list[Event]:
        """What was logged since this was asked last. For the executor."""
        events = self._events
        if events:
            self._events = []
        return events
