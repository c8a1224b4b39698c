"""A daemon whose clock runs fast, from one moment to another, and is the same in all processes.

``python -m tests.support.fast_daemon MODULE BEGAN SPEED START END``, in seconds; BEGAN by the real clock.
"""

from __future__ import annotations

import signal
import sys
import time

from assetflow.daemon.composition import build_daemon
from assetflow.wiring import current_settings

LEASE_SECONDS = 1.0


def main(module: str, began: float, speed: float, start: float, end: float) -> None:
    def clock() -> float:
        return min(start + (time.time() - began) * speed, end)

    daemon = build_daemon(current_settings(), [module], clock=clock, lease_seconds=LEASE_SECONDS, pulse=0.05)
    signal.signal(signal.SIGTERM, lambda *_: daemon.ask_to_stop())
    daemon.run()


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
