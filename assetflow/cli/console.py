"""Where text goes: results to standard output, everything about the way there to standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from assetflow.errors import AssetflowError, CheckError


class _Console(Console):
    """A console that knows whether tracebacks are wanted."""

    @property
    def is_traced(self) -> bool:
        """Whether ``ASSETFLOW_TRACE`` asks for tracebacks of our own errors."""
        return bool(os.environ.get("ASSETFLOW_TRACE"))  # noqa: TID251 (how errors are shown, not what is done)


# What reads a pipe does not fold lines: a table there is as wide as it needs.
OUT = _Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 500)
ERR = _Console(stderr=True, highlight=False, soft_wrap=True)


def show_error(error: AssetflowError | CheckError) -> None:
    """Say what is wrong, where, and what to do."""
    message = error.message if isinstance(error, AssetflowError) else str(error)
    line = Text("error: ", style="bold red")
    line.append(message, style="not bold default")
    ERR.print(line)
    if isinstance(error, AssetflowError):
        for label, text in (("at", error.where), ("fix", error.fix)):
            if text:
                ERR.print(Text.assemble((f"  {label + ':':<5}", "dim"), text))


def print_json(record: dict[str, Any]) -> None:
    """One object on one line of standard output."""
    sys.stdout.write(json.dumps(record, default=str) + "\n")
    sys.stdout.flush()


def size_text(size: int) -> str:
    """A number of bytes as people say it."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def count_text(count: int, noun: str, plural: str = "") -> str:
    """``1 step``, ``2 steps``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def ago_text(seconds: float) -> str:
    """How long ago something was, as people say it."""
    if seconds < 1:
        return "just now"
    if seconds < 90:
        return f"{seconds:.0f} s ago"
    for unit, length in (("min", 60), ("h", 3600), ("days", 86_400)):
        if seconds < length * (100 if unit == "min" else 48):
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds / 86_400:,.0f} days ago"
