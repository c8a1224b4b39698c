"""A disk that is full soon, for one process and its children."""

from __future__ import annotations

import subprocess
from pathlib import Path

SMALL = 16 * 1024 * 1024  # bytes


def small_disk(folder: Path) -> list[str]:
    """A command that starts another one for which the folder is a disk of 16 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o size={SMALL} tmpfs "$0" && cd . && exec "$@"'
    return ["unshare", "-Urm", "sh", "-c", script, str(folder)]


def refusal(folder: Path) -> str:
    """Why this machine does not mount such a disk; empty if it does."""
    try:
        done = subprocess.run([*small_disk(folder), "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip() if done.returncode else ""


def as_seen_by(pid: int, path: Path) -> Path:
    """A path as the process sees it that has the disk."""
    return Path(f"/proc/{pid}/root{path}")
