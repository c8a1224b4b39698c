"""Which files belong to installed packages."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_FOLDERS = frozenset({"site-packages", "dist-packages"})


@lru_cache(maxsize=16_384)
def is_installed(file: str) -> bool:
    """Whether a file belongs to an installed package."""
    return not _FOLDERS.isdisjoint(Path(os.path.realpath(file)).parts)
