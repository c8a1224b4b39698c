"""The seam to the place where bundles are kept."""

from __future__ import annotations

from typing import Protocol


class CodeStore(Protocol):
    """Keeps sealed bundles under names that say what they hold and who sealed it."""

    def put(self, name: str, sealed: bytes) -> None:
        """Keep a bundle; putting it again prolongs its life."""

    def get(self, name: str) -> bytes | None:
        """The bundle, or None if it is gone."""


class MemoryCodeStore:
    """Bundles in this process."""

    def __init__(self) -> None:
        self._bundles: dict[str, bytes] = {}

    def put(self, name: str, sealed: bytes) -> None:
        """See CodeStore.put."""
        self._bundles[name] = sealed

    def get(self, name: str) -> bytes | None:
        """See CodeStore.get."""
        return self._bundles.get(name)
