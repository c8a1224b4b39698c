"""What the annotations of a model's fields allow."""

from __future__ import annotations

import enum
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel


def parts_of(annotation: Any) -> Iterator[Any]:
    """The classes an annotation allows, with unions taken apart."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Literal, list, dict, tuple, set) or not arguments:
        yield annotation
        return
    for argument in arguments:
        yield from parts_of(argument)


def takes_single(annotation: Any) -> bool:
    """Whether a text, a number or the like can stand here, and no dict."""
    parts = [part for part in parts_of(annotation) if part is not type(None)]
    if not parts or any(part is None or part is Any for part in parts):
        return False
    return not any(
        typing.get_origin(part) is dict or (isinstance(part, type) and issubclass(part, Mapping | BaseModel | dict))
        for part in parts
    )


def choices_of(annotation: Any) -> type[enum.Enum] | None:
    """The enumeration an annotation allows, None if there is none."""
    found = [part for part in parts_of(annotation) if isinstance(part, type) and issubclass(part, enum.Enum)]
    return found[0] if found else None


def text_of(annotation: Any) -> str:
    """An annotation as people write it."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
