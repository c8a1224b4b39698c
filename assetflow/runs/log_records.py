"""What is read from the history, in the words of the asset API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assetflow.definitions.data_version import DATA_VERSION_TAG
from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.definitions.metadata_records import metadata_from_json
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.markup import code
from assetflow.runs.displays import record_display, when
from assetflow.runs.entries import MaterializationEntry, ObservationEntry, RunEntry
from assetflow.runs.event_log import AssetState, Observed, Recorded, Stood
from assetflow.runs.states import RunStatus
from assetflow.runs.story import EventType, RunStoryEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogEntry:
    """One event of the history.

    Attributes:
        run_id: of the run that told it.
        timestamp: seconds since the epoch.
        dagster_event: the event itself.
        version: name under which a value is kept, or None.
        size: bytes of a value, or None.
        code_version: the label of the code that made a value, or None.
        inputs: keys of what was read for it, with the versions that were found.
    """

    run_id: str
    timestamp: float
    dagster_event: RunStoryEvent
    version: str | None = None
    size: int | None = None
    code_version: str | None = None
    inputs: Mapping[AssetKey, str | None]

    def _repr_html_(self) -> str:
        told = self.dagster_event.event_specific_data
        about = [
            ("at", when(self.timestamp)),
            ("run", code(self.run_id)),
            ("step", self.step_key),
            ("partition", getattr(told, "partition", None)),
            ("version", self.version),
            ("size", None if self.size is None else f"{self.size:,} bytes"),
            ("code version", self.code_version),
            ("read", ", ".join(key.to_user_string() for key in self.inputs)),
            ("description", getattr(told, "description", None)),
        ]
        title = self.asset_key.to_user_string() if self.asset_key else self.dagster_event.event_type_value
        return record_display(title, about, getattr(told, "metadata", {}))

    @property
    def step_key(self) -> str | None:
        """The step that told it."""
        return self.dagster_event.step_key

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset it is about."""
        return self.dagster_event.asset_key

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was materialized, if it tells that."""
        found = self.dagster_event.event_specific_data
        return found if isinstance(found, AssetMaterialization) else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """What was observed, if it tells that."""
        found = self.dagster_event.event_specific_data
        return found if isinstance(found, AssetObservation) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLogRecord:
    """An event and its number in the history; later ones have higher numbers."""

    storage_id: int
    event_log_entry: EventLogEntry

    def _repr_html_(self) -> str:
        return self.event_log_entry._repr_html_()

    @property
    def run_id(self) -> str:
        """Of the run that told it."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """Seconds since the epoch."""
        return self.event_log_entry.timestamp

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset it is about."""
        return self.event_log_entry.asset_key

    @property
    def partition_key(self) -> str | None:
        """The partition it is about, if the asset has any."""
        return getattr(self.event_log_entry.dagster_event.event_specific_data, "partition", None)

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """What was materialized, if it tells that."""
        return self.event_log_entry.asset_materialization


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRecord:
    """How an asset stands.

    Attributes:
        last_materialization_record: the newest one, of whichever partition.
        materialization_count: so far, cleared ones included.
    """

    asset_key: AssetKey
    last_materialization_record: EventLogRecord
    materialization_count: int

    def _repr_html_(self) -> str:
        return self.last_materialization._repr_html_()

    @property
    def last_run_id(self) -> str:
        """The run that has made it last."""
        return self.last_materialization_record.run_id

    @property
    def last_materialization(self) -> EventLogEntry:
        """The newest one, without its number."""
        return self.last_materialization_record.event_log_entry


