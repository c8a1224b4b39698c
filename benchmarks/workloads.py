"""The shapes that are measured, and the step that every peer executes.

A step reads the pickles of the steps it needs, returns a small number, and publishes it as a pickle by renaming a
file. That is all a peer may leave to the operating system; everything else is what it costs.
"""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assetflow import AssetIn, AssetsDefinition, StaticPartitionsDefinition, asset

ASSET = "step_"  # before a step's number, in the name of its asset


@dataclass(frozen=True, slots=True)
class Shape:
    """Who needs whom.

    Attributes:
        name: ``W1``, ``W2``, ...
        what: in words.
        parents: for each step, the steps it needs; all of them come before it.
        length: so many steps after each other are the assets of one partition; 0 if there are no partitions.
    """

    name: str
    what: str
    parents: tuple[tuple[int, ...], ...]
    length: int = 0

    @property
    def children(self) -> list[list[int]]:
        """For each step, the steps that need it."""
        found: list[list[int]] = [[] for _ in self.parents]
        for step, needs in enumerate(self.parents):
            for parent in needs:
                found[parent].append(step)
        return found


def flat(count: int = 1_000) -> Shape:
    """W1: steps that need nothing."""
    return Shape("W1", f"flat, {count:,} steps", ((),) * count)


def chain(count: int = 200) -> Shape:
    """W2: each step needs the one before. Raw Celery does it as a ``chain``."""
    return Shape("W2", f"chain, {count:,} steps", tuple((step - 1,) if step else () for step in range(count)))


def handed_on(count: int = 200) -> Shape:
    """W2b: the same steps; with raw Celery each step announces the next, which is faster than its ``chain``."""
    return Shape("W2b", "the same, handed on", chain(count).parents)


def layered(layers: int = 20, width: int = 50, needs: int = 3) -> Shape:
    """W3: each step needs some of the layer before; always the same ones."""
    chance = random.Random(1)
    parents: list[tuple[int, ...]] = []
    for layer in range(layers):
        above = range((layer - 1) * width, layer * width) if layer else range(0)
        parents += [tuple(sorted(chance.sample(above, min(needs, len(above))))) for _ in range(width)]
    return Shape("W3", f"layered, {layers} x {width}", tuple(parents))


def backfill(partitions: int = 1_000, length: int = 10) -> Shape:
    """W7: partitions of assets in a line, as one run."""
    parents = tuple((step - 1,) if step % length else () for step in range(partitions * length))
    return Shape("W7", f"backfill, {partitions:,} x {length}", parents, length)


def single() -> Shape:
    """W4: one step, for its round trip."""
    return Shape("W4", "one step", ((),))


def compute(**inputs: int) -> int:
    """The work itself: next to nothing."""
    return 1 + sum(inputs.values()) % 1_000


def execute(folder: Path, step: int, parents: tuple[int, ...]) -> None:
    """A step as peers without assetflow do it: read, compute, publish by rename."""
    inputs = {f"in_{place}": pickle.loads((folder / str(parent)).read_bytes()) for place, parent in enumerate(parents)}
    hidden = folder / f".{step}"
    hidden.write_bytes(pickle.dumps(compute(**inputs), protocol=5))
    os.replace(hidden, folder / str(step))


def assets_of(shape: Shape) -> list[AssetsDefinition]:
    """The same steps as assets, or as partitions of assets."""
    if not shape.length:
        return [define(step, parents) for step, parents in enumerate(shape.parents)]
    keys = StaticPartitionsDefinition([_partition(at) for at in range(len(shape.parents) // shape.length)])
    return [define(step, shape.parents[step], keys) for step in range(shape.length)]


def define(
    step: int, parents: tuple[int, ...], partitions_def: StaticPartitionsDefinition | None = None
) -> AssetsDefinition:
    """One of them."""
    ins = {f"in_{place}": AssetIn(f"{ASSET}{parent}") for place, parent in enumerate(parents)}
    return asset(name=f"{ASSET}{step}", ins=ins, partitions_def=partitions_def)(compute)


def results(folder: Path, shape: Shape) -> Iterator[Any]:
    """What a peer has left in its folder, to check that it did the work."""
    for step in range(len(shape.parents)):
        yield pickle.loads((folder / str(step)).read_bytes())


def stored(storage: Path, shape: Shape) -> Iterator[Any]:
    """The same of assets."""
    for step in range(len(shape.parents)):
        at, last = divmod(step, shape.length) if shape.length else (None, step)
        place = storage / f"{ASSET}{last}"
        yield pickle.loads((place if at is None else place / _partition(at)).read_bytes())


def _partition(at: int) -> str:
    return f"{at:06}"


def expected(shape: Shape) -> list[int]:
    """What every peer has to come to."""
    values: list[int] = []
    for parents in shape.parents:
        values.append(compute(**{f"in_{place}": values[parent] for place, parent in enumerate(parents)}))
    return values
