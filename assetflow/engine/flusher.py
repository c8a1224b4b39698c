"""Settles what a slot has finished while a longer step keeps the slot busy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from assetflow.engine.batch import Batch
from assetflow.log import logger

_LOOKS_IN_VAIN = 8
_LOOKS_BETWEEN = 4  # two looks back


class Flusher:
    """A thread that looks at the running batch a few times a second, only while there is one.

    Args:
        patience: seconds a step may run before its batch-mates stop waiting for it.
        flush: called, with the batch locked, when the current step is held up.
        announce_long: called once for every step that runs longer than the patience.
        look_back: called now and then; whether it wants to be called again although there is no batch.
    """

    def __init__(
        self,
        patience: float,
        flush: Callable[[Batch], None],
        announce_long: Callable[[Batch], None],
        look_back: Callable[[], bool],
    ) -> None:
        self._patience = patience
        self._look_back = look_back
        self._flush = flush
        self._announce_long = announce_long
        self._batch: Batch | None = None
        self._busy = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def watch(self, batch: Batch) -> None:
        """Look after this batch from now on."""
        self._batch = batch
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="assetflow-flusher", daemon=True)
            self._thread.start()
        self._busy.set()

    def rest(self) -> None:
        """There is nothing to look after until the next `watch`."""
        self._batch = None

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._busy.set()

    def _run(self) -> None:
        # It goes on looking for a while after the last batch: to be woken for each of many short ones takes longer.
        pulse, looks, idle = threading.Event(), 0, 0
        while self._busy.wait() and not self._closed:
            pulse.wait(self._patience / 2)
            looks += 1
            remembers = self._remembers(looks)
            batch = self._batch
            if batch is not None:
                self._look(batch)
            idle = 0 if batch is not None or remembers else idle + 1
            if idle > _LOOKS_IN_VAIN:
                self._busy.clear()
                idle = 0
                if self._batch is not None:  # it came just now
                    self._busy.set()

    def _remembers(self, looks: int) -> bool:
        if looks % _LOOKS_BETWEEN:
            return False
        try:
            return self._look_back()
        except Exception:
            logger.exception("the run store cannot be told what it may have lost")
            return True

    def _look(self, batch: Batch) -> None:
        with batch.lock:
            if batch.current is None or time.monotonic() - batch.current_since < self._patience:
                return
            try:
                if not batch.announced:
                    batch.announced = True
                    self._announce_long(batch)
                if batch.is_held_up:
                    self._flush(batch)
            except Exception as error:
                logger.exception("a batch could not be settled; the slot lets go of the run when its step is over")
                batch.broken = error
