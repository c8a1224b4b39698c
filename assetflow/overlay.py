"""Copy on write: what an environment has not made itself, it reads from the one it lies over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.engine.latest import LatestRecords
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError
from assetflow.execution.inputs import output_name, path_of
from assetflow.execution.resources import OpenResources
from assetflow.io.kept_versions import KeepsVersions
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.log import step_logger
from assetflow.planning.plan import Plan, Step, StepInput
from assetflow.settings import Settings
from assetflow.wiring import open_history

if TYPE_CHECKING:
    from assetflow.stores.sql.history import SqlHistory


def overlaid(
    plan: Plan, graph: AssetGraph, environments: Environments, name: str, run_config: Mapping[str, Any] | None = None
) -> Plan:
    """The plan, with the environment that each value is read from which the run does not make.

    Args:
        name: of the environment the run is for.

    Raises:
        InvalidInvocationError: there is no such environment.
    """
    chain = environments.chain(name)
    if len(chain) == 1:
        return plan
    shelves = Shelves(environments, chain, run_config)
    try:
        steps = tuple(_overlaid(step, graph, shelves) for step in plan.steps)
    finally:
        shelves.close()
    return msgspec.structs.replace(plan, steps=steps)


def records_of(history: SqlHistory, environments: Environments, name: str) -> LatestRecords:
    """What a history remembers of assets, each in the nearest environment that has made it.

    Args:
        name: of the nearest environment.

    Raises:
        InvalidInvocationError: there is no such environment.
    """
    return LatestRecords({one: history.catalog_of(one) for one in environments.chain(name)})


def history_of(settings: Settings) -> SqlHistory:
    """The history, which says what is stale; one that is new if there was none.

    Raises:
        InvalidInvocationError: none is kept.
    """
    found = open_history(settings, create=True)
    if found is None:
        raise InvalidInvocationError(
            "what is stale is told by the history, and none is kept here",
            where=settings.where("database_url"),
            fix="remove database_url = none, or materialize everything",
        )
    return found


class Shelves:
    """Where values are kept in an environment, and in those it reads from.

    Args:
        chain: names of the environments, the nearest first.
    """

    def __init__(
        self, environments: Environments, chain: tuple[str, ...], run_config: Mapping[str, Any] | None
    ) -> None:
        config = (run_config or {}).get("resources") or {}
        self.chain = chain
        self._open = {name: OpenResources(environments.resources(name), config, "") for name in chain}

    def first_with(self, key: AssetKey, owner: Any, manager_key: str, partition_key: str = "") -> str:
        """The nearest environment that has a value of an asset; the first one if none has.

        An IO manager that cannot tell is taken to have it.

        Args:
            owner: the asset or source it belongs to.
        """
        for name in self.chain:
            manager = self._open[name].one(owner, manager_key, step_logger("", "overlay")).value
            if (
                not isinstance(manager, KeepsVersions)
                or manager.current(path_of(owner, key, partition_key)) is not None
            ):
                return name
        return self.chain[0]

    @property
    def own(self) -> OpenResources:
        """The resources of the nearest environment."""
        return self._open[self.chain[0]]

    def of(self, key: AssetKey, asset: AssetsDefinition, partition_key: str = "") -> OpenResources:
        """The resources to load an asset with: those of the nearest environment that has it."""
        if len(self.chain) == 1:
            return self.own
        manager_key = asset.node_def.outs[output_name(asset, key)].io_manager_key
        return self._open[self.first_with(key, asset, manager_key, partition_key)]

    def close(self) -> None:
        """Close what was opened."""
        for one in self._open.values():
            one.close()


def _overlaid(step: Step, graph: AssetGraph, shelves: Shelves) -> Step:
    inputs = tuple(_origin(item, graph, shelves) for item in step.inputs)
    return step if inputs == step.inputs else msgspec.structs.replace(step, inputs=inputs)


def _origin(item: StepInput, graph: AssetGraph, shelves: Shelves) -> StepInput:
    if item.output is not None or not item.loads or not item.key or item.is_empty:
        return item
    key = AssetKey.of_parts(item.key)
    owner = graph.assets_by_key.get(key) or graph.sources_by_key.get(key)
    if owner is None:
        return item
    found = shelves.first_with(key, owner, item.io_manager_key, item.partition)
    return item if found == shelves.chain[0] else msgspec.structs.replace(item, environment=found)
