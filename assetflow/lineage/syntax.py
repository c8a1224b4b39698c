"""Selections as text: ``+daily_sales``, ``raw/orders*``, ``group:marts``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from assetflow.definitions.checks import AssetCheckKey
from assetflow.errors import CheckError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.selection import AssetSelection, selection_of

_TERM = re.compile(r"(?P<up>\*|\++)?(?P<name>(?:key:|group:)?(?:\"[^\"]+\"|[\w./\[\]?-]+))(?P<down>\*|\++)?")
_SEPARATOR = re.compile(r"[,\s]+")


def resolve_selection(graph: AssetGraph, selection: Any) -> list[AssetKey]:
    """The assets that are meant, in the order of definition.

    Args:
        graph: where they are looked for.
        selection: None for all; text; a key, an asset, an AssetSelection; or a list of these, which means
            all of them together.

    Raises:
        CheckError: text that is no selection.
        InvalidSubsetError: an asset that is not there.
    """
    chosen = _read(selection).resolve(graph)
    return [key for key in graph.materializable_keys if key in chosen]


def resolve_with_checks(graph: AssetGraph, selection: Any) -> tuple[list[AssetKey], frozenset[AssetCheckKey]]:
    """The assets that are meant, in the order of definition, and the checks that go with them."""
    meant = _read(selection)
    chosen = meant.resolve(graph)
    return [key for key in graph.materializable_keys if key in chosen], meant.resolve_checks(graph)


def parse_selection(text: str) -> AssetSelection:
    """Terms separated by commas or blanks, all taken together.

    A term is a key (``a/b``), ``key:"a/b"``, ``group:name`` or ``*`` for everything; ``*`` or one ``+`` a
    level before it adds what it needs, after it what needs it.

    Raises:
        CheckError: it cannot be read.
    """
    terms = [term for term in _SEPARATOR.split(text.strip()) if term]
    if not terms:
        raise CheckError(f'Invalid selection string: "{text}" is empty; "*" means everything')
    return AssetSelection.union(_term(term) for term in terms)


def _read(selection: Any) -> AssetSelection:
    if selection is None:
        return AssetSelection.all()
    if isinstance(selection, str):
        return parse_selection(selection)
    if isinstance(selection, Iterable) and not isinstance(selection, AssetSelection | AssetCheckKey):
        return AssetSelection.union(_read("" if item is None else item) for item in selection)
    return selection_of(selection)


def _term(text: str) -> AssetSelection:
    if text == "*":
        return AssetSelection.all()
    match = _TERM.fullmatch(text)
    if match is None:
        raise CheckError(f"Invalid selection string: {text}")
    up, down = match["up"], match["down"]
    found = _named(match["name"])
    parts = [found]
    if up:
        parts.append(found.upstream(None if up == "*" else len(up)))
    if down:
        parts.append(found.downstream(None if down == "*" else len(down)))
    return AssetSelection.union(parts)


def _named(text: str) -> AssetSelection:
    if text.startswith("group:"):
        return AssetSelection.groups(text.removeprefix("group:").strip('"'))
    return AssetSelection.keys(AssetKey.from_user_string(text.removeprefix("key:").strip('"')))
