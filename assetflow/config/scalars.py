"""Single values: numbers, texts, choices, and those that may come from the environment."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from assetflow.config.env_var import EnvVar, IntEnvVar, reference
from assetflow.config.schema import ConfigType, Reading, config_type, refuse_none, unusable
from assetflow.errors import CheckError, InvalidConfigDefinitionError
from assetflow.errors import ConfigErrorReason as Reason


class Scalar(ConfigType):
    """A number, a text or a truth value, of exactly this type; only an int may stand for a float."""

    __slots__ = ("_python", "_sample", "name")

    def __init__(self, name: str, python: type, sample: Any) -> None:
        self.name = name
        self._python = python
        self._sample = sample

    @property
    def python(self) -> type:
        """The type its values have in Python."""
        return self._python

    def fits(self, value: Any) -> bool:
        """Whether the value is one."""
        if isinstance(value, bool) and self._python is not bool:
            return False
        return isinstance(value, self._python) or (self._python is float and isinstance(value, int))

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        if refuse_none(self, value, at, reading):
            return None
        if isinstance(value, EnvVar | IntEnvVar):
            reading.refuse(
                Reason.RUNTIME_TYPE_MISMATCH,
                at,
                f"Value at path {at} is {value!r}, a variable of the environment, which {self.name} does not take. "
                f"Declare it as StringSource, IntSource or BoolSource.",
            )
            return None
        if not self.fits(value):
            kind = type(value).__name__
            reading.refuse(
                Reason.RUNTIME_TYPE_MISMATCH,
                at,
                f'Invalid scalar at path {at}. Value "{value}" of type "{kind}" is not valid for expected type '
                f'"{self.name}".',
            )
            return None
        if self._python is not float:
            return value
        try:
            return float(value)
        except OverflowError:
            reading.refuse(Reason.RUNTIME_TYPE_MISMATCH, at, f"Invalid scalar at path {at}. It is too large a number.")
            return None

    def printed(self) -> str:
        """See ConfigType."""
        return self.name

    def sample(self) -> Any:
        """See ConfigType."""
        return self._sample


class _Anything(ConfigType):
    """Every value, None too."""

    __slots__ = ()

    def read(self, value: Any, at: str, reading: Reading) -> Any:  # noqa: ARG002
        return value

    def printed(self) -> str:
        return "Any"

    def sample(self) -> Any:
        return "AnyType"


INT = Scalar("Int", int, 0)
FLOAT = Scalar("Float", float, 0.0)
BOOL = Scalar("Bool", bool, True)
STRING = Scalar("String", str, "...")
ANYTHING = _Anything()


class EnumValue:
    """One choice of an `Enum`.

    Args:
        config_value: how it is written.
        python_value: what code gets; by default the same text.
        description: for people.
    """

    __slots__ = ("config_value", "description", "python_value")

    def __init__(self, config_value: str, python_value: Any = None, description: str | None = None) -> None:
        if not isinstance(config_value, str):
            raise CheckError(f"an EnumValue is written as text, not {config_value!r}")
        self.config_value = config_value
        self.python_value = config_value if python_value is None else python_value
        self.description = description


class Enum(ConfigType):
    """One of some names.

    Args:
        name: of the choice, for messages.
        enum_values: the names, and what code gets for each.
    """

    __slots__ = ("_values", "name")

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        for item in enum_values:
            if not isinstance(item, EnumValue):
                raise CheckError(f"Enum takes a list of EnumValue, not {item!r}")
        names = [item.config_value for item in enum_values]
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice or not names:
            what = f"the value {', '.join(twice)} twice" if twice else "no value"
            raise InvalidConfigDefinitionError(f"the Enum {name} has {what}", fix="give each choice once")
        self.name = name
        self._values = {item.config_value: item.python_value for item in enum_values}

    @property
    def choices(self) -> tuple[str, ...]:
        """The names."""
        return tuple(self._values)

    @classmethod
    def from_python_enum(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """The members of an enumeration by their names; code gets the member."""
        return cls(name or enum.__name__, [EnumValue(member.name, member) for member in enum])

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        if refuse_none(self, value, at, reading):
            return None
        if isinstance(value, enum.Enum) and value in self._values.values():
            return value
        if not isinstance(value, str) or value not in self._values:
            reading.refuse(
                Reason.RUNTIME_TYPE_MISMATCH,
                at,
                f"Value at path {at} not in enum type {self.name} got {value}. Choose one of: "
                f"{', '.join(self._values)}",
            )
            return None
        return self._values[value]

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType: a choice by its name."""
        names = (name for name, meant in self._values.items() if isinstance(value, enum.Enum) and meant is value)
        return super().written(next(names, value), at, reading)

    def printed(self) -> str:
        """See ConfigType."""
        return self.name

    def sample(self) -> Any:
        """See ConfigType."""
        return next(iter(self._values), "")


