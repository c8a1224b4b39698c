"""Selections of assets that can be combined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.checks import AssetCheckKey, AssetCheckSpec
from assetflow.definitions.names import CoercibleToPrefix, read_prefix
from assetflow.definitions.source_asset import SourceAsset
from assetflow.errors import CheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.meaning import (
    AnyOf,
    Both,
    Checks,
    Ends,
    Everything,
    InGroups,
    Keys,
    Meaning,
    Named,
    Observed,
    OfChecks,
    OnlyChecks,
    Sharing,
    SourcesOf,
    Walk,
    WithoutChecks,
)


@dataclass(frozen=True, slots=True)
class AssetSelection:
    """Says which assets are meant, before it is known which there are.

    Combine with ``|``, ``&`` and ``-``.
    """

    meaning: Meaning

    def __str__(self) -> str:
        return _words(self.meaning)

    def resolve(self, all_assets: AssetGraph | Definitions | Iterable[Any]) -> Keys:
        """The assets that are meant.

        Args:
            all_assets: where they are looked for: a list of assets and sources, or Definitions; what they need may
                be missing.

        Raises:
            InvalidSubsetError: it names an asset that is not there, or a source.
        """
        return self.meaning.resolve(_graph_of(all_assets))

    def resolve_checks(self, all_assets: AssetGraph | Definitions | Iterable[Any]) -> Checks:
        """The checks that are meant: those of the assets, unless the selection says something else."""
        return self.meaning.resolve_checks(_graph_of(all_assets))

    @staticmethod
    def all() -> AssetSelection:
        """Every asset; no sources."""
        return AssetSelection(Everything())

    @staticmethod
    def keys(*keys: CoercibleToAssetKey) -> AssetSelection:
        """These assets; a str is split at "/"."""
        return AssetSelection(Named(tuple(_read_key(key) for key in keys)))

    @staticmethod
    def assets(*definitions: AssetsDefinition) -> AssetSelection:
        """Everything these definitions make."""
        for definition in definitions:
            if not isinstance(definition, AssetsDefinition):
                raise CheckError(f"AssetSelection.assets takes assets, not {type(definition).__name__}: {definition!r}")
        return AssetSelection(Named(tuple(sorted(key for definition in definitions for key in definition.keys))))

    @staticmethod
    def union(selections: Iterable[AssetSelection]) -> AssetSelection:
        """Everything that any of these means; none of them means nothing."""
        return AssetSelection(AnyOf(tuple(_meant(selection) for selection in selections)))

    @staticmethod
    def groups(*names: str) -> AssetSelection:
        """Everything in these groups; a group that does not exist is empty."""
        return AssetSelection(InGroups(tuple(_text(name, "groups") for name in names)))

    @staticmethod
    def key_prefixes(*prefixes: CoercibleToPrefix) -> AssetSelection:
        """Everything whose key begins with one of these; a str is split at "/"."""
        return AssetSelection(Sharing("prefix", tuple("/".join(read_prefix(prefix)) for prefix in prefixes)))

    @staticmethod
    def key_substring(text: str) -> AssetSelection:
        """Everything in whose key, written with "/", this text is."""
        return AssetSelection(Sharing("substring", (_text(text, "key_substring"),)))

    @staticmethod
    def key_pattern(pattern: str) -> AssetSelection:
        """Everything whose key, written with "/", fits a pattern in which ``*`` stands for any text."""
        return AssetSelection(Sharing("pattern", (_text(pattern, "key_pattern"),)))

    @staticmethod
    def tag(key: str, value: str = "") -> AssetSelection:
        """Everything with this tag of this value."""
        return AssetSelection(Sharing("tag", (_text(key, "tag"), _text(value, "tag"))))

    @staticmethod
    def owner(owner: str) -> AssetSelection:
        """Everything that belongs to this owner."""
        return AssetSelection(Sharing("owner", (_text(owner, "owner"),)))

    @staticmethod
    def kind(kind: str | None) -> AssetSelection:
        """Everything of this kind; None for what has no kind."""
        return AssetSelection(Sharing("kind", () if kind is None else (_text(kind, "kind"),)))

    @staticmethod
    def checks(*checks: Any) -> AssetSelection:
        """These checks, from ``asset_check`` or as AssetCheckKey, without their assets."""
        return AssetSelection(OfChecks(tuple(key for check in checks for key in _check_keys(check))))

    @staticmethod
    def checks_for_assets(*definitions: AssetsDefinition) -> AssetSelection:
        """All checks of these assets, without the assets."""
        return AssetSelection(OnlyChecks(AssetSelection.assets(*definitions).meaning))

    @staticmethod
    def all_asset_checks() -> AssetSelection:
        """All checks, without any asset."""
        return AssetSelection(OnlyChecks(Everything()))

    @staticmethod
    def from_string(text: str) -> AssetSelection:
        """The selection that a text means; see `parse_selection`."""
        return import_module("assetflow.lineage.syntax").parse_selection(_text(text, "from_string"))  # type: ignore[no-any-return]

    def without_checks(self) -> AssetSelection:
        """The same assets, without their checks."""
        return AssetSelection(WithoutChecks(self.meaning))

    def materializable(self) -> AssetSelection:
        """Those that can be materialized: all that a selection can mean."""
        return self

    def roots(self) -> AssetSelection:
        """Those that need no other of the selection; another name of `sources`."""
        return self.sources()

    def upstream_source_assets(self) -> AssetSelection:
        """The sources that these assets read; they can be looked at, not materialized."""
        return AssetSelection(SourcesOf(self.meaning))

    def upstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """What these assets need, up to so many steps away."""
        return AssetSelection(Walk(self.meaning, True, _levels(depth), include_self))

    def downstream(self, depth: int | None = None, include_self: bool = True) -> AssetSelection:
        """What needs these assets, up to so many steps away."""
        return AssetSelection(Walk(self.meaning, False, _levels(depth), include_self))

    def sinks(self) -> AssetSelection:
        """Those that no other of the selection needs."""
        return AssetSelection(Ends(self.meaning, False))

    def sources(self) -> AssetSelection:
        """Those that need no other of the selection."""
        return AssetSelection(Ends(self.meaning, True))

    def __or__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(AnyOf((self.meaning, _meant(other))))

    def __and__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(Both("&", self.meaning, _meant(other)))

    def __sub__(self, other: AssetSelection) -> AssetSelection:
        return AssetSelection(Both("-", self.meaning, _meant(other)))


def _words(meaning: Meaning) -> str:
    """What is meant, as it could be typed, where that is short."""
    match meaning:
        case Everything():
            return "*"
        case Named(selected):
            return " ".join(key.to_user_string() for key in selected)
        case InGroups(names):
            return " ".join(f"group:{name}" for name in names)
        case AnyOf(children):
            return " ".join(map(_words, children))
        case Sharing("tag" | "owner" | "kind" as what, values) if values:
            return f"{what}:{'='.join(value for value in values if value)}"
        case _:
            return repr(meaning)


def _read_key(key: CoercibleToAssetKey) -> AssetKey:
    return AssetKey.from_user_string(key) if isinstance(key, str) else AssetKey.from_coercible(key)


def _meant(other: object) -> Meaning:
    if not isinstance(other, AssetSelection):
        raise CheckError(f"a selection can be combined with a selection only, not with {type(other).__name__}")
    return other.meaning


def _graph_of(all_assets: AssetGraph | Definitions | Iterable[Any]) -> AssetGraph:
    if isinstance(all_assets, AssetGraph):
        return all_assets
    found = all_assets if isinstance(all_assets, Definitions) else Definitions(assets=all_assets)
    return AssetGraph.build(found.assets, found.source_assets, may_dangle=True)


def _text(value: object, method: str) -> str:
    if not isinstance(value, str):
        raise CheckError(f"AssetSelection.{method} takes text, not {type(value).__name__}: {value!r}")
    return value


def _levels(depth: object) -> int | None:
    if depth is None or (isinstance(depth, int) and not isinstance(depth, bool) and depth >= 0):
        return depth
    raise CheckError(f"depth is how many levels to go, 0 or more, or None for all of them; not {depth!r}")


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
        return AssetSelection(Observed((item.key,)))
    if isinstance(item, SourceAsset | AssetSpec):
        return AssetSelection.keys(item.key)
    raise CheckError(f"a selection is made of text, AssetKey, assets or AssetSelection, not {type(item).__name__}")
