"""Values with named parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from assetflow.config.collections import map_of
from assetflow.config.document import written
from assetflow.config.schema import MISSING, ConfigType, Reading, config_type, inside, refuse_none, unusable
from assetflow.errors import CheckError, InvalidConfigDefinitionError, InvalidConfigError
from assetflow.errors import ConfigErrorReason as Reason


class Field:
    """A named part of a config.

    Args:
        config: its form: whatever `config_type` reads.
        default_value: taken where none is given, read like a given one.
        is_required: whether it has to be given; by default it has to if there is no default, neither here nor
            within its form. False without a default leaves the part out where it is not given.
        description: for people.

    Raises:
        InvalidConfigError: the default does not fit the form.
        CheckError: a required field has a default.
        InvalidConfigDefinitionError: `config` describes no config.
    """

    __slots__ = ("_default", "config_type", "description", "is_required", "says_more")

    def __init__(
        self,
        config: Any,
        default_value: Any = MISSING,
        is_required: bool | None = None,
        description: str | None = None,
    ) -> None:
        self.config_type: ConfigType = config_type(config)
        self.says_more = default_value is not MISSING or is_required is not None
        if is_required and default_value is not MISSING:
            raise CheckError(f"a required Field has no default_value: {default_value!r}")
        if default_value is not MISSING:
            reading = Reading(None)
            self.config_type.read(default_value, "root", reading)
            if reading.errors:
                raise InvalidConfigError("Invalid default_value for Field.", errors=reading.errors)
        if default_value is MISSING and is_required is None:
            default_value = self.config_type.default()
        self._default = deepcopy(default_value)
        self.is_required = default_value is MISSING if is_required is None else is_required
        self.description = description

    def __repr__(self) -> str:
        return f"Field({self.config_type!r})"

    def default(self) -> Any:
        """What stands for a value that is not given, `MISSING` if nothing does."""
        return self._default

    @property
    def default_value(self) -> Any:
        """The default; CheckError if there is none."""
        if self.default() is MISSING:
            raise CheckError("this Field has no default_value")
        return self.default()

    @property
    def default_provided(self) -> bool:
        """Whether there is a default."""
        return self.default() is not MISSING


Fields = Mapping[str, Any]


class Shape(ConfigType):
    """Exactly these fields.

    Args:
        fields: by name; a Field, or the form of one.
        description: for people.
    """

    __slots__ = ("description", "fields")

    def __init__(self, fields: Fields, description: str | None = None) -> None:
        self.fields = _read_fields(fields)
        self.description = description

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        if not _is_dict(self, value, at, reading):
            return None
        unexpected = [name for name in value if name not in self.fields]
        if unexpected:
            self._unexpected(unexpected, value, at, reading)
        missing = [name for name, field in self.fields.items() if field.is_required and name not in value]
        if missing:
            self._missing(missing, at, reading)
        found = {}
        for name, field in self.fields.items():
            given = value[name] if name in value else field.default() if not field.is_required else MISSING
            if given is not MISSING:
                found[name] = field.config_type.read(given, f"{at}:{name}", reading)
        return {**found, **self._rest(unexpected, value)}

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return _written(self.fields, value, at, reading)

    def printed(self) -> str:
        """See ConfigType."""
        return f"{{ {' '.join(_printed(name, field) for name, field in self.fields.items())} }}"

    def sample(self) -> Any:
        """See ConfigType."""
        return {name: field.config_type.sample() for name, field in self.fields.items() if field.is_required}

    def default(self) -> Any:
        """See ConfigType: nothing has to be given if no field has to be."""
        return MISSING if any(field.is_required for field in self.fields.values()) else {}

    def _rest(self, unexpected: Iterable[str], value: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def _unexpected(self, names: list[str], value: Mapping[str, Any], at: str, reading: Reading) -> None:  # noqa: ARG002
        shown = ", ".join(f'"{name}"' for name in names)
        several = len(names) > 1
        reading.refuse(
            Reason.FIELDS_NOT_DEFINED if several else Reason.FIELD_NOT_DEFINED,
            at,
            f"Received unexpected config {'entries' if several else 'entry'} {shown} at path {at}. "
            f'Expected: "{self.printed()}".',
        )

    def _missing(self, names: list[str], at: str, reading: Reading) -> None:
        shown = ", ".join(f'"{name}"' for name in names)
        sample = {name: self.fields[name].config_type.sample() for name in names}
        several = len(names) > 1
        reading.refuse(
            Reason.MISSING_REQUIRED_FIELDS if several else Reason.MISSING_REQUIRED_FIELD,
            at,
            f"Missing required config {'entries' if several else 'entry'} {shown} at path {at}. "
            f"Sample config for missing {'entries' if several else 'entry'}: {sample}",
        )


class Permissive(Shape):
    """These fields, and any others."""

    __slots__ = ()

    def __init__(self, fields: Fields | None = None, description: str | None = None) -> None:
        super().__init__(fields or {}, description)

    def printed(self) -> str:
        """See ConfigType."""
        return f"{{ {''.join(_printed(name, field) + ' ' for name, field in self.fields.items())}... }}"

    def _rest(self, unexpected: Iterable[str], value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value[name] for name in unexpected}

    def _unexpected(self, names: list[str], value: Mapping[str, Any], at: str, reading: Reading) -> None:
        pass


class Selector(ConfigType):
    """Exactly one of these fields.

    Args:
        fields: by name; a Field, or the form of one.
        description: for people.
    """

    __slots__ = ("description", "fields")

    def __init__(self, fields: Fields, description: str | None = None) -> None:
        self.fields = _read_fields(fields)
        self.description = description
        if not self.fields:
            raise InvalidConfigDefinitionError("a Selector without fields takes nothing", fix="give it a field, or two")

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        if not _is_dict(self, value, at, reading):
            return None
        names = ", ".join(self.fields)
        if len(value) > 1:
            reading.refuse(
                Reason.SELECTOR_FIELD_ERROR,
                at,
                f"You can only specify a single field at path {at}. You specified {', '.join(map(str, value))}. "
                f"The available fields are {names}",
            )
            return None
        if not value and self.default() is MISSING:
            several = " if more than one field is defined" if len(self.fields) > 1 else ""
            reading.refuse(
                Reason.SELECTOR_FIELD_ERROR,
                at,
                f"Must specify a field at path {at}{several}. The available fields are {names}",
            )
            return None
        name, given = next(iter((value or self.default()).items()))
        if name not in self.fields:
            reading.refuse(
                Reason.FIELD_NOT_DEFINED,
                at,
                f'Received unexpected config entry "{name}" at path {at}. Expected: "{self.printed()}".',
            )
            return None
        field = self.fields[name]
        if given is None or given is MISSING:
            given = field.default() if field.default() is not MISSING else None
        return {name: field.config_type.read(given, f"{at}:{name}", reading)}

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return _written(self.fields, value, at, reading)

    def printed(self) -> str:
        """See ConfigType."""
        return f"{{ {' | '.join(_printed(name, field) for name, field in self.fields.items())} }}"

    def sample(self) -> Any:
        """See ConfigType."""
        return {name: field.config_type.sample() for name, field in list(self.fields.items())[:1]}

    def default(self) -> Any:
        """See ConfigType: an only field that needs nothing is chosen by itself."""
        if len(self.fields) != 1:
            return MISSING
        name, field = next(iter(self.fields.items()))
        return MISSING if field.default() is MISSING else {name: field.default()}


def _read_fields(fields: Any) -> dict[str, Field]:
    if not isinstance(fields, Mapping):
        raise unusable(fields)
    found = {}
    for name, item in fields.items():
        if not isinstance(name, str):
            raise InvalidConfigDefinitionError(
                f"the name of a field is a text, not {name!r}",
                fix="give texts as names; a dict with any keys of one type has one entry: {str: int}, or Map(str, int)",
            )
        with inside(f".{name}"):
            found[name] = item if isinstance(item, Field) else Field(item)
    return found


def _written(fields: Mapping[str, Field], value: Any, at: str, reading: Reading) -> Any:
    """The fields as their forms write them, and what else is there as anything is written."""
    return {
        written(name, at, reading): (
            fields[name].config_type.written if name in fields and item is not None else written
        )(item, f"{at}:{name}", reading)
        for name, item in (value or {}).items()
    }


def _is_dict(kind: ConfigType, value: Any, at: str, reading: Reading) -> bool:
    if refuse_none(kind, value, at, reading):
        return False
    if not isinstance(value, Mapping):
        reading.refuse(
            Reason.RUNTIME_TYPE_MISMATCH, at, f'Value at path {at} must be dict. Expected: "{kind.printed()}".'
        )
        return False
    return True


def _printed(name: str, field: Field) -> str:
    return f"{name}{'' if field.is_required else '?'}: {field.config_type.printed()}"


@config_type.register
def _(given: dict) -> ConfigType:  # type: ignore[type-arg]
    return map_of(given) or Shape(given)


@config_type.register
def _(given: Field) -> ConfigType:
    if given.says_more:
        raise InvalidConfigDefinitionError(
            f"a Field with default_value or is_required says this of a name, and there is none here: {given!r}",
            fix="give its type alone; a default goes into the Field of the name around it",
        )
    return given.config_type
