"""Sixty-four shared bytes for each child: what it runs, and what is wanted of it.

The child writes what it does; the sidecar reads it, and writes what it wants: stop this step, take no
more. Changes of the current step and kills are made under a lock that the kernel frees on death, so a
kill can never hit the next, innocent step.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assetflow.runs.claims import Claim

SIZE = 64
# pid, step (-1: none), token, nonce, run id | token to stop, drain
_CHILD = struct.Struct("<IiQI26s")
_ORDERS = struct.Struct("<QB")
_ORDERS_AT = 48
assert _CHILD.size <= _ORDERS_AT and _ORDERS_AT + _ORDERS.size <= SIZE


@dataclass(frozen=True, slots=True)
class CellState:
    """What a child says of itself."""

    pid: int
    step: int
    token: int
    nonce: int
    run_id: str

    @property
    def busy(self) -> bool:
        """Whether it runs a step."""
        return self.step >= 0


class Cell:
    """One child's shared bytes, mapped into this process.

    Args:
        path: its file; the name is the child's random name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR)
        self._map = mmap.mmap(self._descriptor, SIZE)

    @staticmethod
    def create(folder: Path) -> Cell:
        """A new cell for this process."""
        path = folder / secrets.token_hex(8)
        scratch = folder / f".{path.name}"
        scratch.write_bytes(_CHILD.pack(os.getpid(), -1, 0, 0, b"").ljust(SIZE, b"\0"))
        scratch.rename(path)
        return Cell(path)

    @property
    def name(self) -> str:
        """The child's random name."""
        return self.path.name

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody changes the current step or kills the child meanwhile."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def read(self) -> CellState:
        """What the child runs."""
        pid, step, token, nonce, run_id = _CHILD.unpack_from(self._map, 0)
        return CellState(pid, step, token, nonce, run_id.rstrip(b"\0").decode())

    def set_step(self, run_id: str, claim: Claim | None) -> None:
        """Write what this child runs now. For the child only."""
        step, token, nonce = (claim.step, claim.token, claim.nonce) if claim else (-1, 0, 0)
        with self.locked():
            _CHILD.pack_into(self._map, 0, os.getpid(), step, token, nonce, run_id.encode())

    @property
    def token_to_stop(self) -> int:
        """The claim that is to be stopped; 0 for none."""
        return int(_ORDERS.unpack_from(self._map, _ORDERS_AT)[0])

    @property
    def draining(self) -> bool:
        """Whether the child should take no further steps."""
        return bool(_ORDERS.unpack_from(self._map, _ORDERS_AT)[1])

    def order_stop(self, token: int) -> None:
        """Ask the child to stop this claim. For the sidecar only."""
        _ORDERS.pack_into(self._map, _ORDERS_AT, token, self.draining)

    def order_drain(self) -> None:
        """Ask the child to take no further steps."""
        _ORDERS.pack_into(self._map, _ORDERS_AT, self.token_to_stop, 1)

    def close(self) -> None:
        """Unmap; the file stays."""
        self._map.close()
        os.close(self._descriptor)
