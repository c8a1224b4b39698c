"""Work that leaves the processor to others, as long as they want it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

# Of 19: a tenth of a processor for which another of the session competes. With less it would hold the interpreter's
# lock for so long, on a machine that is overloaded, that other threads of its process are late.
_NICE = 10


class LowPriority:
    """One thread whose work comes after that of all others on the machine. On Linux; elsewhere it is like any other.

    A thread that has lowered its priority may not raise it again, which is why this is one of its own.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=name, initializer=_step_back)

    def do(self, work: Callable[[], T], *, every: float, meanwhile: Callable[[], object]) -> T:
        """Have it done there, and wait for it; what it raises is raised here.

        Args:
            every: seconds, between two times that something is done meanwhile.
            meanwhile: is called in this thread.
        """
        future = self._threads.submit(work)
        while not wait([future], timeout=every).done:
            meanwhile()
        return future.result()

    def close(self) -> None:
        """End the thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _step_back() -> None:
    if sys.platform == "linux":  # where a thread has a priority of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
