"""Where in the user's code something was defined."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A file and a line.

    Attributes:
        file: absolute path.
        line: counted from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        """``pipeline.py:12``; relative where the file lies below the working folder."""
        here = os.getcwd() + os.sep
        return f"{self.file.removeprefix(here)}:{self.line}"


def location_of(function: Callable[..., Any]) -> SourceLocation | None:
    """Where a function was written; None for what has no source, such as a builtin."""
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return SourceLocation(code.co_filename, code.co_firstlineno) if code else None
