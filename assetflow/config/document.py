"""Config as it is sent to the process that will read it: texts, numbers, truth values, None, lists and dicts."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from assetflow.config.env_var import EnvVar, IntEnvVar
from assetflow.errors import ConfigErrorReason

if TYPE_CHECKING:
    from assetflow.config.schema import Reading

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def written(value: Any, at: str, reading: Reading) -> Any:
    """A value as it stands in a document, equal to what it is; what cannot be written goes to the reading.

    Args:
        at: the path of the value, such as ``root:ops:sales:config``.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, EnvVar | IntEnvVar):
        message = f"Value at path {at} is {value!r}, a variable of the environment, which is looked up for fields that"
        return _refuse(
            f"{message} are declared as StringSource, IntSource or BoolSource, or in a Config class", at, reading
        )
    if isinstance(value, str):
        return _text(value, at, reading)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        return _number(value, at, reading)
    if isinstance(value, Mapping):
        return {
            written(key, f"{at}:{key!r}:key", reading): written(item, f"{at}:{key}", reading)
            for key, item in value.items()
        }
    if kind is list:
        return [written(item, f"{at}[{place}]", reading) for place, item in enumerate(value)]
    if hasattr(value, "model_fields_set"):
        # A pydantic model, whose users have it loaded; nobody else needs to.
        return written(import_module("assetflow.config.config_class").document(value), at, reading)
    return _refused(value, at, reading)


def _text(value: str, at: str, reading: Reading) -> str:
    exact = str.__str__(value)
    try:
        exact.encode()
    except UnicodeEncodeError as error:
        _refuse(f"Value at path {at} is no text that can be sent: {error.reason}", at, reading)
    return exact


def _number(value: int, at: str, reading: Reading) -> int:
    if not _SMALLEST <= value <= _LARGEST:
        _refuse(f"Value at path {at} is too large: numbers in a config have 64 bits. Give it as text.", at, reading)
    return int.__int__(value)


def _refused(value: Any, at: str, reading: Reading) -> None:
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    if isinstance(value, enum.Enum):
        how = f"give {value}.name or {value}.value, or declare the choice in the config_schema"
    elif isinstance(value, tuple | set | frozenset):
        how = "give a list"
    elif hasattr(value, "item"):
        how = "give value.item()"
    else:
        how = "config holds texts, numbers, truth values, None, lists and dicts"
    _refuse(f"Value at path {at} cannot be written down as config: {kind} {value!r:.80}: {how}", at, reading)


def _refuse(message: str, at: str, reading: Reading) -> None:
    reading.refuse(ConfigErrorReason.RUNTIME_TYPE_MISMATCH, at, message)
