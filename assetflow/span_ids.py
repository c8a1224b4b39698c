"""Ids of traces and spans, derived from runs: whoever knows a run knows them, and no message has to carry them.

The id of a run is a ULID, and has the 128 bits of the id of a trace.
"""

from __future__ import annotations

import hashlib

from ulid import ULID


def trace_id(run_id: str) -> int:
    """The id of a run's trace: 128 bits, never 0."""
    try:
        found = int(ULID.from_str(run_id))
    except ValueError:
        found = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:16], "big")
    return found or 1


def span_id(run_id: str, *parts: object) -> int:
    """The id of a span of it: 64 bits, never 0.

    Args:
        parts: nothing for the run itself; index of the step and token of the claim for a try of a step; and the name of
            the phase for a part of that.
    """
    text = "\0".join(("assetflow", run_id, *map(str, parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") or 1
