"""What selections mean in a graph of assets. Each kind of selection is one class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.op import KIND_TAG
from assetflow.errors import InvalidSubsetError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph

Keys = frozenset[AssetKey]
Checks = frozenset[AssetCheckKey]
_MOST_NAMED = 10


class Meaning(ABC):
    """Which assets, checks and sources of a graph are meant."""

    @abstractmethod
    def resolve(self, graph: AssetGraph) -> Keys:
        """The assets that are meant.

        Raises:
            InvalidSubsetError: one is named that is not there, or a source.
        """

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """The checks that are meant: those of the assets, unless something else is said."""
        return graph.checks_of(self.resolve(graph))

    def resolve_observed(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        """The sources that are to be looked at; only those that are selected by themselves."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Everything(Meaning):
    """All assets."""

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        return frozenset(graph.assets_by_key)

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """See Meaning.resolve_checks."""
        return frozenset(graph.checks_by_key)  # those of sources too


@dataclass(frozen=True, slots=True)
class Named(Meaning):
    """Assets with these keys."""

    selected: tuple[AssetKey, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        for key in self.selected:
            if key not in graph.assets_by_key:
                raise _unknown(graph, key)
        return frozenset(self.selected)


@dataclass(frozen=True, slots=True)
class InGroups(Meaning):
    """Assets in these groups."""

    names: tuple[str, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        return frozenset(key for key in graph.assets_by_key if graph.group_of(key) in self.names)


@dataclass(frozen=True, slots=True)
class Sharing(Meaning):
    """Assets with something in common."""

    what: str
    values: tuple[str, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        return frozenset(key for key, asset in graph.assets_by_key.items() if self._fits(key, asset))

    def _fits(self, key: AssetKey, asset: AssetsDefinition) -> bool:
        labels = asset.labels(key)
        name = key.to_user_string()
        if self.what == "prefix":
            return any(name == prefix or name.startswith(f"{prefix}/") for prefix in self.values)
        if self.what == "pattern":
            return fnmatchcase(name, self.values[0])
        if self.what == "substring":
            return self.values[0] in name
        if self.what == "tag":
            return labels.tags.get(self.values[0]) == self.values[1]
        if self.what == "owner":
            return self.values[0] in labels.owners
        kinds = labels.kinds | {op.tags[KIND_TAG] for op in asset.ops if KIND_TAG in op.tags}
        return self.values[0] in kinds if self.values else not kinds


@dataclass(frozen=True, slots=True)
class OfChecks(Meaning):
    """These checks, without their assets."""

    selected: tuple[AssetCheckKey, ...]

    def resolve(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        """See Meaning.resolve."""
        return frozenset()

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """See Meaning.resolve_checks."""
        for key in self.selected:
            if key not in graph.checks_by_key:
                known = ", ".join(str(one) for one in graph.checks_of([key.asset_key])) or "none"
                raise InvalidSubsetError(f"there is no check {key}", fix=f"checks of this asset: {known}")
        return frozenset(self.selected)


@dataclass(frozen=True, slots=True)
class Observed(Meaning):
    """Sources that are to be looked at."""

    selected: tuple[AssetKey, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        for key in self.selected:
            if key not in graph.observations_by_key:
                raise _unknown(graph, key)
        return frozenset()

    def resolve_checks(self, graph: AssetGraph) -> Checks:  # noqa: ARG002
        """See Meaning.resolve_checks."""
        return frozenset()

    def resolve_observed(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        """See Meaning.resolve_observed."""
        return frozenset(self.selected)


@dataclass(frozen=True, slots=True)
class OnlyChecks(Meaning):
    """The checks of what is meant, without the assets."""

    child: Meaning

    def resolve(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        """See Meaning.resolve."""
        return frozenset()

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """See Meaning.resolve_checks."""
        return self.child.resolve_checks(graph)


@dataclass(frozen=True, slots=True)
class WithoutChecks(Meaning):
    """What is meant, without its checks."""

    child: Meaning

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        return self.child.resolve(graph)

    def resolve_checks(self, graph: AssetGraph) -> Checks:  # noqa: ARG002
        """See Meaning.resolve_checks."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class AnyOf(Meaning):
    """What any of these means."""

    children: tuple[Meaning, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        return frozenset(key for child in self.children for key in child.resolve(graph))

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """See Meaning.resolve_checks."""
        return frozenset(key for child in self.children for key in child.resolve_checks(graph))

    def resolve_observed(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve_observed."""
        return frozenset(key for child in self.children for key in child.resolve_observed(graph))


@dataclass(frozen=True, slots=True)
class Walk(Meaning):
    """What is meant, with what can be reached from it."""

    child: Meaning
    up: bool
    depth: int | None
    include_self: bool

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        start = self.child.resolve(graph)
        seen = reach(start, graph.upstream if self.up else graph.downstream, self.depth)
        return frozenset(seen if self.include_self else seen - start)


@dataclass(frozen=True, slots=True)
class SourcesOf(Meaning):
    """The sources that are read to make what is meant."""

    child: Meaning

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        needed = {key for made in self.child.resolve(graph) for key in graph.asset_deps(made)}
        return frozenset(needed & graph.sources_by_key.keys())

    def resolve_checks(self, graph: AssetGraph) -> Checks:  # noqa: ARG002
        """See Meaning.resolve_checks."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Ends(Meaning):
    """What has nothing above it, or nothing below, within what is meant."""

    child: Meaning
    first: bool

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        keys = self.child.resolve(graph)
        near = graph.upstream if self.first else graph.downstream
        return frozenset(key for key in keys if not near(key) & keys)


@dataclass(frozen=True, slots=True)
class Both(Meaning):
    """What both mean, or only the left one."""

    operator: str
    left: Meaning
    right: Meaning

    def resolve(self, graph: AssetGraph) -> Keys:
        """See Meaning.resolve."""
        left, right = self.left.resolve(graph), self.right.resolve(graph)
        return left & right if self.operator == "&" else left - right

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """See Meaning.resolve_checks."""
        left, right = self.left.resolve_checks(graph), self.right.resolve_checks(graph)
        return left & right if self.operator == "&" else left - right


def reach(
    start: Iterable[AssetKey], near: Callable[[AssetKey], set[AssetKey]], depth: int | None = None
) -> set[AssetKey]:
    """Everything that can be reached in at most `depth` steps, with the start itself."""
    seen = set(start)
    edge = set(seen)
    while edge and (depth is None or depth > 0):
        edge = {found for key in edge for found in near(key)} - seen
        seen |= edge
        depth = None if depth is None else depth - 1
    return seen


def _unknown(graph: AssetGraph, key: AssetKey) -> InvalidSubsetError:
    name = key.to_user_string()
    if key in graph.sources_by_key:
        return InvalidSubsetError(
            f"AssetKey(s) {{{key!r}}} were selected, but these keys are supplied by SourceAsset objects, "
            "not AssetsDefinition objects",
            where=str(graph.sources_by_key[key].location),
            fix=f"select the assets that read it; {name} itself is made elsewhere",
        )
    near = graph.near(name)
    known = sorted(one.to_user_string() for one in graph.assets_by_key)
    some = f"{', '.join(known[:_MOST_NAMED])}{', ...' * (len(known) > _MOST_NAMED)}" if known else "none"
    hint = f"did you mean {' or '.join(near)}?" if near else f"the assets are: {some}"
    return InvalidSubsetError(
        f"AssetKey(s) {{{key!r}}} were selected, but no AssetsDefinition objects supply these keys", fix=hint
    )
