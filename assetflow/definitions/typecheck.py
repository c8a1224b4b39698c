"""Checking values against annotations at the boundaries of a step."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_UNION = (typing.Union, types.UnionType)
_CONTAINERS = (list, set, frozenset, dict, tuple)


class Nothing:
    """The type of an input that only orders, and of an output that is not stored."""


@dataclass(frozen=True, slots=True)
class TypeCheck:
    """What a `DagsterType` says of a value.

    Attributes:
        success: whether it fits.
        description: why it does not.
        metadata: what else there is to say.
    """

    success: bool
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class DagsterType:
    """A type that is checked by a function, for what no Python type says.

    Args:
        type_check_fn: called with None, as there is no context, and the value; returns a bool or a `TypeCheck`.
        name: for errors.
        description: for people.
        typing_type: the Python type of such values, for IO managers.
    """

    __slots__ = ("description", "key", "type_check_fn", "typing_type")

    def __init__(
        self,
        type_check_fn: Callable[[Any, Any], bool | TypeCheck],
        name: str,
        description: str | None = None,
        typing_type: Any = Any,
    ) -> None:
        self.type_check_fn = type_check_fn
        self.key = name
        self.description = description
        self.typing_type = typing_type

    @property
    def display_name(self) -> str:
        """Its name."""
        return self.key

    def __repr__(self) -> str:
        return self.key


def as_dagster_type(annotation: Any) -> DagsterType:
    """An annotation as a type with a name."""
    if isinstance(annotation, DagsterType):
        return annotation
    if annotation is inspect.Parameter.empty:
        return DagsterType(lambda _context, _value: True, "Any")
    fits = annotation
    return DagsterType(lambda _context, value: _fits(value, fits), _name(annotation), typing_type=annotation)


def is_nothing(annotation: Any) -> bool:
    """Whether an annotation is `Nothing`."""
    return annotation is Nothing


def makes_nothing(annotation: Any) -> bool:
    """Whether what a function returns is not stored: annotated with None, or with `Nothing`."""
    return annotation is None or annotation is type(None) or annotation is Nothing


def check_value(value: Any, annotation: Any) -> str | None:
    """Why the value does not fit, or None if it does, or if this cannot be told.

    The items of lists, sets, dicts and tuples are checked too. An int is no float, and a bool is an int.
    """
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, DagsterType):
        return _asked(value, annotation)
    if _fits(value, annotation):
        return None
    expected = f"expected {_name(annotation)}"
    culprit = _culprit(value, annotation)
    if culprit is None:
        return f"{expected}, got {type(value).__name__}: {str(value)[:80]!r}"
    return f"{expected}, got a {type(value).__name__} that holds {type(culprit).__name__}: {str(culprit)[:80]!r}"


def _asked(value: Any, kind: DagsterType) -> str | None:
    answer = kind.type_check_fn(None, value)
    if not isinstance(answer, bool | TypeCheck):
        return f"the function of the type {kind} returned {answer!r}, neither a bool nor a TypeCheck"
    if answer is True or (isinstance(answer, TypeCheck) and answer.success):
        return None
    reason = answer.description if isinstance(answer, TypeCheck) and answer.description else f"got {str(value)[:80]!r}"
    return f"expected {kind}: {reason}"


def _fits(value: Any, annotation: Any) -> bool:
    if annotation is inspect.Parameter.empty or annotation is Any:
        return True
    if annotation is None or annotation is type(None):
        return value is None
    origin = typing.get_origin(annotation)
    if origin in _UNION:
        return any(_fits(value, option) for option in typing.get_args(annotation))
    if origin is typing.Annotated:
        return _fits(value, typing.get_args(annotation)[0])
    if origin is typing.Literal:
        return value in typing.get_args(annotation)
    kind = origin or annotation
    if not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return True
    try:
        fits = isinstance(value, kind)
    except TypeError:
        return True
    return fits and (origin not in _CONTAINERS or all(_fits(*pair) for pair in _items(value, annotation, origin)))


def _items(value: Any, annotation: Any, origin: Any) -> Iterator[tuple[Any, Any]]:
    """What a container holds, each with what its annotation says of it."""
    said = typing.get_args(annotation)
    if not said:
        return
    if origin is dict:
        for key, item in value.items():
            yield key, said[0]
            yield item, said[1]
    elif origin is not tuple or said[-1] is Ellipsis:
        for item in value:
            yield item, said[0]
    elif len(value) == len(said):
        yield from zip(value, said, strict=True)
    else:
        yield value, None  # of another length


def _culprit(value: Any, annotation: Any) -> Any:
    """The first thing in a container that does not fit; None if it is no container, or not because of an item."""
    origin = typing.get_origin(annotation)
    if origin in _UNION:
        inside = [_culprit(value, option) for option in typing.get_args(annotation)]
        return next((found for found in inside if found is not None), None)
    if origin not in _CONTAINERS or not isinstance(value, origin):
        return None
    return next(
        (item for item, said in _items(value, annotation, origin) if item is not value and not _fits(item, said)), None
    )


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
