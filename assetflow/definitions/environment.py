"""A named set of storage and resources: staging, production."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetflow.definitions.resource import as_resources
from assetflow.errors import InvalidDefinitionError, ParameterCheckError

DEFAULT_ENVIRONMENT = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_PROTECTED = ("production", "prod")


@dataclass(frozen=True, slots=True, eq=False)
class Environment:
    """Where a run stores what it makes, and what it works with.

    Args:
        name: letters, digits, ``_`` and ``-``.
        resources: values or ResourceDefinitions by key; they come before those of the `Definitions`.
        reads_from: another environment. What this one has not materialized itself is read there, and never written.
        storage: where values are kept that no IO manager among the resources stores: a folder, or ``s3://bucket/prefix``.
        protected: whether runs have to be confirmed (``--yes``); by default only those in ``production``.
        fsync: whether a stored value survives a power cut; by default where it is protected.

    Raises:
        InvalidDefinitionError: the name is none, or it reads from itself.
        ParameterCheckError: an argument is of another type.
    """

    name: str
    resources: Mapping[str, Any] = field(default_factory=dict)
    reads_from: str | None = None
    storage: str | None = None
    protected: bool | None = None
    fsync: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise InvalidDefinitionError(
                f"an environment cannot be called {self.name!r}",
                fix="use up to 63 letters, digits, dashes and underscores, and a letter or digit first",
            )
        for label, value in (("reads_from", self.reads_from), ("storage", self.storage)):
            if value is not None and not isinstance(value, str):
                raise ParameterCheckError(f"{label} of environment {self.name} is a text, not {value!r}")
        if self.reads_from == self.name:
            raise InvalidDefinitionError(
                f"environment {self.name} reads from itself", fix="name another, or leave reads_from out"
            )
        object.__setattr__(self, "resources", as_resources(self.resources))

    @property
    def is_protected(self) -> bool:
        """Whether runs in it have to be confirmed."""
        return self.name in _PROTECTED if self.protected is None else self.protected

    @property
    def syncs(self) -> bool:
        """Whether a stored value survives a power cut."""
        return self.is_protected if self.fsync is None else self.fsync


def as_environments(given: Iterable[Environment] | None) -> dict[str, Environment]:
    """Environments by name.

    Raises:
        ParameterCheckError: one is none.
        InvalidDefinitionError: two have one name.
    """
    found: dict[str, Environment] = {}
    for one in given or ():
        if not isinstance(one, Environment):
            raise ParameterCheckError(f"environments is a list of Environment, not of {type(one).__name__}: {one!r}")
        if one.name in found:
            raise InvalidDefinitionError(f"Duplicate environment name: {one.name}", fix="rename one of them")
        found[one.name] = one
    return found
