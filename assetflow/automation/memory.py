"""What is remembered from one evaluation of conditions to the next, and what is kept of each decision."""

from __future__ import annotations

import hashlib

import msgspec

from assetflow.automation.subsets import Ranges
from assetflow.runs.event_log import Newest


class NodeMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a condition has to know of the evaluation before.

    Attributes:
        held: of what it held; of ``newly true``, of what the condition in it did.
        times: since when, where something that was made has brought it about, in seconds since the epoch.
    """

    held: Ranges = []
    times: dict[str, float] = {}


class AssetMemory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of an asset.

    Attributes:
        condition: its condition; under another one it is looked at as for the first time.
        nodes: what conditions in it have to know, by what they are.
        requested: what was asked for.
        code: the version of its code, where a condition looks at it.
        told: the decision that was kept last.
    """

    condition: str
    nodes: dict[str, NodeMemory] = {}
    requested: Ranges = []
    code: str | None = None
    told: str = ""


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of all of a sensor's assets; the sensor's cursor.

    Attributes:
        at: the moment of the evaluation, in seconds since the epoch.
        newest: how far the logs had come.
        assets: by key, as it is stored.
    """

    at: float
    newest: Newest
    assets: dict[str, AssetMemory] = {}

    def cursor(self) -> str:
        """It as text."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def of(cursor: str | None) -> Memory | None:
        """What a cursor says; None if there is none, or somebody has written something else there."""
        if not cursor:
            return None
        try:
            return msgspec.json.decode(cursor, type=Memory)
        except msgspec.DecodeError:
            return None


class DecisionNode(msgspec.Struct, frozen=True, array_like=True):
    """A condition in a decision.

    Attributes:
        name: what it looks at.
        label: what people call it; empty if nothing.
        of: the asset or check it was looked at of, where it is another one than above; else empty.
        candidates: of which partitions it was asked; None for all there are.
        held: of which of them it held.
        parts: the conditions it is made of.
    """

    name: str
    label: str
    of: str
    candidates: Ranges | None
    held: Ranges
    held_count: int
    candidate_count: int
    parts: tuple[DecisionNode, ...] = ()

    def to_text(self) -> str:
        """It as it is kept."""
        return msgspec.json.encode(self).decode()

    @staticmethod
    def read(text: str) -> DecisionNode:
        """What was kept."""
        return msgspec.json.decode(text, type=DecisionNode)


def mark_of(text: str) -> str:
    """A short text that is the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
