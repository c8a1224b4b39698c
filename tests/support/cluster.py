"""A real cluster for tests: Valkey, Celery workers, and hands to hurt them with."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from assetflow.clock import wait_until
from assetflow.local.cluster import LocalCluster, embedded_cluster
from assetflow.wiring import current_settings


@contextmanager
def running_cluster(
    folder: Path, processes: int = 2, modules: tuple[str, ...] = (), *, workers: int = 1
) -> Iterator[LocalCluster]:
    """A cluster whose home is the given folder."""
    settings = replace(current_settings(), home=folder / "home", redis_url=None, broker_url=None)
    with embedded_cluster(settings, processes=processes, workers=workers, modules=modules) as cluster:
        yield cluster


def children_of(pid: int) -> list[int]:
    """Direct children of a process; none if it is gone."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it, or one of its threads, has just ended
            found += [int(text) for text in task.read_text().split()]
    return found


def command_of(pid: int) -> str:
    """The command line of a process; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def slots_of(worker_pid: int) -> list[int]:
    """The children of a worker that run steps: all but its sidecar."""
    return [pid for pid in children_of(worker_pid) if "sidecar" not in command_of(pid)]


def sidecars_of(worker_pid: int) -> list[int]:
    """The worker's sidecar; none while it is being started."""
    return [pid for pid in children_of(worker_pid) if "sidecar" in command_of(pid)]


def descendants_of(pid: int) -> list[int]:
    """All processes below a process."""
    found = []
    for child in children_of(pid):
        found += [child, *descendants_of(child)]
    return found


def kill(pid: int) -> None:
    """SIGKILL, as the kernel's out-of-memory killer sends it."""
    os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def lines_in(path: Path) -> list[str]:
    """Lines that steps have appended to a file."""
    return path.read_text().splitlines() if path.exists() else []


def wait_for_lines(path: Path, count: int, timeout: float = 30.0) -> list[str]:
    """The same, once there are so many."""
    assert wait_until(lambda: len(lines_in(path)) >= count, timeout=timeout), f"only {lines_in(path)}"
    return lines_in(path)
