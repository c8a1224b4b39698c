"""Partitions that are to be added or removed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPartitions:
    """Dynamic partitions that are to be added, or removed.

    Attributes:
        name: of their definition.
        partition_keys: which.
        removes: whether they are to go.
    """

    name: str
    partition_keys: tuple[str, ...]
    removes: bool = False
