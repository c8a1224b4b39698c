"""Sensors that look at one asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from assetflow.definitions.instigating import AnyJob, DefaultSensorStatus, UserFunction
from assetflow.definitions.run_request import SkipReason
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.runs.log_records import EventRecordsFilter
from assetflow.runs.story import EventType


class AssetSensorDefinition(SensorDefinition):
    """Calls a function with the latest materialization of an asset that it has not seen. Made by `asset_sensor`.

    Attributes:
        asset_key: of the asset.
    """

    __slots__ = ("asset_key",)

    kind = "asset_sensor"

    def __init__(self, name: str | None, asset_key: AssetKey, function: Callable[..., Any], **arguments: Any) -> None:
        super().__init__(name, evaluation_fn=UserFunction(function, "Sensor", extra=1), **arguments)
        self.asset_key = asset_key

    def _evaluate(self, context: SensorEvaluationContext) -> Iterable[Any]:
        wanted = EventRecordsFilter(
            EventType.ASSET_MATERIALIZATION, asset_key=self.asset_key, after_cursor=number_in(context.cursor)
        )
        records = context.instance.get_event_records(wanted, limit=1)
        if not records:
            yield SkipReason(f"No new materialization events found for asset key {self.asset_key}")
            return
        yield from self.answers(self._evaluation_fn.call(context, records[0].event_log_entry))
        # A function that has asked for nothing has seen the event all the same.
        context.update_cursor(str(records[0].storage_id))


def asset_sensor(
    asset_key: CoercibleToAssetKey,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: Any = None,
) -> Callable[[Callable[..., Any]], AssetSensorDefinition]:
    """Make a sensor of a function that is called when an asset was made: ``def f(context, asset_event)``.

    In one evaluation it is called once, with the latest materialization that it has not seen, as an EventLogEntry. An
    asset that was skipped was not made, and calls nothing. Where the function asks for nothing, the event is seen too.

    Args:
        asset_key: of the asset; a str is one segment.
        job_name: name of the job it runs.
        name: by default that of the function.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: by default the function's docstring.
        job: the job itself, in place of its name.
        jobs: several, of which each RunRequest names one.
        default_status: whether it runs before anybody has started it.
        asset_selection: the assets it runs, in place of a job.

    Raises:
        InvalidDefinitionError: the function does not take a context and an event.
    """
    key = AssetKey.from_coercible(asset_key)

    def make(function: Callable[..., Any]) -> AssetSensorDefinition:
        return AssetSensorDefinition(
            name,
            key,
            function,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
        )

    return make


def number_in(cursor: str | None) -> int | None:
    """The number of an event that a cursor holds; None if it holds something else."""
    try:
        return int(cursor or "")
    except ValueError:
        return None
