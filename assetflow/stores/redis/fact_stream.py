"""The entries of a run's stream, as the client library gives them, and the facts they are."""

from __future__ import annotations

from typing import Any

from assetflow.runs.facts import Fact, FactKind


def entries_of(answer: Any) -> list[Any]:
    """Those of one stream in an answer to XREAD, in whichever form that has come."""
    if isinstance(answer, dict):
        for value in answer.values():
            return list(value[0]) if value and isinstance(value[0], list) else list(value)
    return []


def fact_of(identity: bytes, fields: Any) -> Fact:
    """An entry of a run's stream."""
    values = fields if isinstance(fields, dict) else dict(zip(fields[0::2], fields[1::2], strict=True))
    steps = values[b"s"].decode()
    return fact_at(
        identity.decode(),
        FactKind(values[b"k"].decode()),
        steps=tuple(int(part) for part in steps.split(",")) if steps else (),
        token=int(values[b"t"]),
        raw=values[b"d"],
    )


def fact_at(position: str, kind: FactKind, **told: Any) -> Fact:
    """What is told at a place in the stream, which says when that was."""
    return Fact(id=position, kind=kind, at=int(position.partition("-")[0]) / 1000, **told)
