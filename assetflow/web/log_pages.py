"""Logs by the page: read once, kept for whoever scrolls, searched on the server."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from assetflow.engine.run_logs import RunLogs
from assetflow.planning.plan import Plan
from assetflow.runs.log_lines import LogLine
from assetflow.runs.store import RunStore
from assetflow.web.schemas.runs import LogItem, LogPage

_KEPT = 6
_KEPT_LINES = 400_000  # of all logs together
_LIVE_FOR = 0.5  # seconds that lines of a live run are as good as new
_MOST_MATCHES = 10_000
_COLOURS = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@dataclass(frozen=True, slots=True)
class _Read:
    lines: list[LogLine]
    is_over: bool
    at: float


def shown_of(text: str) -> str:
    """A line as people see it: without what colours it."""
    return _COLOURS.sub("", text) if "\x1b" in text else text


class LogPages:
    """Reads logs. Thread-safe."""

    def __init__(self, store: Callable[[], RunStore], logs: Callable[[], RunLogs]) -> None:
        self._store = store
        self._logs = logs
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str | None], _Read] = OrderedDict()

    def page(
        self,
        run_id: str,
        plan: Plan,
        step: str | None,
        attempt: int | None,
        streams: tuple[str, ...],
        offset: int,
        limit: int,
        text: str | None = None,
    ) -> LogPage:
        """Some lines of a run, or of a step.

        Raises:
            InvalidInvocationError: the run has no such step.
        """
        read = self.read(run_id, plan, step)
        lines = read.lines
        if attempt is not None or streams:
            lines = [
                line
                for line in lines
                if (attempt is None or line.attempt == attempt) and (not streams or line.stream.value in streams)
            ]
        matches = None
        if text is not None:
            wanted = text.lower()
            found = (number for number, line in enumerate(lines) if wanted in shown_of(line.text).lower())
            matches = list(islice(found, _MOST_MATCHES))
        shown = lines[offset : offset + limit]
        end = offset + len(shown)
        return LogPage(
            lines=[
                LogItem(n=offset + place, at=line.at, stream=line.stream.value, level=line.level, text=line.text)
                for place, line in enumerate(shown)
            ],
            total_lines=len(lines),
            next_offset=end if end < len(lines) else None,
            live=not read.is_over,
            matches=matches,
        )

    def read(self, run_id: str, plan: Plan, step: str | None) -> _Read:
        """All lines there are by now."""
        name = (run_id, step)
        with self._lock:
            known = self._kept.get(name)
            if known is not None and (known.is_over or time.monotonic() - known.at < _LIVE_FOR):
                self._kept.move_to_end(name)
                return known
        over = self._store().view(run_id, steps=False).status.is_terminal  # asked first: what comes later is read again
        found = _Read(list(self._logs().lines(run_id, plan, step)), over, time.monotonic())
        with self._lock:
            self._kept[name] = found
            while len(self._kept) > 1 and (
                len(self._kept) > _KEPT or sum(len(one.lines) for one in self._kept.values()) > _KEPT_LINES
            ):
                self._kept.popitem(last=False)
        return found
