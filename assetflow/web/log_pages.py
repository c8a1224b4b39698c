"""Logs by the page: read once, kept for whoever scrolls, searched on the server. The first page comes before that."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice

from assetflow.engine.run_logs import RunLogs
from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.planning.plan import Plan
from assetflow.runs.log_lines import LogLine
from assetflow.runs.store import RunStore
from assetflow.web.schemas.runs import LogItem, LogPage

_KEPT = 6
_KEPT_LINES = 400_000  # of all logs together
_LONG = 20_000  # lines, from which on the first page does not wait until all are read
_FIRST = 2000  # lines that are the first page
_LIVE_FOR = 0.5  # seconds that lines of a live run are as good as new
_MOST_MATCHES = 10_000
_COLOURS = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


_Name = tuple[str, str | None]  # of a run and a step


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
        self._kept: OrderedDict[_Name, _Read] = OrderedDict()
        self._coming: dict[_Name, Future[_Read]] = {}  # what is being read now

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
        if text is None and attempt is None and not streams and offset + limit <= _FIRST:
            early = self._early(run_id, plan, step, offset, limit)
            if early is not None:
                return early
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
            lines=_items(shown, offset),
            total_lines=len(lines),
            next_offset=end if end < len(lines) else None,
            live=not read.is_over,
            matches=matches,
        )

    def is_reading(self, run_id: str, step: str | None) -> bool:
        """Whether it is being read now: who asks for more than the first page would have to wait."""
        with self._lock:
            return (run_id, step) in self._coming

    def read(self, run_id: str, plan: Plan, step: str | None) -> _Read:
        """All lines there are by now; who asks for what is being read waits for that."""
        name = (run_id, step)
        with self._lock:
            if (known := self._known(name)) is not None:
                return known
            coming = self._coming.get(name)
            mine = coming is None
            if coming is None:
                coming = self._coming[name] = Future()
        if not mine:
            return coming.result()
        try:
            coming.set_result(self._read(name, plan))
        except BaseException as error:
            coming.set_exception(error)
        finally:
            with self._lock:
                del self._coming[name]
        return coming.result()

    def _early(self, run_id: str, plan: Plan, step: str | None, offset: int, limit: int) -> LogPage | None:
        """The first page of a long log that nobody has read yet, while the rest is read beside; else None."""
        name = (run_id, step)
        with self._lock:
            if self._known(name) is not None:
                return None
        about = self._logs().about(run_id, plan, step)
        if about is None or about <= _LONG:
            return None
        shown = list(islice(self._logs().lines(run_id, plan, step), offset, offset + limit))
        if not self.is_reading(run_id, step):
            threading.Thread(
                target=self._read_beside, args=(run_id, plan, step), name="assetflow-log", daemon=True
            ).start()
        end = offset + len(shown)
        return LogPage(
            lines=_items(shown, offset), total_lines=max(about, end), next_offset=end, live=False, counted=False
        )

    def _read_beside(self, run_id: str, plan: Plan, step: str | None) -> None:
        try:
            self.read(run_id, plan, step)
        except AssetflowError as error:  # who asks for more is told
            logger.debug("a log was not read to its end: %s", error)

    def _known(self, name: _Name) -> _Read | None:
        known = self._kept.get(name)
        if known is None or not (known.is_over or time.monotonic() - known.at < _LIVE_FOR):
            return None
        self._kept.move_to_end(name)
        return known

    def _read(self, name: _Name, plan: Plan) -> _Read:
        run_id, step = name
        over = self._store().view(run_id, steps=False).status.is_terminal  # asked first: what comes later is read again
        found = _Read(list(self._logs().lines(run_id, plan, step)), over, time.monotonic())
        with self._lock:
            self._kept[name] = found
            while len(self._kept) > 1 and (
                len(self._kept) > _KEPT or sum(len(one.lines) for one in self._kept.values()) > _KEPT_LINES
            ):
                self._kept.popitem(last=False)
        return found


def _items(lines: Sequence[LogLine], first: int) -> list[LogItem]:
    return [
        LogItem(n=first + place, at=line.at, stream=line.stream.value, level=line.level, text=line.text)
        for place, line in enumerate(lines)
    ]
