"""Definitions that are sent along with a run, thousands at once."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

C = TypeVar("C", bound=type)


def travels(kind: C) -> C:
    """Give a frozen dataclass with slots a state that is taken and set at once.

    The state that `dataclasses` gives it looks the fields up by name each time, which was half of what sending the
    code of a thousand assets took.
    """
    names = tuple(field.name for field in fields(kind))
    assert len(names) > 1, "attrgetter gives no tuple for a single name"
    put = object.__setattr__

    def set_state(self: Any, state: tuple[Any, ...]) -> None:
        for name, value in zip(names, state, strict=True):
            put(self, name, value)

    kind.__getstate__ = _getter(attrgetter(*names))  # type: ignore[method-assign]
    kind.__setstate__ = set_state  # type: ignore[attr-defined]
    return kind


def _getter(get: attrgetter[tuple[Any, ...]]) -> Any:
    return lambda self: get(self)
