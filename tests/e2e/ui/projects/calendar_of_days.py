"""One asset with a hundred thousand partitions."""

from __future__ import annotations

from assetflow import StaticPartitionsDefinition, asset

KEYS = [f"p{i:06}" for i in range(100_000)]


@asset(partitions_def=StaticPartitionsDefinition(KEYS))
def days() -> int:
    """As many parts as there are days in 273 years."""
    return 1
