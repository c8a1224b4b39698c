"""Checking values against annotations."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Optional, Protocol, TypedDict, TypeVar, Union

import pytest

from assetflow.definitions.typecheck import check_value

T = TypeVar("T")


class Shape(Protocol):
    area: float


class Row(TypedDict):
    n: int


class Animal:
    pass


class Cat(Animal):
    pass


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (3, int),
        (3, float),
        (2.5, float),
        (True, bool),
        (None, None),
        (None, type(None)),
        (None, Optional[int]),  # noqa: UP045
        ("x", Union[int, str]),  # noqa: UP007
        ("x", int | str),
        ([1, "mixed"], list[int]),
        ({"a": object()}, dict[str, int]),
        ({}, Mapping[str, int]),
        ([], Iterable),
        (Cat(), Animal),
        ("a", Literal["a", "b"]),
        (3, Annotated[int, "positive"]),
        (object(), Any),
        (object(), inspect.Parameter.empty),
        (object(), T),
        (object(), Shape),
        (object(), "not resolved"),
        ({"n": 1}, Row),
    ],
)
def test_what_fits_or_cannot_be_told_passes(value, annotation):
    assert check_value(value, annotation) is None


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ("3", int),
        (2.5, int),
        (True, int),
        (True, float),
        (1, bool),
        (3, None),
        (None, int),
        ("x", Optional[int]),  # noqa: UP045
        (None, int | str),
        ((1,), list[int]),
        ([], dict[str, int]),
        (Animal(), Cat),
        ("c", Literal["a", "b"]),
        ("3", Annotated[int, "positive"]),
    ],
)
def test_what_does_not_fit_is_refused(value, annotation):
    reason = check_value(value, annotation)
    assert reason is not None
    assert type(value).__name__ in reason


def test_the_reason_stays_short():
    reason = check_value("x" * 10_000, int)
    assert reason is not None
    assert len(reason) < 200
