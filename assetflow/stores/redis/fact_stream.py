"""The entries of a run's stream, as the server or the client library gives them, and the facts they are."""

from __future__ import annotations

from typing import Any

from assetflow.runs.facts import Fact, FactKind

_KINDS = {kind.value.encode(): kind for kind in FactKind}


def entries_of(answer: Any) -> list[Any]:
    """Those of one stream in what a server has answered to XREAD, in either of its protocols."""
    if isinstance(answer, dict):
        return next(iter(answer.values()), [])
    return answer[0][1] if answer else []


def fact_of(identity: bytes, fields: Any) -> Fact:
    """An entry of a run's stream."""
    values = fields if isinstance(fields, dict) else dict(zip(fields[0::2], fields[1::2], strict=True))
    steps: bytes = values[b"s"]
    return Fact(
        id=identity.decode(),
        kind=_KINDS[values[b"k"]],
        at=_seconds(identity),
        steps=(int(steps),) if steps.isdigit() else tuple(map(int, steps.split(b","))) if steps else (),
        token=int(values[b"t"]),
        raw=values[b"d"],
    )


def beginning(identity: str, kind: str) -> Fact:
    """What a run has told first."""
    return Fact(id=identity, kind=FactKind(kind), at=_seconds(identity.encode()))


def _seconds(identity: bytes) -> float:
    """When it was told, which its place in the stream says."""
    return int(identity[: identity.index(b"-")]) / 1000
