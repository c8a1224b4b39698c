"""Naming a variable of the environment in code, to be looked up where the code runs."""

from __future__ import annotations

import builtins
from typing import Any, NoReturn

from assetflow.config.environment import variables
from assetflow.errors import InvariantViolationError


class EnvVar(str):
    """The value of an environment variable, for fields of resources and configs: ``Api(token=EnvVar("TOKEN"))``.

    It is looked up when a run opens the resource, in the process that does; it is never sent along.
    """

    __slots__ = ()

    @classmethod
    def int(cls, name: str) -> IntEnvVar:
        """The same for a number."""
        return IntEnvVar.of(name)

    def get_value(self, default: str | None = None) -> str | None:
        """The variable's value here and now."""
        return variables().get(self.name, default)

    @property
    def name(self) -> str:
        """Of the variable."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"EnvVar({self.name!r})"

    def _refuse(self, *_other: Any) -> NoReturn:
        _not_here(self)

    # The name of the variable must not pass for its value.
    __str__ = __format__ = __add__ = __radd__ = __mod__ = _refuse


class IntEnvVar(builtins.int):
    """An environment variable that holds a number. Made by `EnvVar.int`."""

    name: str

    @classmethod
    def of(cls, name: str) -> IntEnvVar:
        """The variable of this name."""
        made = cls(0)
        made.name = name
        return made

    def get_value(self, default: builtins.int | None = None) -> builtins.int | None:
        """The variable's value here and now."""
        text = variables().get(self.name)
        return default if text is None else builtins.int(text)

    def __repr__(self) -> str:
        return f"EnvVar.int({self.name!r})"

    def _refuse(self, *_other: Any) -> NoReturn:
        _not_here(self)

    __str__ = __format__ = __int__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (IntEnvVar.of, (self.name,))


def reference(value: EnvVar | IntEnvVar) -> dict[str, str]:
    """The variable as configs name it: ``{"env": NAME}``."""
    return {"env": value.name}


def _not_here(value: EnvVar | IntEnvVar) -> NoReturn:
    raise InvariantViolationError(
        f"{value!r} stands for a variable that is looked up where a run opens the resource or reads the config; it has "
        "no value here",
        fix=f"call {value!r}.get_value()",
    )
