"""Whether the worker of this container, or machine, is well: exit code 0 if it is, 1 if it should be started again.

::

    python -m workers.healthcheck

A worker is well if it has told the store lately that it is alive. Its sidecar does so only as long as the worker's
processes are there, and ends a worker that hears no wake-ups any more; so this asks for the thing itself, and not for
an open port. While the store is away nobody can tell, and to start the worker again would not help: that is well, too.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from assetflow.errors import AssetflowError
from assetflow.process_identity import born
from assetflow.runs.registry import DEAD_AFTER, WorkerView
from assetflow.wiring import connect, current_settings


def unwell(views: Sequence[WorkerView], host: str, pid_space: str) -> str:
    """What is wrong with the workers that are here; empty if one of them is well.

    Args:
        views: all that the store knows.
        pid_space: identity of the pid namespace, as `WorkerInfo` has it.
    """
    here = [view for view in views if view.info.host == host and view.info.pid_space in ("", pid_space)]
    if not here:
        return "no worker of this machine has told the store that it is alive"
    # An ended process can still be known for a moment; another may have its number by now.
    there = [view for view in here if not pid_space or born(view.info.pid) == view.info.born]
    if not there:
        return "the worker's process is gone"
    silent = min(view.last_beat for view in there)
    return f"the worker was last heard of {silent:.0f} s ago" if silent > DEAD_AFTER else ""


def main() -> int:
    """The exit code."""
    try:
        settings = current_settings()
        views = connect(settings, only_live=True).registry.workers()
    except AssetflowError as error:
        print(f"nobody can tell: {error.message}")
        return 0
    try:
        space = os.readlink(Path("/proc/self/ns/pid"))
    except OSError:
        space = ""
    complaint = unwell(views, platform.node(), space)
    print(complaint or "well")
    return 1 if complaint else 0


if __name__ == "__main__":
    sys.exit(main())
