"""What a look at the set-up has found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: what it is about: ``redis``, ``storage``, ``workers``, ...
        message: what was found, one sentence without secrets.
        fix: what to do about it; empty where nothing is wrong.
    """

    level: Level
    area: str
    message: str
    fix: str = ""


def fine(area: str, message: str) -> Finding:
    """Something is as it should be."""
    return Finding(level=Level.OK, area=area, message=message)


def warning(area: str, message: str, fix: str) -> Finding:
    """Something works, and may not tomorrow or elsewhere."""
    return Finding(level=Level.WARNING, area=area, message=message, fix=fix)


def problem(area: str, message: str, fix: str) -> Finding:
    """Something does not work, or runs are not safe."""
    return Finding(level=Level.PROBLEM, area=area, message=message, fix=fix)


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level among them; OK if there are none."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
