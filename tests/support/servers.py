"""Real servers for tests: started on a private socket, stopped at the end, loud when missing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assetflow.local.valkey import Valkey


@contextmanager
def running_valkey(fsync: str = "no") -> Iterator[Valkey]:
    """A Valkey of its own for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="af-test-") as folder, Valkey(Path(folder), fsync=fsync) as server:
        yield server
