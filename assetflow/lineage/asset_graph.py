"""The graph of assets: every dependency resolved to a key, every mistake found."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Mapping, Sequence

from assetflow.code.versions import CodeVersions
from assetflow.collecting import collecting_later
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.observable import observation_of
from assetflow.definitions.source_asset import SourceAsset
from assetflow.errors import CircularDependencyError, InvalidDefinitionError
from assetflow.keys import AssetKey


class AssetGraph:
    """Assets and sources, with the edges between them. Make one with `build`.

    Attributes:
        assets_by_key: the maker of each asset, in the order of definition.
        sources_by_key: sources that no asset makes.
        checks_by_key: whose function does a check, its asset's or another that is there for nothing else.
        observations_by_key: what looks at each source that can be observed.
        code_versions: of the code that makes each asset.
    """

    def __init__(
        self,
        assets_by_key: Mapping[AssetKey, AssetsDefinition],
        sources_by_key: Mapping[AssetKey, SourceAsset],
        resolved: Mapping[AssetsDefinition, Mapping[str, AssetKey | None]],
    ) -> None:
        self.assets_by_key = assets_by_key
        self.sources_by_key = sources_by_key
        self.checks_by_key = {key: definition for definition in resolved for key in definition.check_keys}
        self.observations_by_key = {
            key: observation_of(source) for key, source in sources_by_key.items() if source.is_observable
        }
        self.code_versions = CodeVersions(assets_by_key)
        self._resolved = resolved
        self._read: dict[AssetKey, frozenset[AssetKey]] = {}
        # Edges as places in the order of definition: numbers are small, and quick to look up.
        self._keys = tuple(assets_by_key)
        self._place = {key: place for place, key in enumerate(self._keys)}
        self._above = self._parents()
        self._below: list[list[int]] = [[] for _ in self._keys]
        for place, above in enumerate(self._above):
            for parent in above:
                self._below[parent].append(place)
        self._order = self._sorted()

    @staticmethod
    @collecting_later()
    def build(
        assets: Iterable[AssetsDefinition], sources: Iterable[SourceAsset], *, may_dangle: bool = False
    ) -> AssetGraph:
        """Resolve every input to the asset it means.

        Args:
            may_dangle: leave alone what means nothing here, because these are not all the assets there are.

        Raises:
            InvalidDefinitionError: a key is made twice, or an input means nothing that exists.
            CircularDependencyError: assets need each other in a circle.
        """
        definitions = tuple(assets)
        _check_checks(definitions)
        assets_by_key: dict[AssetKey, AssetsDefinition] = {}
        for asset in definitions:
            for key in asset.keys_by_output_name.values():
                if key in assets_by_key:
                    raise InvalidDefinitionError(f"Duplicate asset key: {key}", where=asset.node_def.where)
                assets_by_key[key] = asset
        sources_by_key = {source.key: source for source in sources if source.key not in assets_by_key}
        names = _NamesInGroups(assets_by_key, sources_by_key)
        # One key object for each asset, whoever names it: then no other is compared with it when it is looked up.
        known = {key.parts: key for key in (*sources_by_key, *assets_by_key)}
        resolved = {
            asset: {
                name: known.get(key.parts)
                or _resolve(asset, name, key, assets_by_key, sources_by_key, names, may_dangle)
                for name, key in asset.keys_by_input_name.items()
            }
            for asset in definitions
        }
        return AssetGraph(assets_by_key, sources_by_key, resolved)

    @property
    def materializable_keys(self) -> Sequence[AssetKey]:
        """Everything that can be materialized, in the order of definition."""
        return self._keys

    def upstream(self, key: AssetKey) -> set[AssetKey]:
        """The assets it needs directly; of a source none."""
        if key not in self._place:
            return set()
        return {self._keys[place] for place in self._above[self._place[key]]}

    def downstream(self, key: AssetKey) -> set[AssetKey]:
        """The assets that need it directly."""
        if key not in self._place:
            return {made for made in self._keys if key in self.asset_deps(made)}
        return {self._keys[place] for place in self._below[self._place[key]]}

    def asset_deps(self, key: AssetKey) -> set[AssetKey]:
        """The assets and sources it needs directly, by the keys they really have."""
        asset = self.assets_by_key[key]
        meant = {given: self._resolved[asset][name] for name, given in asset.keys_by_input_name.items()}
        return {found for given in asset.asset_deps[key] if (found := meant.get(given, given)) is not None}

    def read_for(self, key: AssetKey) -> frozenset[AssetKey]:
        """What is read to make it, of the assets and sources it needs directly: of a graph, by the ops behind it."""
        if key not in self._read:
            asset, needs = self.assets_by_key[key], frozenset(self.asset_deps(key))
            graph = asset.node_def
            if isinstance(graph, GraphDefinition):
                output = next(name for name, made in asset.keys_by_output_name.items() if made == key)
                sources = {one for call in graph.calls_behind(output) for item in call.inputs.values() for one in item}
                needs &= {self._resolved[asset][one] for one in sources if isinstance(one, str)}
            self._read[key] = needs
        return self._read[key]

    def checks_of(self, keys: Iterable[AssetKey]) -> frozenset[AssetCheckKey]:
        """The checks of these assets."""
        wanted = set(keys)
        return frozenset(key for key in self.checks_by_key if key.asset_key in wanted)

    def group_of(self, key: AssetKey) -> str:
        """The group of an asset or a source."""
        if key in self.assets_by_key:
            return self.assets_by_key[key].group_names_by_key[key]
        return self.sources_by_key[key].group_name

    def resolved_input(self, asset: AssetsDefinition, name: str) -> AssetKey | None:
        """The key an input means; None for a dependency that is only named and exists nowhere."""
        return self._resolved[asset][name]

    def topological(self) -> list[AssetKey]:
        """All assets, each after those it needs; otherwise in the order of definition."""
        return [self._keys[place] for place in self._order]

    def near(self, name: str, count: int = 3) -> list[str]:
        """Names of assets and sources that look like this one."""
        return self.names_near(name, [*self.assets_by_key, *self.sources_by_key], count)

    @staticmethod
    def names_near(name: str, keys: Iterable[AssetKey], count: int = 3) -> list[str]:
        """Names of keys that look like this one."""
        return difflib.get_close_matches(name, [key.to_user_string() for key in keys], count, cutoff=0.6)

    def _parents(self) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        place, resolved = self._place, self._resolved
        shared: dict[AssetsDefinition, tuple[int, ...]] = {}
        for made, asset in self.assets_by_key.items():
            if asset.has_own_deps:
                found.append(tuple(place[key] for key in sorted(self.asset_deps(made)) if key in place and key != made))
                continue
            above = shared.get(asset)
            if above is None:
                inputs = resolved[asset].values()
                own = asset.keys  # of which it may need earlier partitions
                above = tuple(
                    {
                        at: None
                        for key in inputs
                        if key is not None and (at := place.get(key)) is not None and key not in own
                    }
                )
                shared[asset] = above
            found.append(above)
        return found

    def _sorted(self) -> list[int]:
        """Places in topological order.

        Raises:
            CircularDependencyError: there is none.
        """
        waiting = [len(above) for above in self._above]
        ready = [place for place, count in enumerate(waiting) if count == 0]
        order: list[int] = []
        while ready:
            place = heapq.heappop(ready)
            order.append(place)
            for child in self._below[place]:
                waiting[child] -= 1
                if waiting[child] == 0:
                    heapq.heappush(ready, child)
        if len(order) < len(self._keys):
            raise self._circle({place for place, count in enumerate(waiting) if count > 0})
        return order

    def _circle(self, stuck: set[int]) -> CircularDependencyError:
        import networkx as nx  # only to name a mistake; everything that is right goes without it

        edges = nx.DiGraph(
            (parent, place) for place in sorted(stuck) for parent in self._above[place] if parent in stuck
        )
        circle = [self._keys[edge[0]] for edge in nx.find_cycle(edges)]
        first = circle.index(min(circle))
        ordered = [*circle[first:], *circle[:first]]
        names = " -> ".join(key.to_user_string() for key in [*ordered, ordered[0]])
        places = ", ".join(str(self.assets_by_key[key].location) for key in ordered)
        return CircularDependencyError(
            f"Circular dependencies exist among these assets: {names}",
            where=places,
            fix="remove one of these dependencies; an arrow points from an asset to one that needs it",
        )


class _NamesInGroups:
    """Which keys of a group end in a name; made when the first input asks."""

    def __init__(self, assets: Mapping[AssetKey, AssetsDefinition], sources: Mapping[AssetKey, SourceAsset]) -> None:
        self._assets = assets
        self._sources = sources
        self._keys: dict[tuple[str, str], list[AssetKey]] | None = None

    def find(self, group: str, name: str) -> list[AssetKey]:
        if self._keys is None:
            self._keys = {}
            for key, asset in self._assets.items():
                if key.parts:
                    self._keys.setdefault((asset.group_names_by_key[key], key.parts[-1]), []).append(key)
            for key, source in self._sources.items():
                if key.parts:
                    self._keys.setdefault((source.group_name, key.parts[-1]), []).append(key)
        return self._keys.get((group, name), [])


def _check_checks(definitions: Iterable[AssetsDefinition]) -> None:
    makers: dict[AssetCheckKey, AssetsDefinition] = {}
    for definition in definitions:
        for key in definition.check_keys:
            if key in makers:
                raise InvalidDefinitionError(
                    f"Duplicate asset check key: {key}",
                    where=f"{makers[key].node_def.where} and {definition.node_def.where}",
                    fix="give one of them another name",
                )
            makers[key] = definition


def _resolve(
    asset: AssetsDefinition,
    name: str,
    key: AssetKey,
    assets: Mapping[AssetKey, AssetsDefinition],
    sources: Mapping[AssetKey, SourceAsset],
    names: _NamesInGroups,
    may_dangle: bool,
) -> AssetKey | None:
    """What the input of an asset means whose key is that of no asset and of no source."""
    groups = set(asset.group_names_by_key.values())
    if len(key.parts) == 1 and len(groups) == 1:
        own = asset.keys
        candidates = [found for found in names.find(next(iter(groups)), key.parts[0]) if found not in own]
        if len(candidates) == 1:
            return candidates[0]
    checked = {check.asset_key for check in asset.check_keys} - asset.keys
    if may_dangle or (asset.node_def.ins[name].is_nothing and key not in checked):
        return None
    makes = next(iter(asset.keys_by_output_name.values()), None)
    if makes is None and any(check.asset_key == key for check in asset.check_keys):
        near = AssetGraph.names_near(key.to_user_string(), [*assets, *sources])
        raise InvalidDefinitionError(
            f'the check "{asset.node_def.name}" is of the asset {key.to_user_string()}, which is not defined',
            where=asset.node_def.where,
            fix=f"did you mean {' or '.join(near)}?" if near else "define the asset, or a SourceAsset of this key",
        )
    asks = f"asset '{makes.to_string()}'" if makes is not None else f"check '{asset.node_def.name}'"
    near = AssetGraph.names_near(key.to_user_string(), [*assets, *sources])
    fix = f"did you mean {' or '.join(near)}? Rename the argument, or map it: " if near else "define it, or map it: "
    parts = near[0].split("/") if near else ["the_right_name"]
    example = f'"{parts[0]}"' if len(parts) == 1 else f"[{', '.join(map(repr, parts))}]"
    raise InvalidDefinitionError(
        f"Input asset '{key.to_string()}' for {asks} is not produced by any of the provided "
        "asset ops and is not one of the provided sources",
        where=f'{asset.node_def.where}, argument "{name}"',
        fix=f'{fix}@asset(ins={{"{name}": AssetIn({example})}})',
    )
