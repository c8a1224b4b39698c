"""Values of which there are many, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assetflow.config.scalars import ANYTHING, STRING, Scalar
from assetflow.config.schema import ConfigType, OrNone, Reading, config_type, inside, refuse_none
from assetflow.errors import ConfigErrorReason as Reason
from assetflow.errors import InvalidConfigDefinitionError


class Noneable(ConfigType):
    """A value that may be None, and is None where it is not given.

    Args:
        inner_type: of the value otherwise.
    """

    __slots__ = ("inner",)

    def __init__(self, inner_type: Any) -> None:
        self.inner = config_type(inner_type)

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return None if value is None else self.inner.read(value, at, reading)

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return None if value is None else self.inner.written(value, at, reading)

    def printed(self) -> str:
        """See ConfigType."""
        return f"{self.inner.printed()}?"

    def sample(self) -> Any:
        """See ConfigType."""
        return None

    def default(self) -> Any:
        """See ConfigType."""
        return None


class Array(ConfigType):
    """A list.

    Args:
        inner_type: of its items.
    """

    __slots__ = ("inner",)

    def __init__(self, inner_type: Any) -> None:
        with inside("[]"):
            self.inner = config_type(inner_type)

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        if refuse_none(self, value, at, reading):
            return None
        if not isinstance(value, list | tuple):
            reading.refuse(
                Reason.RUNTIME_TYPE_MISMATCH, at, f'Value at path {at} must be list. Expected: "{self.printed()}"'
            )
            return None
        return [self.inner.read(item, f"{at}[{place}]", reading) for place, item in enumerate(value)]

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return [self.inner.written(item, f"{at}[{place}]", reading) for place, item in enumerate(value)]

    def printed(self) -> str:
        """See ConfigType."""
        return f"[{self.inner.printed()}]"

    def sample(self) -> Any:
        """See ConfigType."""
        return []


class Map(ConfigType):
    """A dict with any keys of one type, and values of one form.

    Args:
        key_type: str, int, float, bool or Any.
        inner_type: of the values.
        key_label_name: what the keys are, for people.
    """

    __slots__ = ("inner", "key", "key_label_name")

    def __init__(self, key_type: Any, inner_type: Any, key_label_name: str | None = None) -> None:
        key = config_type(key_type)
        if not isinstance(key, Scalar) and key is not ANYTHING:
            raise InvalidConfigDefinitionError(
                f"the keys of a Map are texts or numbers, not {key_type!r}", fix="use str, int, float, bool or Any"
            )
        self.key = key
        with inside("{}"):
            self.inner = config_type(inner_type)
        self.key_label_name = key_label_name

    def read(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        if refuse_none(self, value, at, reading):
            return None
        if not isinstance(value, Mapping):
            reading.refuse(
                Reason.RUNTIME_TYPE_MISMATCH, at, f'Value at path {at} must be dict. Expected: "{self.printed()}"'
            )
            return None
        return {
            self.key.read(key, f"{at}:{key!r}:key", reading): self.inner.read(item, f"{at}:{key!r}:value", reading)
            for key, item in value.items()
        }

    def written(self, value: Any, at: str, reading: Reading) -> Any:
        """See ConfigType."""
        return {
            self.key.written(key, f"{at}:{key!r}:key", reading): self.inner.written(
                item, f"{at}:{key!r}:value", reading
            )
            for key, item in value.items()
        }

    def printed(self) -> str:
        """See ConfigType."""
        label = f"{self.key_label_name}: " if self.key_label_name else ""
        return f"{{ [{label}{self.key.printed()}]: {self.inner.printed()} }}"

    def sample(self) -> Any:
        """See ConfigType."""
        return {}


@config_type.register
def _(given: list) -> ConfigType:  # type: ignore[type-arg]
    if len(given) != 1:
        raise InvalidConfigDefinitionError(
            f"a list of config has one type, such as [int]; this one has {len(given)}: {given!r}",
            fix="give one; for items of several forms, [Selector({...})] or [Any]",
        )
    return Array(given[0])


@config_type.register
def _(given: OrNone) -> ConfigType:
    return Noneable(given.inner)


def map_of(given: Mapping[Any, Any]) -> ConfigType | None:
    """``{str: T}`` as a Map; None for a dict of fields."""
    keys = list(given)
    if len(keys) != 1 or isinstance(keys[0], str):
        return None
    return Map(keys[0] if keys[0] is not None else STRING, given[keys[0]])
