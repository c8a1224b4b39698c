"""A project that has never loaded."""

from __future__ import annotations

from assetflow import asset


@asset
def seeds() -> int:
    """What is left."""
    return 1


def look_into_the_shed() -> None:
    raise RuntimeError("no seeds left")


look_into_the_shed()
