"""Keys and ranges of partitions, as they are written on the command line."""

from __future__ import annotations

from collections.abc import Collection

import click

from assetflow.partitions.partitions_definition import PartitionKeyRange
from assetflow.planning.targets import WantedPartitions
from assetflow.submission import wanted_partitions

ALL = "all"
_RANGE_MARKS = ("...", "..")


def read_partitions(texts: Collection[str]) -> WantedPartitions:
    """Keys and ranges as they are written on the command line: ``A``, ``A..B``, ``A...B``, ``all``."""
    if ALL in texts:
        return WantedPartitions(keys=None)
    found: list[str | PartitionKeyRange] = []
    for text in texts:
        mark = next((mark for mark in _RANGE_MARKS if mark in text), None)
        if mark is None:
            found.append(text)
            continue
        first, _, last = text.partition(mark)
        if not first or not last:
            raise click.BadParameter(f"{text!r} is no range: write A..B", param_hint="--partitions")
        found.append(PartitionKeyRange(first, last))
    wanted = wanted_partitions(None, found)
    assert wanted is not None, "something was asked for"
    return wanted
