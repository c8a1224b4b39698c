"""Definitions that are sent along with a run, thousands at once.

Most of what sending them takes is done once for each object. So what belongs to one definition alone (its inputs, its
outputs, keys, the place in the code) goes along as plain tuples, and only the definition itself is an object to pickle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Form(Generic[T]):
    """How objects of a frozen dataclass with slots become tuples, and are made again of them.

    Args:
        kind: the class.

    Attributes:
        taken: the values of an object's fields, in their order.
    """

    def __init__(self, kind: type[T]) -> None:
        names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        assert len(names) > 1, "attrgetter gives no tuple for a single name"
        self.kind = kind
        self.taken = attrgetter(*names)
        self._puts = tuple(getattr(kind, name).__set__ for name in names)

    def made(self, state: Iterable[Any]) -> T:
        """An object with these values."""
        found = object.__new__(self.kind)
        for put, value in zip(self._puts, state, strict=True):
            put(found, value)
        return found
