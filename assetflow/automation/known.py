"""What is known of assets at the moment of an evaluation; each thing is looked up when it is first asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from assetflow.automation.data_times import DataTimes, policies_of
from assetflow.automation.subsets import NONE, WHOLE, Keys, Subset
from assetflow.definitions.checks import AssetCheckKey
from assetflow.errors import InvariantViolationError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.planning.targets import Divided
from assetflow.runs.event_log import Checked, Newest, Unmade, Update

if TYPE_CHECKING:
    from assetflow.instance import DagsterInstance

_FEW = 50  # partitions for which it is asked one by one what they need


class Known:
    """What is known.

    Args:
        graph: who needs whom.
        instance: the history.
        keys: assets and sources that are looked at.
        now: the moment of the evaluation.
        since: how far the logs had come in the evaluation before; None in the first.
    """

    def __init__(
        self,
        graph: AssetGraph,
        instance: DagsterInstance,
        keys: Collection[AssetKey],
        now: datetime,
        since: Newest | None,
    ) -> None:
        self.graph = graph
        self.now = now
        self._instance = instance
        self._standings = instance.standings
        self._keys = set(keys)
        self.newest = self._standings.catalog.newest()
        self._since = since or self.newest
        self._divided = Divided(graph, now, instance)
        self._every: dict[PartitionsDefinition | None, Keys] = {None: Keys(WHOLE)}
        self._made: dict[AssetKey, Subset] = {}
        self._checks: dict[AssetCheckKey, Checked | None] = {}

    # --- partitions ------------------------------------------------------------------------------

    def definition(self, key: AssetKey) -> PartitionsDefinition | None:
        """How an asset or a source is divided."""
        return self._divided.of(key)

    def every(self, key: AssetKey) -> Keys:
        """All partitions of an asset or a source."""
        definition = self.definition(key)
        found = self._every.get(definition)
        if found is None:
            assert definition is not None, "what is not divided is there from the beginning"
            found = self._every[definition] = Keys(self._divided.keys_of(definition))
        return found

    def above(self, key: AssetKey, need: AssetKey, subset: Subset) -> Subset:
        """The partitions of something that an asset needs, for some of the asset's own."""
        every = self.every(need)
        if not subset or self.definition(need) is None:
            return every.all if subset else NONE
        if len(subset) > _FEW:
            return every.all
        return frozenset(one for own in subset for one in self._needed(key, need, own)) & every.all

    def below(self, key: AssetKey, need: AssetKey, subset: Subset, among: Subset) -> Subset:
        """Those among some partitions of an asset that need any of some partitions of something else."""
        if not subset or not among:
            return NONE
        if self.definition(need) is None or subset == self.every(need).all:
            return among
        if len(among) <= _FEW:
            return frozenset(own for own in among if not subset.isdisjoint(self._needed(key, need, own)))
        asset = self.graph.assets_by_key[key]
        if need in asset.keys:
            return subset & among
        found: set[str] = set()
        for name in self._inputs(key, need):
            mapping, edge = self._divided.edge(asset, name, need)
            found.update(mapping.downstream_of(list(subset), edge))
        return among & found

    def _needed(self, key: AssetKey, need: AssetKey, own: str) -> Sequence[str]:
        asset = self.graph.assets_by_key[key]
        if need in asset.keys and need != key:
            return (own,)
        found: list[str] = []
        for name in self._inputs(key, need):
            mapping, edge = self._divided.edge(asset, name, need)
            try:
                found += mapping.upstream_of(own or None, edge)
            except InvariantViolationError:  # there is no partition of the same key
                continue
        return found

    def _inputs(self, key: AssetKey, need: AssetKey) -> list[str]:
        asset = self.graph.assets_by_key[key]
        return [name for name in asset.keys_by_input_name if self.graph.resolved_input(asset, name) == need]

    # --- what has happened -----------------------------------------------------------------------

    def made(self, key: AssetKey) -> Subset:
        """What is materialized of an asset; sources always are."""
        if key not in self.graph.assets_by_key:
            return self.every(key).all
        if key not in self._made:
            if self.definition(key) is None:
                self._made[key] = self.every(key).all if key in self._made_whole else NONE
            else:
                self._made[key] = frozenset(self._standings.catalog.partitions(key)) & self.every(key).all
        return self._made[key]

    @cached_property
    def _made_whole(self) -> set[AssetKey]:
        whole = [key for key in self._keys if key in self.graph.assets_by_key and self.definition(key) is None]
        return {AssetKey.from_db_string(state.asset) for state in self._standings.catalog.states(whole)}

    def updates(self, key: AssetKey) -> Mapping[str, Update]:
        """What was made of an asset, or seen of a source, since the last evaluation, by partition."""
        return self._updates.get(key, {})

    @cached_property
    def _updates(self) -> dict[AssetKey, dict[str, Update]]:
        catalog = self._standings.catalog
        found: dict[AssetKey, dict[str, Update]] = {}
        for update in catalog.updates(self._keys, self._since.made, self.newest.made):
            found.setdefault(AssetKey.from_db_string(update.asset), {})[update.partition] = update
        sources = [key for key in self._keys if key in self.graph.sources_by_key]
        for update in catalog.updates(sources, self._since.seen, self.newest.seen, observed=True) if sources else ():
            key = AssetKey.from_db_string(update.asset)
            if update.data_version is not None and update.data_version != self._seen_before(key):
                found.setdefault(key, {})[update.partition] = update
        return found

    def _seen_before(self, key: AssetKey) -> str | None:
        told = self._standings.catalog.observations(key, limit=20, before=self._since.seen + 1)
        return next((one.entry.data_version for one in told if one.entry.data_version is not None), None)

    def has_other_data(self, key: AssetKey, update: Update) -> bool:
        """Whether what was made is other data than what was there before."""
        if key in self.graph.sources_by_key:
            return True
        before = self._standings.catalog.materializations(
            key, limit=1, partitions=[update.partition], before=self._since.made + 1
        )
        return not before or before[0].entry.data_version != update.data_version

    def under_way(self, key: AssetKey, *, in_backfills: bool = False) -> Subset:
        """What runs that are not over are to make, and have not made yet.

        Args:
            in_backfills: only runs of many partitions.
        """
        found = self._under_way.get(key, {})
        keys = found if not in_backfills else [one for one, run in found.items() if run.is_backfill]
        return frozenset(keys) & self.every(key).all

    @cached_property
    def _under_way(self) -> Mapping[AssetKey, Mapping[str, _Run]]:
        return self._standings.under_way(self._keys)

    def failed(self, key: AssetKey) -> Subset:
        """What the last try did not make."""
        return frozenset(one.partition for one in self._unmade if one.asset == key.to_string()) & self.every(key).all

    @cached_property
    def _unmade(self) -> list[Unmade]:
        return [one for one in self._standings.catalog.unmade(self._keys) if one.outcome != "skipped"]

    def makes(self, run_id: str, key: AssetKey) -> bool:
        """Whether a run was to make an asset."""
        request = self._standings.request(run_id)
        return request is not None and any(key in step.asset_keys for step in request.plan.steps)

    def tags_of(self, run_id: str) -> Mapping[str, str]:
        """The tags of a run."""
        request = self._standings.request(run_id)
        return {} if request is None else request.tags

    def check(self, key: AssetCheckKey) -> Checked | None:
        """What a check has said last; None if it was never done."""
        if key not in self._checks:
            told = self._standings.catalog.checks(key.asset_key, key.name, limit=1)
            self._checks[key] = told[0] if told else None
        return self._checks[key]

    @cached_property
    def _times(self) -> DataTimes:
        return DataTimes(self.graph, self._instance)

    def minutes_late(self, key: AssetKey) -> float | None:
        """How late an asset is by its FreshnessPolicy; None if it has none, or was never made."""
        policy = policies_of(self.graph).get(key)
        return None if policy is None else policy.minutes_late(self._times.of(key), self.now.astimezone(UTC))


if TYPE_CHECKING:
    from assetflow.engine.standings import UnderWay as _Run
