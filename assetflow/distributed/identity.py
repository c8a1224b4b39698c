"""Who a process is, well enough for a neighbour to prove that it is gone."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

from assetflow.distributed.guardian import SidecarJob
from assetflow.process_identity import born
from assetflow.runs.registry import WorkerInfo


def identify(job: SidecarJob, modules: tuple[str, ...] = (), key: str = "") -> WorkerInfo:
    """What the registry keeps of a worker."""
    return WorkerInfo(
        worker=job.worker,
        host=platform.node(),
        boot=_boot(),
        pid_space=_pid_space(),
        pid=job.parent,
        born=born(job.parent) or 0,
        queues=job.queues,
        slots=job.slots,
        can_kill=job.can_kill,
        modules=modules,
        software=software(),
        key=key,
        started=time.time(),
    )


def software() -> str:
    """The versions of what runs steps in this environment."""
    return f"assetflow {version('assetflow')}, celery {version('celery')}, python {platform.python_version()}"


def is_gone(other: WorkerInfo, here: WorkerInfo) -> bool:
    """Whether a worker of this very machine has ended. False for workers elsewhere: beats decide on them."""
    same = (other.host, other.pid_space) == (here.host, here.pid_space)
    if not same or not here.boot:
        return False
    return other.boot != here.boot or born(other.pid) != other.born


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
