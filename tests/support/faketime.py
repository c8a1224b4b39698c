"""libfaketime: processes whose clock is wrong, and can be put wrong while they run."""

from __future__ import annotations

from pathlib import Path

MISSING = "there is no libfaketime here: apt-get install -y faketime"


def library() -> Path:
    """Where it is, for LD_PRELOAD."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    assert found, MISSING
    return found[0]


def environment(shift: str = "", control: Path | None = None) -> dict[str, str]:
    """What a process needs for another clock.

    Args:
        shift: such as ``+1h``.
        control: a file that says the shift instead, and may be changed at any time.
    """
    place = {"LD_PRELOAD": str(library())}
    if control is not None:
        return {**place, "FAKETIME_TIMESTAMP_FILE": str(control), "FAKETIME_NO_CACHE": "1"}
    return {**place, "FAKETIME": shift}
