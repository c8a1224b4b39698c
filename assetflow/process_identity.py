"""Telling a process from a later one that was given the same number."""

from __future__ import annotations

from pathlib import Path


def born(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None if there is none, or it is dead and unburied."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
