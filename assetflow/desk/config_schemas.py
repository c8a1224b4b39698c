"""The form of a config as JSON Schema, for forms and editors."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from assetflow.config.collections import Array, Map, Noneable
from assetflow.config.config_class import ModelType
from assetflow.config.scalars import Enum, Scalar, ScalarUnion
from assetflow.config.schema import MISSING, ConfigType
from assetflow.config.shapes import Field, Permissive, Selector, Shape
from assetflow.config.spec import ConfigSpec

Schema = dict[str, Any]
_SCALARS = {int: "integer", float: "number", bool: "boolean", str: "string"}


def schema_of(spec: ConfigSpec) -> Schema | None:
    """The JSON Schema of a config; None of what takes anything."""
    return None if spec.takes_anything else _of_field(spec.field)


def is_required(spec: ConfigSpec) -> bool:
    """Whether nothing can be run before a config is given."""
    return not spec.takes_anything and spec.field.is_required


def _of_field(field: Field) -> Schema:
    found = _of(field.config_type)
    if field.description:
        found["description"] = field.description
    if (default := field.default()) is not MISSING and (plain := _plain(default)) is not MISSING:
        found["default"] = plain
    return found


def _plain(value: Any) -> Any:
    """A default as JSON; MISSING if it is none."""
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        return msgspec.json.decode(msgspec.json.encode(value))
    return MISSING


def _of(kind: ConfigType) -> Schema:
    if isinstance(kind, ModelType):
        with contextlib.suppress(Exception):  # a model may hold what JSON Schema has no word for
            return dict(kind.model.model_json_schema())
        return {"title": kind.printed()}
    if isinstance(kind, Shape):
        return _of_shape(kind)
    if isinstance(kind, Selector):
        names = list(kind.fields)
        return {
            "type": "object",
            "oneOf": [_object({name: kind.fields[name]}, [name], more=False) for name in names],
        }
    if isinstance(kind, Noneable):
        return {"anyOf": [_of(kind.inner), {"type": "null"}]}
    if isinstance(kind, Array):
        return {"type": "array", "items": _of(kind.inner)}
    if isinstance(kind, Map):
        return {"type": "object", "additionalProperties": _of(kind.inner)}
    if isinstance(kind, Enum):
        return {"enum": list(kind.choices)}
    if isinstance(kind, ScalarUnion):
        return {"anyOf": [_of(form) for form in kind.forms]}
    if isinstance(kind, Scalar):
        word = _SCALARS.get(kind.python)
        return {"type": word} if word else {"title": kind.printed()}
    return {"title": kind.printed()}


def _of_shape(kind: Shape) -> Schema:
    required = [name for name, field in kind.fields.items() if field.is_required]
    found = _object(kind.fields, required, more=isinstance(kind, Permissive))
    if kind.description:
        found["description"] = kind.description
    return found


def _object(fields: Mapping[str, Field], required: list[str], *, more: bool) -> Schema:
    found: Schema = {
        "type": "object",
        "properties": {name: _of_field(field) for name, field in fields.items()},
        "additionalProperties": more,
    }
    return {**found, "required": required} if required else found
