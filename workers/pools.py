"""The kinds of workers of an installation, as `pools.toml` tells them."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assetflow.errors import SettingsError
from assetflow.runs.limits import LARGEST_LIMIT

MOST = 1000  # workers of a kind, and steps that one runs at once
_NUMBERS = {
    "concurrency": (0, MOST),
    "min": (0, MOST),
    "max": (0, MOST),
    "clear_seconds": (1, 86_400),
    "calm_seconds": (0, 86_400),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerKind:
    """Workers that are alike.

    Attributes:
        queues: that each serves.
        concurrency: steps that one runs at once.
        min, max: how many there may be.
        clear_seconds: within which what is ready should be done.
        calm_seconds: for which fewer must have been enough before one is let go.
    """

    name: str
    queues: tuple[str, ...] = ("default",)
    concurrency: int = 1
    min: int = 1
    max: int = 1
    clear_seconds: float = 30.0
    calm_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """A whole file.

    Attributes:
        limits: of pools of steps, by name.
    """

    kinds: tuple[WorkerKind, ...]
    limits: Mapping[str, int] = field(default_factory=dict)

    def only(self, names: tuple[str, ...]) -> Pools:
        """The same with these kinds alone; all of them if no name is given.

        Raises:
            SettingsError: there is no such kind.
        """
        known = {kind.name: kind for kind in self.kinds}
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise SettingsError(
                    f"there are no workers {name!r}",
                    fix=f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}",
                )
        return Pools(kinds=tuple(known[name] for name in names) or self.kinds, limits=self.limits)


def read_pools(path: Path) -> Pools:
    """What a file says.

    Raises:
        SettingsError: it is not there, is no TOML, or says something that cannot be.
    """
    where = str(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", fix="name a file: --pools FILE") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"it is not valid TOML: {error}", where=where) from None
    _known(content, ("workers", "limits"), where)
    tables, limits = content.get("workers", {}), content.get("limits", {})
    if not isinstance(tables, dict) or not tables:
        raise SettingsError("it names no workers", where=where, fix='[workers.default] with queues = ["default"]')
    if not isinstance(limits, dict):
        raise SettingsError("limits is a table: pool = number", where=where)
    for pool, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= LARGEST_LIMIT:
            raise SettingsError(f"the limit of {pool} is a number from 1 on, not {limit!r}", where=f"{where}, [limits]")
    kinds = tuple(_kind(name, table, f"{where}, [workers.{name}]") for name, table in tables.items())
    return Pools(kinds=kinds, limits=limits)


def _kind(name: str, table: Any, where: str) -> WorkerKind:
    if not isinstance(table, dict):
        raise SettingsError(f"{name} is a table, not {table!r}", where=where)
    _known(table, ("queues", *_NUMBERS), where)
    queues = table.get("queues", ["default"])
    if not (isinstance(queues, list) and queues and all(isinstance(one, str) and one.strip() for one in queues)):
        raise SettingsError(f"queues is a list of names, not {queues!r}", where=where, fix='queues = ["default"]')
    numbers: dict[str, Any] = {}
    for key, (low, high) in _NUMBERS.items():
        if key not in table:
            continue
        value = table[key]
        whole = not key.endswith("_seconds")
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not low <= value <= high:
            raise SettingsError(f"{key} is a number from {low} to {high:,}, not {value!r}", where=where)
        numbers[key] = value
    numbers["concurrency"] = numbers.get("concurrency", 1) or os.cpu_count() or 1
    numbers.setdefault("max", max(1, numbers.get("min", 1)))
    found = WorkerKind(name=name, queues=tuple(queues), **numbers)
    if found.min > found.max or found.max < 1:
        raise SettingsError(f"min is {found.min} and max is {found.max}: there could never be any", where=where)
    return found


def _known(found: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            fix = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}"
            raise SettingsError(f"there is no setting {name!r}", where=where, fix=fix)
