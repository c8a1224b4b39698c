"""Sensors that look at several assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from assetflow.automation.multi_asset_context import MultiAssetSensorEvaluationContext, check_monitored
from assetflow.definitions.instigating import AnyJob, DefaultSensorStatus
from assetflow.definitions.run_request import RunRequest
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey
from assetflow.lineage.selection import AssetSelection


class MultiAssetSensorDefinition(SensorDefinition):
    """Calls a function with what was made of several assets. Made by `multi_asset_sensor`.

    Attributes:
        monitored_assets: their keys, or a selection of them.
    """

    __slots__ = ("monitored_assets",)

    kind = "multi_asset_sensor"

    def __init__(self, name: str | None, monitored_assets: Any, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self.monitored_assets = monitored_assets

    def _evaluate(self, context: SensorEvaluationContext) -> Iterable[Any]:
        own = context if isinstance(context, MultiAssetSensorEvaluationContext) else self.context_of(context)
        answers = list(self.answers(self._evaluation_fn.call(own)))
        if own.cursor_updated:
            context.update_cursor(own.cursor)
        elif any(isinstance(item, RunRequest) for item in answers):
            own.log.warning(
                "%s has asked for runs and has not advanced its cursor: it is told of the same materializations again; "
                "context.advance_all_cursors() is what is missing",
                self,
            )
        return answers

    def context_of(self, context: SensorEvaluationContext) -> MultiAssetSensorEvaluationContext:
        """The context that its function takes, made of a plain one."""
        return MultiAssetSensorEvaluationContext(
            self.monitored_assets,
            instance=lambda: context.instance,
            cursor=context.cursor,
            last_run_key=context.last_run_key,
            last_completion_time=context.last_completion_time,
            repository_def=context.repository_def,
        )


def multi_asset_sensor(
    monitored_assets: Sequence[AssetKey] | AssetSelection,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_assets: AssetSelection | None = None,
) -> Callable[[Callable[..., Any]], MultiAssetSensorDefinition]:
    """Make a sensor of a function that looks at what was made of several assets.

    The function takes a `MultiAssetSensorEvaluationContext`. What it has dealt with, it says with ``advance_cursor`` or
    ``advance_all_cursors``; everything else it is told of again.

    Args:
        monitored_assets: keys, or a selection.
        job_name: name of the job it runs.
        name: by default that of the function.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: by default the function's docstring.
        job: the job itself, in place of its name.
        jobs: several, of which each RunRequest names one.
        default_status: whether it runs before anybody has started it.
        request_assets: the assets it runs, in place of a job.

    Raises:
        ParameterCheckError: the assets are neither keys nor a selection.
    """
    if not isinstance(monitored_assets, list | tuple | AssetSelection):
        raise ParameterCheckError(f"monitored_assets are keys, or an AssetSelection, not {monitored_assets!r:.200}")
    check_monitored(monitored_assets)

    def make(function: Callable[..., Any]) -> MultiAssetSensorDefinition:
        return MultiAssetSensorDefinition(
            name or function.__name__,
            monitored_assets,
            evaluation_fn=function,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=request_assets,
        )

    return make
