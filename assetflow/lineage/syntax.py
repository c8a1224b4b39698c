"""Selections as text: ``+daily_sales``, ``raw/orders*``, ``group:marts and not owner:"team:web"``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from lark import Lark, Transformer, v_args
from lark.exceptions import UnexpectedInput

from assetflow.definitions.checks import AssetCheckKey
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidSubsetError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.meaning import Meaning
from assetflow.lineage.selection import AssetSelection, selection_of
from assetflow.partitions.partitions_definition import PartitionsDefinition

# A sign for "and what it needs" stands right before what it belongs to, one for "and what needs it" right after:
# so `a +b` means two things, and `a+b` none.
_GRAMMAR = r"""
    start: any
    ?any: all ((_OR | _COMMA)? all)*
    ?all: one (_AND one)*
    ?one: _NOT one -> without
        | UP? item DOWN? -> walk
    ?item: _STAR -> everything
        | "(" any ")"
        | _SINKS any ")" -> sinks
        | _ROOTS any ")" -> roots
        | (NAME | QUOTED) -> key
        | _KEY value -> key_or_pattern
        | _GROUP value -> group
        | _OWNER value -> owner
        | _KIND value -> kind
        | _TAG value (_EQUALS value)? -> tag
    value: QUOTED | WORD
    UP.5: /(?<![^\s,(])(\*\+*|\+\+*|\d+\+)(?=[\w"(.\/\[?-])/
    DOWN.5: /(?<=[\w")\].\/?-])(\+*\*|\++\d*)(?=[\s,)]|$)/
    _STAR.4: /\*(?=[\s,)]|$)/
    _AND.4: /and(?![\w.\/:-])/i
    _OR.4: /or(?![\w.\/:-])/i
    _NOT.4: /not(?![\w.\/:-])/i
    _SINKS.4: /sinks\(/
    _ROOTS.4: /roots\(/
    _KEY.4: /key:/
    _GROUP.4: /group:/
    _OWNER.4: /owner:/
    _KIND.4: /kind:/
    _TAG.4: /tag:/
    _EQUALS: "="
    _COMMA: ","
    NAME: /(?!(?i:and|or|not)(?![\w.\/:-]))[\w.\/\[\]?-]+/
    WORD: /[\w.\/@:-]+/
    QUOTED: /"[^"]+"/
    %ignore /\s+/
"""

_WORDS_BEFORE_PARENTHESES = frozenset({"sinks", "roots", "and", "or", "not"})


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
    return _in_order(graph, read_selection(selection).meaning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a selection means in one graph.

    Attributes:
        assets: in the order of definition.
        checks: those that go with them, and those that are selected by themselves.
        observed: sources that are to be looked at.
    """

    assets: list[AssetKey]
    checks: frozenset[AssetCheckKey]
    observed: frozenset[AssetKey]


def resolve_all(graph: AssetGraph, selection: Any) -> Chosen:
    """Everything that a selection means; see `resolve_selection`."""
    meant = read_selection(selection).meaning
    return Chosen(
        assets=_in_order(graph, meant),
        checks=meant.resolve_checks(graph),
        observed=meant.resolve_observed(graph),
    )


def resolve_job(graph: AssetGraph, name: str, selection: Any) -> Chosen:
    """What a job selects; InvalidSubsetError, with the job's name, if that is not there."""
    try:
        return resolve_all(graph, selection)
    except InvalidSubsetError as error:
        error.where = f'job "{name}"' + (f", {error.where}" if error.where else "")
        raise


def partitions_of_job(
    graph: AssetGraph, name: str, selection: Any, own: PartitionsDefinition | None = None
) -> set[PartitionsDefinition]:
    """In which ways the assets of a job are divided.

    Args:
        own: what the job itself says.
    """
    chosen = resolve_job(graph, name, selection).assets
    found = {graph.assets_by_key[key].partitions_def for key in chosen} | {own}
    return {one for one in found if one is not None}


def check_job(graph: AssetGraph, name: str, selection: Any, own: PartitionsDefinition | None) -> None:
    """Check what a job selects.

    Args:
        own: how the job itself says that its assets are divided.

    Raises:
        InvalidSubsetError: it selects what is not there.
        InvalidDefinitionError: its assets are divided in different ways.
    """
    found = partitions_of_job(graph, name, selection, own)
    if len(found) > 1:
        raise InvalidDefinitionError(
            "When an assets job contains multiple partitions assets, they must have the same partitions definitions",
            where=f'job "{name}": ' + "; ".join(sorted(map(str, found))),
            fix="make a job for each of them; submit(partitions=...) makes assets that are divided in different ways",
        )


def read_selection(selection: Any) -> AssetSelection:
    """What a selection says, before it is known which assets there are; see `resolve_selection`."""
    if selection is None:
        return AssetSelection.all()
    if isinstance(selection, str):
        return parse_selection(selection)
    if isinstance(selection, Iterable) and not isinstance(selection, AssetSelection | AssetCheckKey):
        return AssetSelection.union(read_selection("" if item is None else item) for item in selection)
    return selection_of(selection)


def _in_order(graph: AssetGraph, meant: Meaning) -> list[AssetKey]:
    chosen = meant.resolve(graph)
    return [key for key in graph.materializable_keys if key in chosen]


def parse_selection(text: str) -> AssetSelection:
    """The selection that a text means.

    ``a/b``, ``key:"a/b"``, ``key:"raw/*"`` (a pattern), ``group:g``, ``owner:o``, ``kind:k``, ``tag:t`` and
    ``tag:t=v`` mean assets, ``*`` all of them. ``+`` right before one adds what it needs, one level for each or
    ``2+``; ``*`` before it adds all of that; after it, what needs it. ``and``, ``or``, ``not``, parentheses,
    ``sinks(...)`` and ``roots(...)`` combine them; a comma or a blank is an ``or``.

    Raises:
        CheckError: it cannot be read.
    """
    if not text.strip():
        raise CheckError(f'Invalid selection string: "{text}" is empty; "*" means everything')
    _check_words(text)
    try:
        found: AssetSelection = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        shown = text.strip()
        place = error.column - (len(text) - len(text.lstrip())) if error.column > 0 else len(shown) + 1
        raise CheckError(
            f"Invalid selection string: {shown}\n  {shown}\n  {' ' * (place - 1)}^ cannot be read from here"
        ) from None
    return found


def _check_words(text: str) -> None:
    """Refuse what can be read, but as something else than it looks like; CheckError."""
    plain = re.sub(r'"[^"]*"', "_", text)
    for name in re.findall(r"(?<![\w.\/-])(\w+)\(", plain):
        if name.lower() not in _WORDS_BEFORE_PARENTHESES:
            raise CheckError(
                f"Invalid selection string: {text.strip()}\n  there is no function {name}; "
                "there are sinks(...) and roots(...)"
            )
    for start in re.findall(r"([\w.-][\w./-]*/)\*", plain):
        raise CheckError(
            f'Invalid selection string: {text.strip()}\n  "{start}" is no key; a pattern is written key:"{start}*"'
        )


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Meaning())


@v_args(inline=True)
class _Meaning(Transformer[Any, AssetSelection]):
    """What each part of the grammar means."""

    def start(self, found: AssetSelection) -> AssetSelection:
        return found

    def any(self, *found: AssetSelection) -> AssetSelection:
        return AssetSelection.union(found)

    def all(self, first: AssetSelection, *others: AssetSelection) -> AssetSelection:
        for other in others:
            first = first & other
        return first

    def without(self, found: AssetSelection) -> AssetSelection:
        return AssetSelection.all() - found

    def walk(self, *parts: Any) -> AssetSelection:
        [found] = [part for part in parts if isinstance(part, AssetSelection)]
        reached = [found]
        for sign in (part for part in parts if part is not found):
            depth = _depth(str(sign))
            reached.append(found.upstream(depth) if sign.type == "UP" else found.downstream(depth))
        return AssetSelection.union(reached) if len(reached) > 1 else found

    def everything(self) -> AssetSelection:
        return AssetSelection.all()

    def sinks(self, found: AssetSelection) -> AssetSelection:
        return found.sinks()

    def roots(self, found: AssetSelection) -> AssetSelection:
        return found.roots()

    def key(self, name: str) -> AssetSelection:
        return AssetSelection.keys(str(name).strip('"'))

    def key_or_pattern(self, name: str) -> AssetSelection:
        return AssetSelection.key_pattern(name) if "*" in name else AssetSelection.keys(name)

    def group(self, name: str) -> AssetSelection:
        return AssetSelection.groups(name)

    def owner(self, name: str) -> AssetSelection:
        return AssetSelection.owner(name)

    def kind(self, name: str) -> AssetSelection:
        return AssetSelection.kind(name)

    def tag(self, name: str, value: str = "") -> AssetSelection:
        return AssetSelection.tag(name, value)

    def value(self, text: str) -> str:
        return str(text).strip('"')


def _depth(sign: str) -> int | None:
    """How many levels a sign means; None for all of them."""
    if "*" in sign:
        return None
    digits = sign.strip("+")
    return int(digits) if digits else len(sign)
