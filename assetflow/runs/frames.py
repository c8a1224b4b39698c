"""Records of runs and assets as frames of pandas, for whoever wants to count, join and draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from assetflow.definitions.metadata import MetadataValue
from assetflow.errors import ParameterCheckError
from assetflow.optional_libraries import library
from assetflow.runs.log_lines import LogLine
from assetflow.runs.log_records import AssetRecord, EventLogEntry, EventLogRecord, RunSummary
from assetflow.runs.materialization import Materialization
from assetflow.runs.result import RunEvent
from assetflow.runs.story import RunStoryEvent

if TYPE_CHECKING:
    import pandas

_TIMES = ("at", "created", "started", "ended")


def to_pandas(records: Iterable[Any]) -> pandas.DataFrame:
    """One row for each record, in the order in which they come.

    Times are in UTC. Metadata that can be a cell has a column each, ``metadata.<label>``.

    Args:
        records: what `DagsterInstance`, `RunHandle` and `RunResult` give: runs, materializations and observations,
            assets, events, lines of logs. All of one kind.

    Raises:
        LoadError: pandas is not installed.
        ParameterCheckError: there is no row for records of this kind.
    """
    frames = library("pandas", what="to_pandas")
    frame = frames.DataFrame([_row(record) for record in records])
    for name in _TIMES:
        if name in frame:
            frame[name] = frames.to_datetime(frame[name], unit="s", utc=True)
    return frame


def _row(record: Any) -> dict[str, Any]:
    if isinstance(record, EventLogRecord):
        return {"storage_id": record.storage_id, **_row(record.event_log_entry)}
    if isinstance(record, AssetRecord):
        newest = _row(record.last_materialization_record)
        return {"asset": record.asset_key.to_user_string(), "times": record.materialization_count, **newest}
    if isinstance(record, EventLogEntry):
        return _of_entry(record)
    if isinstance(record, Materialization):
        made = {"asset": record.asset_key.to_user_string(), "version": record.version}
        return {**made, "data_version": record.data_version, **_metadata(record.metadata)}
    if isinstance(record, RunSummary):
        fields = ("run_id", "status", "job_name", "created", "started", "ended", "selection", "code", "steps", "error")
        row = {name: getattr(record, name) for name in fields}
        seconds = None if record.ended is None else record.ended - record.created
        tags = {f"tag.{name}": value for name, value in record.tags.items()}
        return {**row, "status": record.status.value, "seconds": seconds, **tags}
    if isinstance(record, RunStoryEvent):
        key = record.asset_key
        about: dict[str, Any] = {"at": record.timestamp, "event": record.event_type.value, "step": record.step_key}
        return {**about, "asset": key.to_user_string() if key else None, "message": record.message}
    if isinstance(record, RunEvent):
        return _of_event(record)
    if isinstance(record, LogLine):
        names = ("step", "attempt", "at", "level", "logger", "text")
        return {**{name: getattr(record, name) for name in names}, "stream": record.stream.value}
    raise ParameterCheckError(
        f"to_pandas takes runs, assets, materializations, observations, events and lines of logs, not {record!r:.100}"
    )


def _of_entry(entry: EventLogEntry) -> dict[str, Any]:
    told = entry.dagster_event.event_specific_data
    return {
        "asset": entry.asset_key.to_user_string() if entry.asset_key else None,
        "partition": getattr(told, "partition", None),
        "at": entry.timestamp,
        "run_id": entry.run_id,
        "step": entry.step_key,
        "version": entry.version,
        "size": entry.size,
        "code_version": entry.code_version,
        **_metadata(getattr(told, "metadata", {})),
    }


def _of_event(event: RunEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "event": event.kind.value,
        "step": event.steps[0] if len(event.steps) == 1 else None,
        "steps": len(event.steps),
        "seconds": event.detail.seconds or None,
        "retry": event.detail.retry,
        "error": None if event.detail.error is None else f"{event.detail.error.type}: {event.detail.error.message}",
    }


def _metadata(metadata: Mapping[str, MetadataValue]) -> dict[str, Any]:
    return {f"metadata.{label}": _cell(item.value) for label, item in metadata.items()}


def _cell(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
