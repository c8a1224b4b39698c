"""A stretch of time."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class TimeWindow(NamedTuple):
    """A stretch of time, its end excluded.

    Attributes:
        start: aware.
        end: aware; the first moment that is not in it.
    """

    start: datetime
    end: datetime
