"""Config as annotated classes, checked by pydantic."""

from __future__ import annotations

import enum
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from assetflow.config.annotations import choices_of, parts_of, takes_single, text_of
from assetflow.config.document import written
from assetflow.config.env_var import EnvVar, IntEnvVar, reference
from assetflow.config.scalars import variable
from assetflow.config.schema import MISSING, ConfigType, Reading, refuse_none
from assetflow.errors import ConfigErrorReason

Place = tuple[str | int, ...]


class Config(BaseModel):
    """The config of an asset as a class: ``def sales(config: SalesConfig)``.

    Fields are those of a pydantic model: annotated, with or without a default, with constraints, nested. A
    choice from an enumeration is written by its name. Values may be given as ``{"env": NAME}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)
        # Checked as the text and the number they are; kept as what they stand for.
        later = {name: value for name, value in data.items() if isinstance(value, EnvVar | IntEnvVar)}
        self.__dict__.update(later)

    @model_validator(mode="before")
    @classmethod
    def _choices_by_name(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        found = dict(given)
        for name, field in cls.model_fields.items():
            choices, value = choices_of(field.annotation), found.get(name)
            if choices is not None and isinstance(value, str) and value in choices.__members__:
                found[name] = choices[value]
        return found


class PermissiveConfig(Config):
    """A Config that keeps fields it does not declare, as attributes."""

    model_config = ConfigDict(extra="allow")


class ModelType(ConfigType):
    """The form of a pydantic model.

    Args:
        model: its class.
        preset: fields that are given already, as a config document; others win over them.
    """

    __slots__ = ("_adapter", "_preset", "model")

    def __init__(self, model: type[BaseModel], preset: Mapping[str, Any] | None = None) -> None:
        self.model = model
        self._preset = dict(preset or {})
        self._adapter: TypeAdapter[Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return (ModelType, (self.model, self._preset))

    def preset_by(self, given: BaseModel) -> ModelType:
        """The same form, where fields that are not given are those of a model."""
        fields = given.model_fields_set
        return ModelType(self.model, {name: value_in_document(getattr(given, name)) for name in fields})

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType. What comes is an instance of the model."""
        if refuse_none(self, value, at, reading):
            return None
        if isinstance(value, self.model):
            if reading.environ is None or not _names_variable(value):
                return value
            value = document(value)
        if isinstance(value, Mapping):
            value = {**self._preset, **value}
        holes: list[Place] = []
        before = len(reading.errors)
        filled = _filled(self.model, value, (), at, reading, holes)
        if len(reading.errors) > before:
            return None
        if self._adapter is None:
            self._adapter = TypeAdapter(self.model)
        try:
            found = self._adapter.validate_python(filled)
        except ValidationError as error:
            self._tell(error, at, reading, holes)
            return None
        if reading.environ is not None:
            _look_up_nested(found, at, reading)
        return found

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType: choices by their names."""
        if not isinstance(value, Mapping):
            return written(value, at, reading)
        fields = self.model.model_fields
        return {
            written(name, at, reading): _written(
                fields[name].annotation if name in fields else None, item, f"{at}:{name}", reading
            )
            for name, item in value.items()
        }

    def printed(self) -> str:
        """See ConfigType."""
        fields = (
            f"{name}{'' if self._needs(name, field) else '?'}: {text_of(field.annotation)}"
            for name, field in self.model.model_fields.items()
        )
        return f"{{ {' '.join(fields)} }}"

    def sample(self) -> Any:
        """See ConfigType."""
        fields = self.model.model_fields.items()
        return {name: _sample(field.annotation) for name, field in fields if self._needs(name, field)}

    def default(self) -> Any:
        """See ConfigType."""
        fields = self.model.model_fields.items()
        return MISSING if any(self._needs(name, field) for name, field in fields) else {}

    def _needs(self, name: str, field: FieldInfo) -> bool:
        return field.is_required() and name not in self._preset

    def _tell(self, error: ValidationError, at: str, reading: Reading, holes: list[Place]) -> None:
        for item in error.errors(include_url=False):
            place = tuple(item["loc"])
            if reading.environ is None and any(place[: len(hole)] == hole for hole in holes):
                continue  # known only where the variable is set
            above, path = _path(at, place[:-1]), _path(at, place)
            if item["type"] == "missing":
                sample = {place[-1]: _sample(_annotation_at(self.model, place))}
                reading.refuse(
                    ConfigErrorReason.MISSING_REQUIRED_FIELD,
                    above,
                    f'Missing required config entry "{place[-1]}" at path {above}. '
                    f"Sample config for missing entry: {sample}",
                )
            elif item["type"] == "extra_forbidden":
                reading.refuse(
                    ConfigErrorReason.FIELD_NOT_DEFINED,
                    above,
                    f'Received unexpected config entry "{place[-1]}" at path {above}. Expected: "{self.printed()}".',
                )
            else:
                secret = any(place[: len(hole)] == hole for hole in holes) or isinstance(item["input"], Mapping)
                shown = "" if secret else f", not {item['input']!r:.80}"
                reading.refuse(
                    ConfigErrorReason.RUNTIME_TYPE_MISMATCH,
                    path,
                    f"Invalid value at path {path}: {item['msg']}{shown}",
                )


def model_type(given: Any) -> ModelType | None:
    """The form of a pydantic model's class; None for anything else."""
    return ModelType(given) if isinstance(given, type) and issubclass(given, BaseModel) else None


