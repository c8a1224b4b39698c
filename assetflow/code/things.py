"""Objects that code refers to, described so that equal ones have equal descriptions in every process."""

from __future__ import annotations

import re
import sys
from collections.abc import Hashable, Iterator, Mapping
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, Protocol, get_args
from uuid import UUID

from assetflow.code.sources import is_own
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.op import OpDefinition

_PLAIN = (int, float, complex, str, bytes, bytearray, bool, type(None), type(Ellipsis), range, slice)
_TOLD = (date, time, timedelta, tzinfo, Decimal, Fraction, UUID, PurePath, re.Pattern)  # by their repr
_MOST = 1000  # objects in one description
_NAME = re.compile(r"[A-Za-z_]\w*")


class Target(Hashable, Protocol):
    """Something of the project that is reached."""

    def __getitem__(self, place: int, /) -> Any: ...


class Around:
    """The global names that a function sees."""

    __slots__ = ("names",)

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Around) and self.names is other.names

    def __hash__(self) -> int:
        return id(self.names)


class Code(NamedTuple):
    """The code of a function."""

    code: CodeType
    around: Around


class Kind(NamedTuple):
    """A class."""

    kind: type


class Thing(NamedTuple):
    """An object.

    Attributes:
        text: what it is, as far as that does not stand in the code of the project.
        targets: the code of the project that it is made of.
    """

    text: str
    targets: tuple[Target, ...] = ()


def is_called(value: Any) -> bool:
    """Whether it is a function, a class, or stands for functions; all else is a value."""
    return isinstance(value, FunctionType | type) or any(True for _ in _called(value))


def describe(value: Any) -> Thing:
    """What an object is."""
    describing = _Describing()
    text = describing.text(value)
    return Thing(text, tuple(describing.targets))


class _Describing:
    """One description in the making.

    Attributes:
        targets: what was found of the project so far.
    """

    def __init__(self) -> None:
        self.targets: dict[Target, None] = {}
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # what is gone could leave its id to others

    def text(self, value: Any) -> str:
        """An object in words. One that was described before is told by its number; what is too much is left out."""
        if isinstance(value, _TOLD) or (isinstance(value, _PLAIN) and not isinstance(value, Enum)):
            return f"{type(value).__name__} {value!r}"
        if isinstance(value, Enum):
            return f"{self._class(type(value))} {value.name}"
        if isinstance(value, tuple):
            return f"tuple [{', '.join(map(self.text, value))}]"
        if isinstance(value, frozenset):
            return f"set {{{', '.join(sorted(map(self.text, value)))}}}"
        if id(value) in self._seen:
            return f"again {self._seen[id(value)]}"
        if len(self._seen) >= _MOST:
            return "more"
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        return self._of_object(value)

    def _of_object(self, value: Any) -> str:
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, list):
            return f"list [{', '.join(map(self.text, value))}]"
        if isinstance(value, set):
            return f"set {{{', '.join(sorted(map(self.text, value)))}}}"
        if isinstance(value, dict):
            return f"dict {{{', '.join(f'{self.text(key)}: {self.text(item)}' for key, item in value.items())}}}"
        if isinstance(value, ModuleType):
            return f"module {value.__name__}"
        called = [self.text(item) for item in _called(value)]
        return f"{type(value).__qualname__} ({', '.join(called)})" if called else self._instance(value)

    def _function(self, function: FunctionType) -> str:
        """Its name, and what it was made with; its code is a target, if it is of the project."""
        if is_own(function.__code__.co_filename):
            self.targets[Code(function.__code__, Around(function.__globals__))] = None
            for annotation in function.__annotations__.values():
                for kind in _classes_in(annotation, function.__globals__):
                    self._class(kind)
        made_with = [self.text(item) for item in function.__defaults__ or ()]
        made_with += [f"{name}={self.text(item)}" for name, item in (function.__kwdefaults__ or {}).items()]
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                made_with.append(f"{name}: {self.text(cell.cell_contents)}")
            except ValueError:  # nothing is in it yet
                made_with.append(name)
        wrapped = getattr(function, "__wrapped__", None)
        made_with += [self.text(wrapped)] if wrapped is not None else []
        return f"{function.__qualname__} ({', '.join(made_with)})"

    def _class(self, kind: type) -> str:
        if _is_own_class(kind):
            self.targets[Kind(kind)] = None
            return f"class {kind.__qualname__}"
        return f"class {kind.__module__}.{kind.__qualname__}"

    def _instance(self, value: Any) -> str:
        """An object of a class of the project, or a function of assetflow's own making, with its attributes."""
        kind = type(value)
        text = self._class(kind)
        if not _is_own_class(kind) and not (kind.__module__.startswith("assetflow.") and callable(value)):
            return text
        state = getattr(value, "__dict__", None) or {
            name: getattr(value, name) for name in getattr(kind, "__slots__", ()) if hasattr(value, name)
        }
        return f"{text} ({', '.join(f'{name}={self.text(item)}' for name, item in sorted(state.items()))})"


def _is_own_class(kind: type) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return kind.__module__ == "__main__" or (file is not None and is_own(file))


def _classes_in(annotation: Any, names: Mapping[str, Any]) -> Iterator[type]:
    """The classes that an annotation names, such as that of a config."""
    if isinstance(annotation, type):
        yield annotation
    elif isinstance(annotation, str):
        meant = (names.get(name) for name in _NAME.findall(annotation))
        yield from (one for one in meant if isinstance(one, type))
    for part in get_args(annotation):
        yield from _classes_in(part, names)


def _called(value: Any) -> Iterator[Any]:
    """The functions behind something that is called in their place, and what they are given."""
    if isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, staticmethod | classmethod):
        yield value.__func__
    elif isinstance(value, property):
        yield from (one for one in (value.fget, value.fset, value.fdel) if one is not None)
    elif isinstance(value, OpDefinition):
        yield value.compute_fn
    elif isinstance(value, AssetsDefinition):
        yield from (op.compute_fn for op in value.ops)
    else:
        for name in ("__wrapped__", "py_func", "func"):
            inner = getattr(value, name, None)
            if isinstance(inner, FunctionType | MethodType | partial):
                yield inner
                return
