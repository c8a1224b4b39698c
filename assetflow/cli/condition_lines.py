"""A condition and what held of it, as lines for people, and for ``--json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from assetflow.automation.memory import DecisionNode
from assetflow.automation.subsets import Keys, Ranges

_RANGES_SHOWN = 3


def lines_of(node: DecisionNode, partition: str | None, keys: Sequence[str]) -> Iterator[Text]:
    """The tree of a condition, one line for each.

    Args:
        partition: the one that is asked about; None for all.
        keys: all partitions of the asset; none if it has none.
    """
    yield from _lines(node, partition, Keys(keys) if keys else None, 0, "")


def node_record(node: DecisionNode, partition: str | None, keys: Sequence[str]) -> dict[str, Any]:
    """The same as JSON."""
    every = Keys(keys) if keys else None
    found: dict[str, Any] = {
        "condition": node.name,
        "label": node.label or None,
        "of": node.of or None,
        "holds": _holds(node, partition, every) if partition is not None or every is None else None,
        "held": node.held_count,
        "candidates": node.candidate_count,
        "held_partitions": [list(one) for one in node.held if one != ("", "")],
    }
    return {**found, "parts": [node_record(part, None if part.of else partition, keys) for part in node.parts]}


def _lines(node: DecisionNode, partition: str | None, every: Keys | None, depth: int, role: str) -> Iterator[Text]:
    asked = partition if not node.of else None
    line = Text("  " * (depth + 1))
    if _was_asked(node, asked, every):
        holds = _holds(node, asked, every)
        line.append("✔ " if holds else "✘ ", style="green" if holds else "red")
    else:
        line.append("· ", style="dim")
    line.append(role, style="dim")
    if node.of:
        line.append(f"{node.of}: ", style="bold")
    parts = node.parts
    if node.name == "not" and not node.label and not parts[0].of:  # told together with what must not hold
        line.append("not ", style="dim")
        line.append(_called(parts[0]))
        parts = parts[0].parts
    else:
        line.append(_called(node))
    line.append(_counted(node, asked), style="dim")
    yield line
    roles = ("", "until ") if node.name == "since" and len(parts) == 2 else ("",) * len(parts)
    for part, told in zip(parts, roles, strict=True):
        yield from _lines(part, asked, every, depth + 1, told)


def _called(node: DecisionNode) -> str:
    return node.label or node.name


def _was_asked(node: DecisionNode, partition: str | None, every: Keys | None) -> bool:
    """Whether it was looked at at all: where one condition does not hold, those after it need not."""
    if partition is None or every is None or node.candidates is None:
        return node.candidate_count > 0
    return _is_in(partition, node.candidates, every)


def _holds(node: DecisionNode, partition: str | None, every: Keys | None) -> bool:
    if partition is None or every is None:
        return node.held_count > 0
    return _is_in(partition, node.held, every)


def _is_in(partition: str, ranges: Ranges, every: Keys) -> bool:
    place = every.places.get(partition, -1)
    return any(every.places.get(first, 0) <= place <= every.places.get(last, -1) for first, last in ranges)


def _counted(node: DecisionNode, partition: str | None) -> str:
    """How many, where there are several, and which."""
    named = [one for one in node.held if tuple(one) != ("", "")]
    if partition is not None or (node.candidate_count <= 1 and not named):
        return ""
    shown = ", ".join(first if first == last else f"{first}..{last}" for first, last in named[:_RANGES_SHOWN])
    more = ", …" if len(named) > _RANGES_SHOWN else ""
    return f"  {node.held_count:,} of {node.candidate_count:,}{f': {shown}{more}' if shown else ''}"
