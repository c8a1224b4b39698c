"""Sensors that look at how fresh assets are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from assetflow.automation.data_times import DataTimes, policies_of
from assetflow.definitions.freshness_policy import FreshnessPolicy
from assetflow.definitions.instigating import DefaultSensorStatus, UserFunction
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.schedule_context import TickContext
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import CheckError, InvalidInvocationError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.selection import AssetSelection
from assetflow.lineage.syntax import read_selection, resolve_selection

if TYPE_CHECKING:
    from assetflow.definitions.bundle import Definitions
    from assetflow.instance import DagsterInstance


class FreshnessPolicySensorContext(TickContext):
    """What the function of a `freshness_policy_sensor` is told of an asset.

    Attributes:
        sensor_name: of the sensor.
        asset_key: of the asset.
        freshness_policy: how fresh it is to be.
        minutes_late: by how much it is late; 0 if it is in time, None if it has no data.
        previous_minutes_late: the same in the evaluation before; None in the first.
    """

    __slots__ = ("asset_key", "freshness_policy", "minutes_late", "previous_minutes_late", "sensor_name")

    def __init__(
        self,
        sensor_name: str,
        asset_key: AssetKey,
        freshness_policy: FreshnessPolicy,
        minutes_late: float | None,
        previous_minutes_late: float | None = None,
        instance: DagsterInstance | Callable[[], DagsterInstance] | None = None,
        repository_def: Definitions | None = None,
    ) -> None:
        super().__init__(instance, repository_def)
        self.sensor_name = sensor_name
        self.asset_key = asset_key
        self.freshness_policy = freshness_policy
        self.minutes_late = minutes_late
        self.previous_minutes_late = previous_minutes_late


class FreshnessPolicySensorDefinition(SensorDefinition):
    """Calls a function for each asset of which it is said how fresh it is to be. Made by `freshness_policy_sensor`.

    Attributes:
        monitored: the assets it looks at.
    """

    __slots__ = ("monitored",)

    kind = "freshness_policy_sensor"

    def __init__(self, name: str | None, selection: Any, function: Callable[..., Any], **arguments: Any) -> None:
        super().__init__(name, evaluation_fn=UserFunction(function, "Freshness policy sensor"), **arguments)
        self.monitored = read_selection(selection)

    def _evaluate(self, context: SensorEvaluationContext) -> Iterable[Any]:
        definitions = context.repository_def
        if definitions is None:
            raise InvalidInvocationError(
                f"{self} has to know the definitions", fix="build_sensor_context(repository_def=defs, ...)"
            )
        graph: AssetGraph = definitions.graph()
        policies = policies_of(graph)
        times = DataTimes(graph, context.instance)
        before = _lateness_in(context.cursor)
        now, told = datetime.now(UTC), {}
        for key in resolve_selection(graph, self.monitored):
            if key not in policies:
                continue
            late = policies[key].minutes_late(times.of(key), now)
            told[key.to_string()] = late
            own = FreshnessPolicySensorContext(
                self.name,
                key,
                policies[key],
                late,
                before.get(key.to_string()),
                lambda: context.instance,
                definitions,
            )
            for answer in self.answers(self._evaluation_fn.call(own)):
                if isinstance(answer, RunRequest):
                    raise CheckError(f"{self} has asked for a run; it is there to tell somebody, and has no job")
        context.update_cursor(msgspec.json.encode(told).decode())
        names = [AssetKey.from_db_string(name).to_user_string() for name, minutes in told.items() if minutes]
        yield SkipReason(f"{len(told)} assets were looked at; late: {', '.join(names) or 'none'}")


def freshness_policy_sensor(
    asset_selection: AssetSelection,
    *,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
) -> Callable[[Callable[..., Any]], FreshnessPolicySensorDefinition]:
    """Make a sensor of a function that is told how late assets are, such as to alert somebody.

    It is called for each asset that has a FreshnessPolicy, in each evaluation, with a `FreshnessPolicySensorContext`.

    Args:
        asset_selection: the assets it looks at.
        name: by default that of the function.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: by default the function's docstring.
        default_status: whether it runs before anybody has started it.

    Raises:
        CheckError: the selection cannot be read.
    """

    def make(function: Callable[..., Any]) -> FreshnessPolicySensorDefinition:
        return FreshnessPolicySensorDefinition(
            name or function.__name__,
            asset_selection,
            function,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            default_status=default_status,
        )

    return make


def _lateness_in(cursor: str | None) -> dict[str, float | None]:
    try:
        return msgspec.json.decode(cursor or "{}", type=dict[str, float | None])
    except msgspec.DecodeError:
        return {}
