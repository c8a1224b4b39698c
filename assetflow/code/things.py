"""Objects that code refers to, described so that equal ones have equal descriptions in every process."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
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
_DEEPEST = 8
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
        is_opaque: nothing is known of it but its type.
    """

    text: str
    targets: tuple[Target, ...] = ()
    is_opaque: bool = False


def is_plain(value: Any) -> bool:
    """Whether it is a value, and nothing that is called."""
    return isinstance(value, (*_PLAIN, *_TOLD, tuple, list, dict, set, frozenset, Enum))


def describe(value: Any) -> Thing:
    """What an object is."""
    targets: dict[Target, None] = {}
    text = _text(value, targets, ())
    return Thing(text, tuple(targets), text.startswith("<"))


def _text(value: Any, targets: dict[Target, None], above: tuple[int, ...]) -> str:
    if isinstance(value, _TOLD) or (isinstance(value, _PLAIN) and not isinstance(value, Enum)):
        return f"{type(value).__name__} {value!r}"
    if id(value) in above or len(above) > _DEEPEST:
        return "again"
    inside = (*above, id(value))

    def one(item: Any) -> str:
        return _text(item, targets, inside)

    if isinstance(value, FunctionType):
        return _function(value, targets, one)
    if isinstance(value, type):
        return _class(value, targets)
    if isinstance(value, Enum):
        return f"{_class(type(value), targets)} {value.name}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} [{', '.join(map(one, value))}]"
    if isinstance(value, set | frozenset):
        return f"set {{{', '.join(sorted(map(one, value)))}}}"
    if isinstance(value, dict):
        return f"dict {{{', '.join(f'{one(key)}: {one(item)}' for key, item in value.items())}}}"
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    called = [one(item) for item in _called(value)]
    if called:
        return f"{type(value).__qualname__} ({', '.join(called)})"
    return _instance(value, targets, one)


def _function(function: FunctionType, targets: dict[Target, None], one: Callable[[Any], str]) -> str:
    """Its name, and what it was made with; its code is a target, if it is of the project."""
    if is_own(function.__code__.co_filename):
        targets[Code(function.__code__, Around(function.__globals__))] = None
        for annotation in function.__annotations__.values():
            for kind in _classes_in(annotation, function.__globals__):
                _class(kind, targets)
    made_with = [one(item) for item in function.__defaults__ or ()]
    made_with += [f"{name}={one(item)}" for name, item in (function.__kwdefaults__ or {}).items()]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            made_with.append(f"{name}: {one(cell.cell_contents)}")
        except ValueError:  # nothing is in it yet
            made_with.append(name)
    wrapped = getattr(function, "__wrapped__", None)
    made_with += [one(wrapped)] if wrapped is not None else []
    return f"{function.__qualname__} ({', '.join(made_with)})"


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


def _class(kind: type, targets: dict[Target, None]) -> str:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if kind.__module__ != "builtins" and (kind.__module__ == "__main__" or (file is not None and is_own(file))):
        targets[Kind(kind)] = None
        return f"class {kind.__qualname__}"
    return f"class {kind.__module__}.{kind.__qualname__}"


def _instance(value: Any, targets: dict[Target, None], one: Callable[[Any], str]) -> str:
    """An object of a class of the project with its attributes; of others, and of assetflow's own, what they carry."""
    kind = type(value)
    before = len(targets)
    text = _class(kind, targets)
    carried = kind.__module__.startswith("assetflow.") and callable(value)
    if len(targets) == before and Kind(kind) not in targets and not carried:
        return f"<{text}>"
    state = getattr(value, "__dict__", None) or {
        name: getattr(value, name) for name in getattr(kind, "__slots__", ()) if hasattr(value, name)
    }
    return f"{text} ({', '.join(f'{name}={one(item)}' for name, item in sorted(state.items()))})"
