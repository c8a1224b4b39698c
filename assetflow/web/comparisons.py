"""Comparisons of stored values, which may take minutes: they go on while nobody waits, and are asked for again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from assetflow.web.desk_keeper import DeskKeeper, DeskLateError
from assetflow.web.refusals import Refused

_AT_ONCE = 2  # each holds two values in memory
_MOST_WAITING = 20
_MOST_KEPT = 50
_KEPT_SECONDS = 120.0
LONGEST = 900.0  # seconds

Told = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """One that is made, or was.

    Attributes:
        key: what is compared, in which definitions.
        lasts: its answer will not be another: versions do not change, what an environment publishes does.
        began: when it was asked for, in seconds since the epoch.
        answer: JSON, once it is there; or why there is none. Take it with `Comparisons.take`.
    """

    key: Told
    lasts: bool
    began: float = field(default_factory=time.time)
    answer: Future[bytes | Exception] = field(default_factory=Future)


class Comparisons:
    """Makes comparisons, few at once, each once. Thread-safe.

    Args:
        desk: that compares.
        seconds: one may take.
        now: seconds by a clock that only goes forward.
    """

    def __init__(
        self, desk: DeskKeeper, *, seconds: float = LONGEST, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._desk = desk
        self._seconds = seconds
        self._now = now
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="assetflow-compare")
        self._lock = threading.Lock()
        self._known: dict[Told, Comparison] = {}
        self._ended: dict[Told, float] = {}

    def of(self, asked: dict[str, Any]) -> Comparison:
        """The comparison that is asked for: one that is being made, one that was just made, or a new one.

        Raises:
            Refused: too many are waiting.
        """
        key = (*sorted(asked.items()), ("definitions", self._desk.loaded().version))
        with self._lock:
            self._forget_old()
            if (found := self._known.get(key)) is not None:
                return found
            if sum(not one.answer.done() for one in self._known.values()) >= _AT_ONCE + _MOST_WAITING:
                raise Refused(429, "too_many", "too many values are being compared", fix="try again later")
            names = [str(asked.get(name) or "@") for name in ("a", "b")]
            found = self._known[key] = Comparison(key=key, lasts=not any(name.startswith("@") for name in names))
        self._pool.submit(self._make, found, asked)
        return found

    def take(self, comparison: Comparison) -> bytes:
        """The answer of one that has ended. What may be another the next time is compared anew then.

        Raises:
            AssetflowError: there is none.
        """
        told = comparison.answer.result()
        if not comparison.lasts or isinstance(told, Exception):
            with self._lock:
                if self._known.get(comparison.key) is comparison:
                    del self._known[comparison.key]
                    self._ended.pop(comparison.key, None)
        if isinstance(told, Exception):
            raise told
        return told

    def close(self) -> None:
        """Begin no other; those that are made end with the desk."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make(self, comparison: Comparison, asked: dict[str, Any]) -> None:
        """Compare; that it has ended is known before its answer is."""
        told: bytes | Exception
        try:
            told = self._desk.ask("difference", asked, seconds=self._seconds)
        except DeskLateError:
            told = DeskLateError(
                f"comparing took longer than {self._seconds:g} s, and was stopped",
                fix="compare them with `assetflow diff`, which takes the time it needs",
            )
        except Exception as error:
            told = error
        with self._lock:
            self._ended[comparison.key] = self._now()
        comparison.answer.set_result(told)

    def _forget_old(self) -> None:
        """What has ended a while ago is compared anew: it may be another by now."""
        since = self._now() - _KEPT_SECONDS
        surplus = len(self._ended) - _MOST_KEPT
        for number, (key, ended) in enumerate(list(self._ended.items())):
            if ended < since or number < surplus:
                del self._ended[key]
                self._known.pop(key, None)
