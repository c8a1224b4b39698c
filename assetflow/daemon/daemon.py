"""The daemon itself: turns of all code locations, until it is told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from assetflow.clock import wait_until
from assetflow.daemon.location import CodeLocation
from assetflow.errors import AssetflowError
from assetflow.log import logger

_REMIND_EVERY = 60.0
_LAST_TICKS = 5.0


class Daemon:
    """Looks after code locations.

    Args:
        locations: of the modules.
        workers: carry out ticks.
        pulse: seconds between two turns.
    """

    def __init__(self, locations: Sequence[CodeLocation], workers: ThreadPoolExecutor, pulse: float = 0.5) -> None:
        self.locations = locations
        self._workers = workers
        self._pulse = pulse
        self._stopping = threading.Event()
        self._complained = 0.0

    def ask_to_stop(self) -> None:
        """Let `run` come to its end."""
        self._stopping.set()

    def run(self) -> None:
        """Take turns until somebody asks to stop; then finish what is in hand, for a few seconds."""
        while not self._stopping.is_set():
            for location in self.locations:
                self._safely(location)
            self._stopping.wait(self._pulse)
        wait_until(lambda: all(location.is_idle for location in self.locations), timeout=_LAST_TICKS, every=0.05)
        for location in self.locations:
            try:
                location.close()
            except AssetflowError as error:
                logger.warning("the lease of %s ends by itself: %s", location.module, error.message)
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _safely(self, location: CodeLocation) -> None:
        try:
            location.turn()
        except AssetflowError as error:
            now = time.monotonic()
            if not self._complained or now - self._complained > _REMIND_EVERY:
                logger.warning("nothing is evaluated at the moment: %s", error)
                self._complained = now
        except Exception:
            logger.exception("a turn of %s failed; it is tried again", location.module)
        else:
            if self._complained:
                logger.warning("schedules and sensors are evaluated again")
                self._complained = 0.0