class ScalarUnion(ConfigType):
    """A single value, or something with parts.

    Args:
        scalar_type: int, float, bool or str.
        non_scalar_schema: a dict of fields, a list, a Selector and so on.
    """

    __slots__ = ("_other", "_scalar")

    def __init__(self, scalar_type: Any, non_scalar_schema: Any) -> None:
        scalar = config_type(scalar_type)
        if not isinstance(scalar, Scalar):
            raise unusable(scalar_type)
        self._scalar = scalar
        self._other = config_type(non_scalar_schema)

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return self._form_of(value).read(value, at, reading)

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return self._form_of(value).written(value, at, reading)

    @property
    def forms(self) -> tuple[ConfigType, ConfigType]:
        """Of the single value, and of that with parts."""
        return self._scalar, self._other

    def _form_of(self, value: Any) -> ConfigType:
        return self._other if isinstance(value, Mapping | list) else self._scalar

    def printed(self) -> str:
        """See ConfigType."""
        return f"({self._scalar.printed()} | {self._other.printed()})"

    def sample(self) -> Any:
        """See ConfigType."""
        return self._scalar.sample()


class _Source(ConfigType):
    """A single value, or ``{"env": NAME}`` for the value of an environment variable."""

    __slots__ = ("_convert", "_scalar")

    def __init__(self, scalar: Scalar, convert: Callable[[str], Any]) -> None:
        self._scalar = scalar
        self._convert = convert

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        if isinstance(value, EnvVar | IntEnvVar):
            value = reference(value)
        if not isinstance(value, Mapping):
            return self._scalar.read(value, at, reading)
        if not self._names_variable(value, at, reading):
            return None
        if reading.environ is None:
            return value
        text = variable(value["env"], at, reading)
        if text is None:
            return None
        try:
            return self._convert(text)
        except ValueError:
            reading.refuse(
                Reason.FAILED_POST_PROCESSING,
                at,
                f'Value "{text}" of the environment variable "{value["env"]}", at path {at}, cannot be coerced into '
                f"{'an int' if self._scalar is INT else 'a bool'}",
            )
            return None

    def _names_variable(self, value: Mapping[str, Any], at: str, reading: Reading) -> bool:
        before = len(reading.errors)
        if not value:
            message = f'Must specify a field at path {at}. The only one is env: {{"env": "NAME_OF_A_VARIABLE"}}.'
            reading.refuse(Reason.SELECTOR_FIELD_ERROR, at, message)
        elif len(value) > 1:
            names = ", ".join(map(str, value))
            message = f"You can only specify a single field at path {at}. You specified {names}. The only one is env."
            reading.refuse(Reason.SELECTOR_FIELD_ERROR, at, message)
        elif "env" not in value:
            message = (
                f'Received unexpected config entry "{next(iter(value))}" at path {at}. Expected: "{self.printed()}".'
            )
            reading.refuse(Reason.FIELD_NOT_DEFINED, at, message)
        else:
            STRING.read(value["env"], f"{at}:env", reading)
        return len(reading.errors) == before

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        return super().written(reference(value) if isinstance(value, EnvVar | IntEnvVar) else value, at, reading)

    def printed(self) -> str:
        return f"({self._scalar.printed()} | {{ env: String }})"

    def sample(self) -> Any:
        return self._scalar.sample()


def variable(name: str, at: str, reading: Reading) -> str | None:
    """The value of an environment variable; None, and an error in the reading, if it is not set."""
    text = (reading.environ or {}).get(name)
    if text is None:
        reading.refuse(
            Reason.FAILED_POST_PROCESSING,
            at,
            f'You have attempted to fetch the environment variable "{name}" which is not set, for the value at path '
            f"{at}. Set it where the code runs: on the workers, or in this process for a run in process.",
        )
    return text


def _truth(text: str) -> bool:
    meaning = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}
    if text.strip().lower() not in meaning:
        raise ValueError(text)
    return meaning[text.strip().lower()]


StringSource = _Source(STRING, str)
"""In a schema: a text, or ``{"env": "NAME"}``, the environment variable that holds it where the code runs."""

IntSource = _Source(INT, int)
"""In a schema: a whole number, or ``{"env": "NAME"}``, the environment variable that holds it where the code runs."""

BoolSource = _Source(BOOL, _truth)
"""In a schema: true or false, or ``{"env": "NAME"}``, an environment variable: ``true``, ``1`` or ``t``, and so on."""

_PYTHON: Mapping[Any, ConfigType] = {int: INT, float: FLOAT, bool: BOOL, str: STRING, Any: ANYTHING}


@config_type.register
def _(given: type) -> ConfigType:
    if given in _PYTHON:
        return _PYTHON[given]
    if given in (list, dict):
        return config_type([Any] if given is list else {Any: Any})
    if hasattr(given, "__pydantic_core_schema__"):
        # Loaded only for those who use it: pydantic takes longer to import than all the rest.
        return import_module("assetflow.config.config_class").ModelType(given)  # type: ignore[no-any-return]
    if issubclass(given, enum.Enum):
        return Enum.from_python_enum(given)
    raise unusable(given)
