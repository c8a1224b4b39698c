"""Checking the arguments of decorators where they are given, so that no later error has to explain them."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from assetflow.definitions.typecheck import DagsterType
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey


class Arguments:
    """Checks arguments, whose names are those of the keywords; None is always a way to leave one out.

    Args:
        whose: what the errors name, such as ``asset "sales"``.
        where: where it is defined.

    Raises:
        ParameterCheckError: by every method, if an argument is of another type.
    """

    __slots__ = ("_whose",)

    def __init__(self, whose: str, where: str | None = None) -> None:
        self._whose = f"{whose} ({where})" if where else whose

    def texts(self, **given: Any) -> None:
        """Each is a str."""
        for name, value in given.items():
            if value is not None and not isinstance(value, str):
                self.refuse(name, value, "a str")

    def flags(self, **given: Any) -> None:
        """Each is True or False."""
        for name, value in given.items():
            if not isinstance(value, bool):
                self.refuse(name, value, "True or False")

    def mappings(self, **given: Any) -> None:
        """Each is a dict whose keys are text."""
        for name, value in given.items():
            if value is None:
                continue
            if not isinstance(value, Mapping):
                self.refuse(name, value, "a dict")
            for key in value:
                if not isinstance(key, str):
                    self.refuse(f"a key in {name}", key, "a str")

    def labels(self, **given: Any) -> None:
        """Each is a dict of text to text."""
        self.mappings(**given)
        for name, value in given.items():
            for label, item in (value or {}).items():
                if not isinstance(item, str):
                    self.refuse(f"{label!r} in {name}", item, "a str")

    def sets(self, **given: Any) -> None:
        """Each is a set or a list, and no single item."""
        for name, value in given.items():
            if value is None:
                continue
            if isinstance(value, str | AssetKey):
                raise ParameterCheckError(f"{name} is a set, not a single one: {value!r} ({self._whose})")
            if isinstance(value, Mapping) or not isinstance(value, Iterable):
                self.refuse(name, value, "a set or a list")

    def names(self, **given: Any) -> None:
        """Each is a set or a list of text."""
        self.sets(**given)
        for name, value in given.items():
            for item in value or ():
                if not isinstance(item, str):
                    self.refuse(f"an item of {name}", item, "a str")

    def annotation(self, **given: Any) -> None:
        """Each can be what a value is checked against."""
        for name, value in given.items():
            plain = value is None or value is Any or isinstance(value, type | DagsterType | typing.TypeVar)
            if not plain and typing.get_origin(value) is None and not isinstance(value, typing.NewType):
                self.refuse(name, value, "a type")

    def refuse(self, name: str, value: Any, expected: str) -> NoReturn:
        """Say what an argument has to be instead."""
        raise ParameterCheckError(f"{name} of {self._whose} is {expected}, not {type(value).__name__}: {value!r:.200}")
