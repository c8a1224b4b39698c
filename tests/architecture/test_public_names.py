"""The front door: every public name works, and is the thing it is called."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import assetflow
from assetflow import errors

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", assetflow.__all__)
def test_a_public_name_can_be_imported(name):
    assert getattr(assetflow, name) is not None
    assert name in dir(assetflow)


@pytest.mark.parametrize("name", assetflow.__all__)
def test_a_public_name_is_explained(name):
    value = getattr(assetflow, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value), f"{name} has no docstring"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        assetflow.no_such_name  # noqa: B018


def test_no_room_takes_the_name_of_something_public():
    rooms = {path.parent.name for path in (ROOT / "assetflow").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "assetflow").glob("*.py")}
    assert not (rooms | modules) & set(assetflow.__all__)


def test_no_public_name_is_listed_twice():
    assert len(assetflow.__all__) == len(set(assetflow.__all__))


def test_type_checkers_see_every_public_name_from_the_same_place():
    tree = ast.parse((ROOT / "assetflow" / "__init__.pyi").read_text(encoding="utf-8"))
    seen = {
        alias.name: statement.module
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        if alias.asname == alias.name
    }
    assert seen == assetflow._HOMES


def error_classes() -> dict[str, type]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == errors.__name__
    }


def tree_of_errors() -> dict[str, str | None]:
    """Name to parent, as drawn at the top of errors.py."""
    drawn: dict[str, str | None] = {}
    path: list[tuple[int, str]] = []
    for line in str(errors.__doc__).splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        if name not in error_classes():
            continue
        depth = len(line) - len(line.lstrip(" │├└─"))
        while path and path[-1][0] >= depth:
            path.pop()
        drawn[name] = path[-1][1] if path else None
        path.append((depth, name))
    return drawn


def test_the_tree_of_errors_draws_every_error_once_under_its_parent():
    drawn = tree_of_errors()
    assert set(drawn) == set(error_classes())
    for name, parent in drawn.items():
        expected = error_classes()[name].__bases__[0]
        assert parent == (expected.__name__ if expected is not Exception else None), name


def test_every_error_says_what_it_is_for():
    assert [name for name, kind in error_classes().items() if not kind.__doc__] == []
