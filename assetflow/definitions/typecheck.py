"""Checking values against annotations at the boundaries of a step."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any

_UNION = (typing.Union, types.UnionType)


def check_value(value: Any, annotation: Any) -> str | None:
    """Why the value does not fit, or None if it does, or if this cannot be told.

    Containers are checked as such, not item by item. An int fits where a float is expected.
    """
    if _fits(value, annotation):
        return None
    return f"expected {_name(annotation)}, got {type(value).__name__}: {str(value)[:80]!r}"


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
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(kind, type) or getattr(kind, "_is_protocol", False):
        return True
    try:
        return isinstance(value, kind)
    except TypeError:
        return True


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
