"""Making a server forget its last writes, as a power cut does; killing it alone loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from assetflow.clock import pause
from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What was lost.

    Attributes:
        cut: bytes of the append-only file that were written and never synced.
    """

    cut: int


def roll_back(server: Valkey, *, seconds: float) -> RolledBack:
    """Cut the power of a server that syncs every second, some seconds after its last sync.

    From now on nothing is synced, and so nobody is told that it was. What the disk holds is copied while the server
    stands still; it goes on for a while, is killed, and finds the copy when it starts.
    """
    client = connect(server.url)
    client.execute_command("WAITAOF", 1, 0, 2000)
    client.config_set("appendfsync", "no")
    client.close()
    folder, copy = server.directory, server.directory.with_name(server.directory.name + ".before")
    os.kill(server.pid, signal.SIGSTOP)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sock"))
    os.kill(server.pid, signal.SIGCONT)
    pause(seconds)
    server.kill()
    lost = _size(folder) - _size(copy)
    for path in folder.rglob("*.aof"):
        path.unlink()
    shutil.copytree(copy, folder, dirs_exist_ok=True)
    shutil.rmtree(copy)
    server.revive()
    return RolledBack(cut=lost)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.aof"))
