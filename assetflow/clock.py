"""Waiting and telling the time: the only home of ``time.sleep``."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, timeout: float, every: float = 0.02) -> bool:
    """Ask again and again until the condition holds; False if it never did.

    Args:
        condition: asked at least once.
        timeout: seconds.
        every: seconds between two questions.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def pause(seconds: float) -> None:
    """Do nothing for a while."""
    time.sleep(seconds)