@dataclass(frozen=True, slots=True)
class EventRecordsFilter:
    """Which events are wanted.

    Attributes:
        event_type: ``EventType.ASSET_MATERIALIZATION`` or ``EventType.ASSET_OBSERVATION``.
        asset_key: of which asset.
        asset_partitions: of which of its partitions; None for all.
        after_cursor, before_cursor: storage ids, exclusive.
        after_timestamp, before_timestamp: seconds since the epoch, exclusive.
    """

    event_type: EventType
    asset_key: CoercibleToAssetKey
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None

    def __post_init__(self) -> None:
        if self.event_type not in (EventType.ASSET_MATERIALIZATION, EventType.ASSET_OBSERVATION):
            raise ParameterCheckError(
                f"event records are of ASSET_MATERIALIZATION or ASSET_OBSERVATION, not of {self.event_type!r}; "
                "all_logs(run_id) has all events of a run"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run as the history has it.

    Attributes:
        created, started, ended: seconds since the epoch; None if not yet.
        selection: what was asked for, in words.
        code: where its definitions came from.
        steps: how many there were.
        error: what the first failed step raised, or why it was given up.
    """

    run_id: str
    status: RunStatus
    job_name: str
    created: float
    started: float | None
    ended: float | None
    selection: str
    code: str
    steps: int
    tags: Mapping[str, str]
    error: str | None

    def _repr_html_(self) -> str:
        seconds = None if self.ended is None else f"{self.ended - self.created:.1f} s"
        about = [
            ("status", self.status.value.lower()),
            ("created", when(self.created)),
            ("took", seconds),
            ("selection", self.selection),
            ("steps", f"{self.steps:,}"),
            ("job", "" if self.job_name.startswith("__") else self.job_name),
            ("code", self.code),
            ("tags", ", ".join(f"{name}={value}" for name, value in self.tags.items())),
            ("error", self.error),
        ]
        return record_display(f"run {self.run_id}", about, {})

    @property
    def is_success(self) -> bool:
        """Whether it succeeded."""
        return self.status is RunStatus.SUCCEEDED

    @property
    def is_finished(self) -> bool:
        """Whether it is over."""
        return self.status.is_terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatusRecord:
    """That a run has come to stand in some way, and its number in the history; later ones have higher numbers.

    Attributes:
        timestamp: when, in seconds since the epoch.
        run: as it is now.
    """

    storage_id: int
    status: RunStatus
    timestamp: float
    run: RunSummary


def run_status_record(stood: Stood) -> RunStatusRecord:
    """How a run has come to stand, in the words of the API."""
    return RunStatusRecord(
        storage_id=stood.id,
        status=RunStatus(stood.entry.status),
        timestamp=stood.entry.at,
        run=summary_of(stood.run),
    )


def summary_of(entry: RunEntry) -> RunSummary:
    """A run in the words of the API."""
    return RunSummary(
        run_id=entry.run_id,
        status=RunStatus(entry.status),
        job_name=entry.job_name,
        created=entry.created,
        started=entry.started,
        ended=entry.ended,
        selection=entry.selection,
        code=entry.code,
        steps=entry.steps,
        tags=json.loads(entry.tags),
        error=entry.error,
    )


def materialization_record(recorded: Recorded) -> EventLogRecord:
    """A materialization in the words of the API."""
    entry: MaterializationEntry = recorded.entry
    tags = json.loads(entry.tags)
    if entry.data_version:
        tags = {**tags, DATA_VERSION_TAG: entry.data_version}
    event = AssetMaterialization(
        AssetKey.from_db_string(entry.asset),
        description=entry.description,
        metadata=metadata_from_json(json.loads(entry.metadata)),
        partition=entry.partition or None,
        tags=tags,
    )
    inputs = {AssetKey(key): version for key, version, *_ in json.loads(entry.inputs)}
    return _record(recorded.id, entry, EventType.ASSET_MATERIALIZATION, event, entry, inputs)


def observation_record(observed: Observed) -> EventLogRecord:
    """An observation in the words of the API."""
    entry: ObservationEntry = observed.entry
    event = AssetObservation(
        AssetKey.from_db_string(entry.asset),
        description=entry.description,
        metadata=metadata_from_json(json.loads(entry.metadata)),
        partition=entry.partition or None,
        tags=json.loads(entry.tags),
    )
    return _record(observed.id, entry, EventType.ASSET_OBSERVATION, event, None, {})


def asset_record(state: AssetState, newest: Recorded) -> AssetRecord:
    """How an asset stands, in the words of the API."""
    return AssetRecord(
        asset_key=AssetKey.from_db_string(state.asset),
        last_materialization_record=materialization_record(newest),
        materialization_count=state.times,
    )


def _record(
    number: int,
    entry: MaterializationEntry | ObservationEntry,
    kind: EventType,
    event: AssetMaterialization | AssetObservation,
    value: MaterializationEntry | None,
    inputs: Mapping[AssetKey, str | None],
) -> EventLogRecord:
    told = RunStoryEvent(event_type=kind, timestamp=entry.at, step_key=entry.step_key, event_specific_data=event)
    return EventLogRecord(
        storage_id=number,
        event_log_entry=EventLogEntry(
            run_id=entry.run_id,
            timestamp=entry.at,
            dagster_event=told,
            version=value.version if value else None,
            size=value.size if value else None,
            code_version=value.code_version if value else None,
            inputs=inputs,
        ),
    )
