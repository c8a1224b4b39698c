"""A sensor that keeps assets up to date with what they need."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from assetflow.automation.data_times import DataTimes
from assetflow.automation.part_reasons import PartReasons
from assetflow.automation.subsets import Ranges
from assetflow.definitions.instigating import DefaultSensorStatus
from assetflow.definitions.run_request import RunRequest, SkipReason
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.selection import AssetSelection
from assetflow.lineage.syntax import resolve_selection

IN_STEP = "Everything is made of the latest of what it needs"


class AssetReconciliationSensor(SensorDefinition):
    """Asks for a run of what was never made, and of what was made of something that was made again since.

    It asks for an asset, or a partition of it, once for each reason: if the run fails, it waits until something that it
    needs is made again.

    Attributes:
        run_tags: of its runs.
    """

    __slots__ = ("run_tags",)

    kind = "asset_reconciliation_sensor"

    def __init__(self, name: str, run_tags: Mapping[str, str] | None, **arguments: Any) -> None:
        super().__init__(name, evaluation_fn=_nothing, **arguments)
        self.run_tags = dict(run_tags or {})

    def _evaluate(self, context: SensorEvaluationContext) -> Iterable[Any]:
        if context.repository_def is None:
            raise InvalidInvocationError(
                f"{self} has to know the definitions", fix="build_sensor_context(repository_def=defs, ...)"
            )
        graph: AssetGraph = context.repository_def.graph()
        reasons = reasons_to_make(graph, self.asset_selection, DataTimes(graph, context.instance))
        of_parts = PartReasons(graph, self.asset_selection, context, reasons)
        asked = _asked_in(context.cursor)
        new = [key for key, reason in reasons.items() if asked.get(key.to_string()) != reason]
        below = _with_those_below(graph, new, reasons)
        parts = of_parts.new(asked, set(below))
        context.update_cursor(
            msgspec.json.encode(
                {**{key.to_string(): reason for key, reason in reasons.items()}, **of_parts.told()}
            ).decode()
        )
        if not below and not parts:
            is_asked = reasons or of_parts.found
            yield SkipReason("What is not up to date has been asked for already" if is_asked else IN_STEP)
            return
        marks = ",".join([f"{key.to_string()}={reasons[key]}" for key in below] + of_parts.marks(parts))
        yield RunRequest(
            run_key=hashlib.sha256(marks.encode()).hexdigest()[:32],
            tags=self.run_tags,
            asset_selection=[key for key in graph.topological() if key in {*below, *parts}],
            asset_partitions=of_parts.ranges(parts) if parts else None,
        )


def build_asset_reconciliation_sensor(
    asset_selection: AssetSelection,
    name: str = "asset_reconciliation_sensor",
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    run_tags: Mapping[str, str] | None = None,
) -> SensorDefinition:
    """A sensor that makes the selected assets when they were never made, or when what they need was made again.

    An asset waits for what it needs and is selected as well: both are made in one run. It is asked for once for each
    reason: if the run fails, not before something that it needs is made again. Of assets with partitions each partition
    is looked at by itself.

    Args:
        asset_selection: the assets it looks after.
        name: of the sensor.
        minimum_interval_seconds: how much time passes between two evaluations, at least; 30 by default.
        description: for people.
        default_status: whether it runs before anybody has started it.
        run_tags: of its runs.

    Raises:
        InvalidDefinitionError: the name is none.
        CheckError: the selection cannot be read.
    """
    return AssetReconciliationSensor(
        name,
        run_tags,
        minimum_interval_seconds=minimum_interval_seconds,
        description=description,
        default_status=default_status,
        asset_selection=asset_selection,
    )


def reasons_to_make(graph: AssetGraph, selection: Any, times: DataTimes) -> dict[AssetKey, str]:
    """Which of the selected assets are to be made, each after those it needs, and a mark of the reason.

    The mark is the same as long as the reason is.
    """
    chosen = set(resolve_selection(graph, selection))
    found: dict[AssetKey, str] = {}
    for key in graph.topological():
        if key not in chosen or graph.assets_by_key[key].partitions_def is not None:
            continue
        parents = sorted(graph.upstream(key))
        newest = times.newest(key)
        if newest is None:
            changed = ["never made"]
        else:
            changed = [
                f"{parent.to_string()}@{above.storage_id}"
                for parent in parents
                if (above := times.newest(parent)) is not None
                and (read := times.read_by(newest, parent)) is not None
                and above.storage_id > read.storage_id
            ]
        changed += [f"{parent.to_string()}:{found[parent]}" for parent in parents if parent in found]
        missing = [parent for parent in parents if times.newest(parent) is None and parent not in found]
        if changed and not missing:
            found[key] = hashlib.sha256("|".join(changed).encode()).hexdigest()[:16]
    return found


def _with_those_below(graph: AssetGraph, new: list[AssetKey], reasons: Mapping[AssetKey, str]) -> list[AssetKey]:
    """The new ones, and what is made of them, each after those it needs."""
    wanted = set(new)
    for key in reasons:  # in topological order
        if graph.upstream(key) & wanted:
            wanted.add(key)
    return [key for key in reasons if key in wanted]


def _asked_in(cursor: str | None) -> dict[str, str | dict[str, Ranges]]:
    try:
        return msgspec.json.decode(cursor or "{}", type=dict[str, str | dict[str, Ranges]])
    except msgspec.DecodeError:
        return {}


def _nothing(context: SensorEvaluationContext) -> None:
    """What a sensor without a function of a user calls."""