def document(model: BaseModel) -> dict[str, Any]:
    """A model as a config document, with references to variables instead of their values."""
    found: dict[str, Any] = model.model_dump(mode="json", warnings=False)
    for name in found:
        value = getattr(model, name)
        if isinstance(value, enum.Enum):
            found[name] = value.name
        elif isinstance(value, EnvVar | IntEnvVar | Config):
            found[name] = value_in_document(value)
    return found


def value_in_document(value: Any) -> Any:
    """A value of a model's field as it stands in a config document."""
    if isinstance(value, EnvVar | IntEnvVar):
        return reference(value)
    return document(value) if isinstance(value, Config) else value


def _written(annotation: Any, value: Any, at: str, reading: Reading) -> Any:
    choices = choices_of(annotation)
    if choices is not None and isinstance(value, choices):
        return value.name
    if isinstance(value, EnvVar | IntEnvVar):
        return reference(value)
    inner = model_type(next((part for part in parts_of(annotation) if model_type(part)), None))
    return (inner.written if inner is not None else written)(value, at, reading)


def _variable_defaults(model: type[BaseModel]) -> dict[str, Any]:
    """The fields whose default names a variable, as they stand in a document."""
    defaults = {name: field.default for name, field in model.model_fields.items()}
    return {name: value_in_document(value) for name, value in defaults.items() if _names_variable(value)}


def _names_variable(value: Any) -> bool:
    if isinstance(value, EnvVar | IntEnvVar):
        return True
    return isinstance(value, Config) and any(map(_names_variable, value.__dict__.values()))


def _look_up_nested(found: BaseModel, at: str, reading: Reading) -> None:
    """Refuse variables that are not set, of objects that were given as such and look theirs up when they are used."""
    for name, value in found.__dict__.items():
        if isinstance(value, EnvVar | IntEnvVar):
            variable(value.name, f"{at}:{name}", reading)
        elif isinstance(value, BaseModel):
            _look_up_nested(value, f"{at}:{name}", reading)


def _filled(annotation: Any, value: Any, place: Place, at: str, reading: Reading, holes: list[Place]) -> Any:
    """The value with variables looked up, where the annotation lets a single value stand."""
    if isinstance(value, Mapping):
        model = next((part for part in parts_of(annotation) if model_type(part)), None)
        if set(value) == {"env"} and isinstance(value["env"], str) and takes_single(annotation):
            holes.append(place)
            return value if reading.environ is None else variable(value["env"], _path(at, place), reading)
        inner = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is dict else ()
        fields = model.model_fields if model is not None else {}
        if model is not None:
            value = {**_variable_defaults(model), **value}
        return {
            key: _filled(
                fields[key].annotation if key in fields else (inner or (None,))[0],
                _tagged(fields[key], item) if key in fields else item,
                (*place, key),
                at,
                reading,
                holes,
            )
            for key, item in value.items()
        }
    if isinstance(value, list | tuple) and (arguments := typing.get_args(annotation)):
        return [_filled(arguments[0], item, (*place, index), at, reading, holes) for index, item in enumerate(value)]
    return value


def _tagged(field: FieldInfo, value: Any) -> Any:
    """A choice between models as pydantic reads it, of one that is written as ``{tag: {...}}``."""
    tag = field.discriminator
    if not isinstance(tag, str) or not isinstance(value, Mapping) or len(value) != 1 or tag in value:
        return value
    name, inner = next(iter(value.items()))
    return {tag: name, **inner} if isinstance(inner, Mapping) else value


def _annotation_at(model: type[BaseModel], place: Place) -> Any:
    annotation: Any = model
    for name in place:
        inner = next((part for part in parts_of(annotation) if model_type(part)), None)
        if inner is None or name not in inner.model_fields:
            return None
        annotation = inner.model_fields[name].annotation
    return annotation


def _sample(annotation: Any) -> Any:
    samples: dict[Any, Any] = {int: 0, float: 0.0, bool: True, str: "..."}
    parts = [part for part in parts_of(annotation) if part is not type(None)]
    first = parts[0] if parts else None
    if (model := model_type(first)) is not None:
        return model.sample()
    origin = typing.get_origin(first) or first
    if origin in (list, dict):
        return origin()
    if isinstance(first, type) and issubclass(first, enum.Enum):
        return next(iter(first)).name
    if typing.get_origin(first) is typing.Literal:
        return typing.get_args(first)[0]
    return samples.get(first, "...")


def _path(at: str, place: Place) -> str:
    return at + "".join(f"[{part}]" if isinstance(part, int) else f":{part}" for part in place)
