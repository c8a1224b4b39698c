"""What a piece of config has to look like, and reading a given value by it."""

from __future__ import annotations

import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import singledispatch
from typing import Any, Final

from assetflow.config.document import written
from assetflow.errors import ConfigError, ConfigErrorReason, InvalidConfigDefinitionError


class _Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "<no default>"


MISSING: Final = _Missing.MISSING
"""Stands for a value that is not there, where None is a value."""


class Reading:
    """One reading of a config: what was found wrong so far, and where variables come from.

    Args:
        environ: what ``{"env": ...}`` is looked up in; None leaves these references as they are, which is how a
            config is checked where it is not going to be used.

    Attributes:
        errors: everything wrong, in the order of the document.
    """

    __slots__ = ("environ", "errors")

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self.environ = environ
        self.errors: list[ConfigError] = []

    def refuse(self, reason: ConfigErrorReason, at: str, message: str) -> None:
        """Note that something is wrong at a path."""
        self.errors.append(ConfigError(reason=reason, path=at, message=message))


class ConfigType(ABC):
    """The form of one piece of config."""

    @abstractmethod
    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """The value with defaults filled in and conversions done; what is wrong goes to the reading.

        Args:
            at: the path of the value, such as ``root:ops:sales:config``.
        """

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """A value that fits as it stands in a document; what cannot be written goes to the reading."""
        return written(value, at, reading)

    @abstractmethod
    def printed(self) -> str:
        """The form as text, such as ``{ n: Int }``."""

    @abstractmethod
    def sample(self) -> Any:
        """A small value that fits, to show what is expected."""

    def default(self) -> Any:
        """The value where none is given, as a user would write it; `MISSING` if one has to be given."""
        return MISSING

    def __repr__(self) -> str:
        return self.printed()


def refuse_none(kind: ConfigType, value: Any, at: str, reading: Reading) -> bool:
    """Whether the value is None, which then is noted as wrong."""
    if value is None:
        message = f'Value at path {at} must not be None. Expected "{kind.printed()}"'
        reading.refuse(ConfigErrorReason.RUNTIME_TYPE_MISMATCH, at, message)
    return value is None


@singledispatch
def config_type(given: Any) -> ConfigType:
    """What a user writes for a form: a ConfigType, a Python type, ``[T]``, or a dict of fields.

    Raises:
        InvalidConfigDefinitionError: it is none of these.
    """
    origin, arguments = typing.get_origin(given), typing.get_args(given)
    if origin is list and len(arguments) == 1:
        return config_type([arguments[0]])
    if origin is dict and len(arguments) == 2:
        return config_type({arguments[0]: arguments[1]})
    rest = [argument for argument in arguments if argument is not type(None)]
    if origin in (typing.Union, types.UnionType) and len(rest) == 1 < len(arguments):
        return config_type(OrNone(rest[0]))
    raise unusable(given)


class OrNone:
    """``Optional[...]``, on its way to the module that knows of values that may be None."""

    __slots__ = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner


@config_type.register
def _(given: ConfigType) -> ConfigType:
    return given


@contextmanager
def inside(part: str) -> Iterator[None]:
    """Reading a part of a schema: what is wrong in it is told with the path."""
    try:
        yield
    except InvalidConfigDefinitionError as error:
        raise error.below(part) from None


def unusable(given: Any) -> InvalidConfigDefinitionError:
    """The error for something that describes no config."""
    if isinstance(given, str | int | float):
        return InvalidConfigDefinitionError(
            f"this describes no config: {given!r}, a value and no type",
            fix=f"give its type: {type(given).__name__}; a default goes into Field({type(given).__name__}, "
            f"default_value={given!r})",
        )
    return InvalidConfigDefinitionError(
        f"this describes no config: {given!r}",
        fix="use int, float, bool, str, list, dict, Any, [T], a dict of fields, Field, Shape, Permissive, Selector, "
        "Enum, Noneable, Map, Array, StringSource and the like, or a Config class",
    )
