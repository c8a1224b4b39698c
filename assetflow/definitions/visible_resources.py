"""The resources that code sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assetflow.errors import UnknownResourceError


class Resources:
    """Resources as attributes.

    Args:
        values: by key.
        declared: the keys that may be seen; None for all.
        owner: who asks, for the error.
    """

    __slots__ = ("_declared", "_owner", "_values")

    def __init__(self, values: Mapping[str, Any], declared: frozenset[str] | None, owner: str) -> None:
        self._values = values
        self._declared = declared
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._declared is None and name not in self._values:
            raise UnknownResourceError(
                f"Unknown resource `{name}`: {self._owner} has {', '.join(sorted(self._values)) or 'none'}",
                fix=f"give it: resources={{{name!r}: ...}}",
            )
        if name not in self._values or (self._declared is not None and name not in self._declared):
            raise UnknownResourceError(
                f"Unknown resource `{name}`. Specify `{name}` as a required resource on {self._owner}",
                fix=f"@asset(required_resource_keys={{{name!r}}})",
            )
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._values if self._declared is None or key in self._declared)
