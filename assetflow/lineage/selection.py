"""Selections of assets that can be combined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey, AssetCheckSpec
from assetflow.definitions.names import CoercibleToPrefix, read_prefix
from assetflow.definitions.op import KIND_TAG
from assetflow.definitions.source_asset import SourceAsset
from assetflow.errors import CheckError, InvalidSubsetError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.lineage.asset_graph import AssetGraph

Keys = frozenset[AssetKey]
Checks = frozenset[AssetCheckKey]


class AssetSelection(ABC):
    """Says which assets are meant, before it is known which there are.

    Combine with ``|``, ``&`` and ``-``.
    """

    @abstractmethod
    def resolve(self, graph: AssetGraph) -> Keys:
        """The assets of this graph that are meant.

        Raises:
            InvalidSubsetError: it names an asset that is not there, or a source.
        """

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        """The checks that are meant: those of the assets, unless the selection says something else."""
        return graph.checks_of(self.resolve(graph))

    def resolve_observed(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        """The sources that are to be looked at; only those that are selected by themselves."""
        return frozenset()

    @staticmethod
    def all() -> AssetSelection:
        """Every asset; no sources."""
        return _All()

    @staticmethod
    def keys(*keys: CoercibleToAssetKey) -> AssetSelection:
        """These assets; a str is split at "/"."""
        return _Keys(tuple(_read_key(key) for key in keys))

    @staticmethod
    def assets(*definitions: AssetsDefinition) -> AssetSelection:
        """Everything these definitions make."""
        for definition in definitions:
            if not isinstance(definition, AssetsDefinition):
                raise CheckError(f"AssetSelection.assets takes assets, not {type(definition).__name__}: {definition!r}")
        return _Keys(tuple(sorted(key for definition in definitions for key in definition.keys)))

    @staticmethod
    def union(selections: Iterable[AssetSelection]) -> AssetSelection:
        """Everything that any of these means; none of them means nothing."""
        return _Union(tuple(_checked(selection) for selection in selections))

    @staticmethod
    def groups(*names: str) -> AssetSelection:
        """Everything in these groups; a group that does not exist is empty."""
        for name in names:
            if not isinstance(name, str):
                raise CheckError(f"AssetSelection.groups takes names of groups, not {type(name).__name__}: {name!r}")
        return _Groups(names)

    @staticmethod
    def key_prefixes(*prefixes: CoercibleToPrefix) -> AssetSelection:
        """Everything whose key begins with one of these; a str is split at "/"."""
        return _Filter("prefix", tuple("/".join(read_prefix(prefix)) for prefix in prefixes))

    @staticmethod
    def key_substring(text: str) -> AssetSelection:
        """Everything in whose key, written with "/", this text is."""
        return _Filter("substring", (text,))

    @staticmethod
    def key_pattern(pattern: str) -> AssetSelection:
        """Everything whose key, written with "/", fits a pattern in which ``*`` stands for any text."""
        return _Filter("pattern", (pattern,))

    @staticmethod
    def tag(key: str, value: str = "") -> AssetSelection:
        """Everything with this tag of this value."""
        return _Filter("tag", (key, value))

    @staticmethod
    def owner(owner: str) -> AssetSelection:
        """Everything that belongs to this owner."""
        return _Filter("owner", (owner,))

    @staticmethod
    def kind(kind: str | None) -> AssetSelection:
        """Everything of this kind; None for what has no kind."""
        return _Filter("kind", () if kind is None else (kind,))

    @staticmethod
    def checks(*checks: Any) -> AssetSelection:
        """These checks, from ``asset_check`` or as AssetCheckKey, without their assets."""
        return _Checks(tuple(key for check in checks for key in _check_keys(check)))

    @staticmethod
    def checks_for_assets(*definitions: AssetsDefinition) -> AssetSelection:
        """All checks of these assets, without the assets."""
        return _OnlyChecks(AssetSelection.assets(*definitions))

    @staticmethod
    def all_asset_checks() -> AssetSelection:
        """All checks, without any asset."""
        return _OnlyChecks(AssetSelection.all())

    @staticmethod
    def from_string(text: str) -> AssetSelection:
        """The selection that a text means; see `parse_selection`."""
        return import_module("assetflow.lineage.syntax").parse_selection(text)  # type: ignore[no-any-return]

    def without_checks(self) -> AssetSelection:
        """The same assets, without their checks."""
        return _WithoutChecks(self)

    def materializable(self) -> AssetSelection:
        """Those that can be materialized: all that a selection can mean."""
        return self

    def roots(self) -> AssetSelection:
        """Those that need no other of the selection; another name of `sources`."""
        return self.sources()

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """What these assets need, up to so many steps away."""
        return _Walk(self, True, depth, include_self)

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """What needs these assets, up to so many steps away."""
        return _Walk(self, False, depth, include_self)

    def sinks(self) -> AssetSelection:
        """Those that no other of the selection needs."""
        return _Ends(self, False)

    def sources(self) -> AssetSelection:
        """Those that need no other of the selection."""
        return _Ends(self, True)

    def __or__(self, other: AssetSelection) -> AssetSelection:
        return _Union((self, _checked(other)))

    def __and__(self, other: AssetSelection) -> AssetSelection:
        return _Both("&", self, _checked(other))

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        return _Both("-", self, _checked(other))


@dataclass(frozen=True, slots=True)
class _All(AssetSelection):
    def resolve(self, graph: AssetGraph) -> Keys:
        return frozenset(graph.assets_by_key)

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        return frozenset(graph.checks_by_key)  # those of sources too


@dataclass(frozen=True, slots=True)
class _Keys(AssetSelection):
    selected: tuple[AssetKey, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        for key in self.selected:
            if key not in graph.assets_by_key:
                raise _unknown(graph, key)
        return frozenset(self.selected)


@dataclass(frozen=True, slots=True)
class _Groups(AssetSelection):
    names: tuple[str, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        return frozenset(key for key in graph.assets_by_key if graph.group_of(key) in self.names)


@dataclass(frozen=True, slots=True)
class _Filter(AssetSelection):
    """Assets with something in common."""

    what: str
    values: tuple[str, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
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
class _Checks(AssetSelection):
    selected: tuple[AssetCheckKey, ...]

    def resolve(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        return frozenset()

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        for key in self.selected:
            if key not in graph.checks_by_key:
                known = ", ".join(str(one) for one in graph.checks_of([key.asset_key])) or "none"
                raise InvalidSubsetError(f"there is no check {key}", fix=f"checks of this asset: {known}")
        return frozenset(self.selected)


@dataclass(frozen=True, slots=True)
class _Observed(AssetSelection):
    """Sources that are to be looked at."""

    selected: tuple[AssetKey, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        for key in self.selected:
            if key not in graph.observations_by_key:
                raise _unknown(graph, key)
        return frozenset()

    def resolve_checks(self, graph: AssetGraph) -> Checks:  # noqa: ARG002
        return frozenset()

    def resolve_observed(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        return frozenset(self.selected)


@dataclass(frozen=True, slots=True)
class _OnlyChecks(AssetSelection):
    child: AssetSelection

    def resolve(self, graph: AssetGraph) -> Keys:  # noqa: ARG002
        return frozenset()

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        return self.child.resolve_checks(graph)


@dataclass(frozen=True, slots=True)
class _WithoutChecks(AssetSelection):
    child: AssetSelection

    def resolve(self, graph: AssetGraph) -> Keys:
        return self.child.resolve(graph)

    def resolve_checks(self, graph: AssetGraph) -> Checks:  # noqa: ARG002
        return frozenset()


@dataclass(frozen=True, slots=True)
class _Union(AssetSelection):
    children: tuple[AssetSelection, ...]

    def resolve(self, graph: AssetGraph) -> Keys:
        return frozenset(key for child in self.children for key in child.resolve(graph))

    def resolve_checks(self, graph: AssetGraph) -> Checks:
        return frozenset(key for child in self.children for key in child.resolve_checks(graph))

    def resolve_observed(self, graph: AssetGraph) -> Keys:
        return frozenset(key for child in self.children for key in child.resolve_observed(graph))


@dataclass(frozen=True, slots=True)
class _Walk(AssetSelection):
    child: AssetSelection
    up: bool
    depth: int | None
    include_self: bool

    def resolve(self, graph: AssetGraph) -> Keys:
        start = self.child.resolve(graph)
        seen = reach(start, graph.upstream if self.up else graph.downstream, self.depth)
        return frozenset(seen if self.include_self else seen - start)


@dataclass(frozen=True, slots=True)
class _Ends(AssetSelection):
    child: AssetSelection
    first: bool

    def resolve(self, graph: AssetGraph) -> Keys:
        keys = self.child.resolve(graph)
        near = graph.upstream if self.first else graph.downstream
        return frozenset(key for key in keys if not near(key) & keys)


@dataclass(frozen=True, slots=True)
class _Both(AssetSelection):
    operator: str
    left: AssetSelection
    right: AssetSelection

    def resolve(self, graph: AssetGraph) -> Keys:
        left, right = self.left.resolve(graph), self.right.resolve(graph)
        return left & right if self.operator == "&" else left - right

    def resolve_checks(self, graph: AssetGraph) -> Checks:
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
    hint = f"did you mean {' or '.join(near)}?" if near else "`assetflow assets list` shows the assets there are"
    return InvalidSubsetError(
        f"AssetKey(s) {{{key!r}}} were selected, but no AssetsDefinition objects supply these keys", fix=hint
    )


def _read_key(key: CoercibleToAssetKey) -> AssetKey:
    return AssetKey.from_user_string(key) if isinstance(key, str) else AssetKey.from_coercible(key)


def _checked(other: object) -> AssetSelection:
    if not isinstance(other, AssetSelection):
        raise CheckError(f"a selection can be combined with a selection only, not with {type(other).__name__}")
    return other


def _check_keys(check: Any) -> Iterable[AssetCheckKey]:
    if isinstance(check, AssetsDefinition):
        return sorted(check.check_keys)
    if isinstance(check, AssetCheckSpec):
        return [check.key]
    if isinstance(check, AssetCheckKey):
        return [check]
    raise CheckError(f"a check is what asset_check makes, or an AssetCheckKey, not {check!r}")


def selection_of(item: object) -> AssetSelection:
    """A key, an asset or a selection as a selection.

    Raises:
        CheckError: it is none of these.
    """
    if isinstance(item, AssetSelection):
        return item
    if isinstance(item, AssetKey):
        return AssetSelection.keys(item)
    if isinstance(item, AssetCheckKey):
        return AssetSelection.checks(item)
    if isinstance(item, AssetsDefinition):
        return AssetSelection.assets(item) if item.keys else AssetSelection.checks(item)
    if isinstance(item, SourceAsset) and item.is_observable:
        return _Observed((item.key,))
    if isinstance(item, SourceAsset | AssetSpec):
        return AssetSelection.keys(item.key)
    raise CheckError(f"a selection is made of text, AssetKey, assets or AssetSelection, not {type(item).__name__}")
