"""Contexts for evaluating schedules and sensors in tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assetflow.automation.freshness_sensor import FreshnessPolicySensorContext
from assetflow.automation.multi_asset_context import MultiAssetSensorEvaluationContext
from assetflow.automation.run_status_sensor import RunStatusSensorContext
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.freshness_policy import FreshnessPolicy
from assetflow.definitions.schedule_context import ScheduleEvaluationContext
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.lineage.selection import AssetSelection
from assetflow.runs.log_records import RunSummary
from assetflow.runs.story import RunStoryEvent

if TYPE_CHECKING:
    from assetflow.instance import DagsterInstance


def build_schedule_context(
    instance: DagsterInstance | None = None,
    scheduled_execution_time: datetime | None = None,
    repository_def: Definitions | None = None,
) -> ScheduleEvaluationContext:
    """A context for ``my_schedule.evaluate_tick(context)``, or for a direct call.

    Args:
        instance: the history, if the schedule asks for it.
        scheduled_execution_time: the moment it was to fire; now by default.
        repository_def: the definitions it belongs to.
    """
    if scheduled_execution_time is not None and not isinstance(scheduled_execution_time, datetime):
        raise ParameterCheckError(f"scheduled_execution_time is a datetime, not {scheduled_execution_time!r}")
    return ScheduleEvaluationContext(instance, scheduled_execution_time, repository_def)


def build_sensor_context(
    instance: DagsterInstance | None = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: Definitions | None = None,
    last_run_key: str | None = None,
    last_completion_time: float | None = None,
) -> SensorEvaluationContext:
    """A context for ``my_sensor.evaluate_tick(context)``, or for a direct call.

    Args:
        instance: the history, if the sensor asks for it.
        cursor: what the sensor has noted down before.
        repository_name: that of the definitions, if they are given as well.
        repository_def: the definitions it belongs to.
        last_run_key: of the run that it has asked for last.
        last_completion_time: when it was evaluated last, in seconds since the epoch.

    Raises:
        ParameterCheckError: the definitions have another name.
    """
    _check_name(repository_name, repository_def)
    return SensorEvaluationContext(instance, cursor, last_run_key, last_completion_time, repository_def)


def build_multi_asset_sensor_context(
    monitored_assets: Sequence[AssetKey] | AssetSelection,
    repository_def: Definitions | None = None,
    instance: DagsterInstance | None = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
) -> MultiAssetSensorEvaluationContext:
    """A context for a `multi_asset_sensor`.

    Args:
        monitored_assets: keys, or a selection, which needs the definitions.
        repository_def: the definitions it belongs to.
        instance: the history.
        cursor: what the sensor has noted down before.
        repository_name: that of the definitions, if they are given as well.
        cursor_from_latest_materializations: everything there is by now was seen.

    Raises:
        ParameterCheckError: there are two cursors.
    """
    _check_name(repository_name, repository_def)
    context = MultiAssetSensorEvaluationContext(monitored_assets, instance, cursor, repository_def=repository_def)
    if not cursor_from_latest_materializations:
        return context
    if cursor is not None:
        raise ParameterCheckError("cursor and cursor_from_latest_materializations exclude each other")
    context.advance_all_cursors()
    return MultiAssetSensorEvaluationContext(monitored_assets, instance, context.cursor, repository_def=repository_def)


def build_run_status_sensor_context(
    sensor_name: str,
    dagster_event: RunStoryEvent,
    dagster_instance: DagsterInstance | None = None,
    dagster_run: RunSummary | None = None,
) -> RunStatusSensorContext:
    """A context to call a `run_status_sensor` with; ``.for_run_failure()`` of it is one for a `run_failure_sensor`.

    Args:
        sensor_name: of the sensor.
        dagster_event: what has happened to the run.
        dagster_instance: the history.
        dagster_run: the run.

    Raises:
        ParameterCheckError: there is no run.
    """
    if not isinstance(dagster_run, RunSummary):
        raise ParameterCheckError(
            f"dagster_run is a RunSummary, such as instance.get_run_by_id(...) gives, not {dagster_run!r:.200}"
        )
    return RunStatusSensorContext(sensor_name, dagster_run, dagster_event, dagster_instance)


def build_freshness_policy_sensor_context(
    sensor_name: str,
    asset_key: CoercibleToAssetKey,
    freshness_policy: FreshnessPolicy,
    minutes_late: float | None,
    previous_minutes_late: float | None = None,
    instance: DagsterInstance | None = None,
) -> FreshnessPolicySensorContext:
    """A context to call a `freshness_policy_sensor` with.

    Args:
        sensor_name: of the sensor.
        asset_key: of the asset.
        freshness_policy: how fresh it is to be.
        minutes_late: by how much it is late.
        previous_minutes_late: the same in the evaluation before.
        instance: the history.
    """
    key = AssetKey.from_coercible(asset_key)
    return FreshnessPolicySensorContext(
        sensor_name, key, freshness_policy, minutes_late, previous_minutes_late, instance
    )


def _check_name(name: str | None, definitions: Any) -> None:
    own = getattr(definitions, "name", None)
    if name is not None and definitions is not None and own != name:
        raise ParameterCheckError(f"repository_name is {name!r}, and repository_def has the name {own!r}")
