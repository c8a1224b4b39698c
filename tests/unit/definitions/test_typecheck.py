"""Checking values against annotations."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Dict, List, Literal, Optional, Protocol, Set, Tuple, TypedDict, TypeVar, Union  # noqa: UP035 (as users write them)

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
        (True, int),
        (2.5, float),
        (True, bool),
        (None, None),
        (None, type(None)),
        (None, Optional[int]),  # noqa: UP045
        ("x", Union[int, str]),  # noqa: UP007
        ("x", int | str),
        ([1, 2], list[int]),
        ([1, "mixed"], list),
        ([1, "mixed"], list[Any]),
        ([], List[int]),  # noqa: UP006
        ({"a": 1}, Dict[str, int]),  # noqa: UP006
        ((1, "a"), Tuple[int, str]),  # noqa: UP006
        ((1, 2, 3), tuple[int, ...]),
        ({1}, Set[int]),  # noqa: UP006
        ([[1], [None, 2]], list[list[int | None]]),
        (["a"], Iterable[int]),
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
        (1, float),
        (True, float),
        (1, bool),
        (["a"], List[int]),  # noqa: UP006
        ([1, "a"], list[int]),
        ({"a": "b"}, Dict[str, int]),  # noqa: UP006
        ({1: 1}, dict[str, int]),
        ((1, 2), Tuple[int, str]),  # noqa: UP006
        ((1, "a", 2), tuple[int, str]),
        ((1, "a"), tuple[int, ...]),
        ({"a"}, set[int]),
        (["a"], Optional[List[int]]),  # noqa: UP006, UP045
        ([[1], ["a"]], list[list[int]]),
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


def test_the_item_that_does_not_fit_is_shown():
    assert check_value([1, "a"], list[int]) == "expected list[int], got a list that holds str: 'a'"
    assert check_value((1,), tuple[int, str]) == "expected tuple[int, str], got tuple: '(1,)'"
