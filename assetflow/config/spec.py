"""The config of something that can be configured: its form, and what a `configured` version puts before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assetflow.config.environment import variables
from assetflow.config.schema import Reading
from assetflow.config.shapes import Field, Shape
from assetflow.errors import CheckError, ConfigMappingFunctionError, InvalidConfigDefinitionError, InvalidConfigError


class ConfigSpec:
    """The config that an op or a resource takes.

    Args:
        schema: as the user wrote it; None takes anything.
        inner: of what this one stands before.
        mapping: makes the inner config of this one's.

    Attributes:
        field: the form.
        takes_anything: whether there is nothing to check and nothing to fill in.
    """

    __slots__ = ("_inner", "_mapping", "field", "takes_anything")

    def __init__(
        self,
        schema: Any = None,
        *,
        inner: ConfigSpec | None = None,
        mapping: Callable[[Any], Any] | None = None,
    ) -> None:
        self.takes_anything = schema is None and inner is None
        self.field = _as_field(schema)
        self._inner = inner
        self._mapping = mapping

    def configured(self, config_or_function: Any, schema: Any = None) -> ConfigSpec:
        """The spec of a version that is configured already, or by a function of another config.

        Raises:
            InvalidConfigError: the given config does not fit.
        """
        if callable(config_or_function):
            return ConfigSpec(schema, inner=self, mapping=config_or_function)
        if schema is not None:
            raise CheckError("config_schema is for a function given to configured, not for a config")
        self._read(config_or_function, "root", Reading(None), "what is given to configured")
        return ConfigSpec({}, inner=self, mapping=_Always(config_or_function))

    def process(self, entry: Mapping[str, Any] | None, at: str, owner: str, name: str = "config") -> Any:
        """What code gets: defaults filled in, variables looked up, config functions called.

        Args:
            entry: what there is under the path `at`.
            name: of the part of it that is the config.
            owner: who is configured, for the error.

        Raises:
            InvalidConfigError: the config does not fit, or a variable is not set.
            ConfigMappingFunctionError: a config function raised.
        """
        given = entry or {}
        if self.takes_anything:
            return given.get(name)
        reading = Reading(variables())
        only = {name: given[name]} if name in given else {}
        found = Shape({name: self.field}).read(only, at, reading)
        if reading.errors:
            raise InvalidConfigError(f"Error in config for {owner}", errors=reading.errors)
        return self._through(found.get(name), owner)

    def _through(self, value: Any, owner: str) -> Any:
        if self._inner is None or self._mapping is None:
            return value
        try:
            inner = self._mapping(value)
        except Exception as error:
            raise ConfigMappingFunctionError(
                f"the config function of {owner} raised {type(error).__name__}: {error}"
            ) from error
        return self._inner._read(inner, "root", Reading(variables()), f"{owner}, as its config function returned it")

    def _read(self, value: Any, at: str, reading: Reading, owner: str) -> Any:
        found = self.field.config_type.read(value, at, reading)
        if reading.errors:
            raise InvalidConfigError(f"Error in config for {owner}", errors=reading.errors)
        return found if reading.environ is None else self._through(found, owner)


class _Always:
    """A config function that gives one config; a class, so that it can be sent to workers."""

    __slots__ = ("_config",)

    def __init__(self, config: Any) -> None:
        self._config = config

    def __call__(self, _config: Any) -> Any:
        return self._config


def _as_field(schema: Any) -> Field:
    if schema is None:
        return Field(Any, is_required=False)
    return schema if isinstance(schema, Field) else Field(schema)


ANY_CONFIG = ConfigSpec()
"""Of what takes any config, or none."""


def config_spec(schema: Any, where: str | None = None) -> ConfigSpec:
    """The spec of a schema as the user wrote it; one that takes anything for None.

    Args:
        where: the definition that has it.

    Raises:
        InvalidConfigDefinitionError: it describes no config.
    """
    if schema is None:
        return ANY_CONFIG
    if isinstance(schema, ConfigSpec):
        return schema
    try:
        return ConfigSpec(schema)
    except InvalidConfigDefinitionError as error:
        raise error.located(where) from None
