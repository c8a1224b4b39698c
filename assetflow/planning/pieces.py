"""The parts of a plan, each for the partitions it makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.planning.parts import Part
from assetflow.planning.targets import Divided, Targets


class Piece(NamedTuple):
    """One call of one op, to be one step.

    Attributes:
        partitions: keys of those it makes; none of what is not divided.
    """

    part: Part
    partitions: tuple[str, ...] = ()


def pieces_of(order: Sequence[Part], targets: Targets, divided: Divided) -> list[Piece]:
    """Each part once, or once for each of its partitions, or for so many of them as its policy says."""
    if not targets:
        return [Piece(part) for part in order]
    pieces: list[Piece] = []
    for part in order:
        keys = targets.get(part.asset)
        definition = divided.by(part.asset)
        if keys is None or definition is None:
            pieces.append(Piece(part))
            continue
        most = part.asset.backfill_policy.max_partitions_per_run
        if most == 1:
            pieces += [Piece(part, (str(key),)) for key in keys]
        else:
            pieces += [Piece(part, tuple(map(str, some))) for some in _stretches(definition, keys, most, divided)]
    return pieces


def _stretches(
    definition: PartitionsDefinition, keys: Sequence[str], most: int | None, divided: Divided
) -> Iterator[list[str]]:
    """The keys in stretches without a gap, none of which is longer than it may be."""
    places = {key: place for place, key in enumerate(divided.keys_of(definition))}
    stretch: list[str] = []
    for key in keys:
        if stretch and (places[key] != places[stretch[-1]] + 1 or len(stretch) == most):
            yield stretch
            stretch = []
        stretch.append(key)
    if stretch:
        yield stretch
