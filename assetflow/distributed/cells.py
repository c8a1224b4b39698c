"""A few shared bytes for each child: what it runs, and what is wanted of it.

The child writes what it does; the sidecar reads it, and writes what it wants: stop this step, take no
more. It notes there, too, how much of the step's output it has sent along. Changes of the current step and
kills are made under a lock that the kernel frees on death, so a kill can never hit the next, innocent step.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from assetflow.runs.claims import Claim

SIZE = 1024
NAMES = "names"  # file beside the cells: variables that configs have named, whose values are secrets
_BETWEEN_WAKE_UPS = 0.5  # seconds: longer than a slice
_NOTHING, _OPENING = -1, -2
# pid, step (-1: none, -2: it opens the run), token, nonce, retries, timeout, deadline, last woken, wants to go, run id
_CHILD = struct.Struct("<iiQIHdddB26s")
# token to stop, why, drain, quarantine
_ORDERS = struct.Struct("<QBBB")
_ORDERS_AT = 96
_STOPS = struct.calcsize("<QB")  # from here on: drain, quarantine
# token, and bytes of its output that were sent along
_SENT = struct.Struct("<QQQ")
_SENT_AT = 128
# where the child's log is to be kept
_PLACE = struct.Struct("<H768s")
_PLACE_AT = 160
assert _CHILD.size <= _ORDERS_AT and _ORDERS_AT + _ORDERS.size <= _SENT_AT
assert _SENT_AT + _SENT.size <= _PLACE_AT and _PLACE_AT + _PLACE.size <= SIZE


class StopReason(IntEnum):
    """Why a claim is to be stopped."""

    NONE = 0
    CANCELLED = 1
    TIMED_OUT = 2


@dataclass(frozen=True, slots=True)
class CellState:
    """What a child says of itself.

    Attributes:
        step: that it runs; below 0 for none.
        timeout: seconds the step may take; 0 for any time.
        deadline: when the step should be over, on the clock of `time.monotonic`; 0 for never.
        woken: when it last began to work on a run, on the same clock.
        wants_to_go: its process is not as it was, and should be replaced when it is idle.
    """

    pid: int
    step: int
    token: int
    nonce: int
    retries: int
    timeout: float
    deadline: float
    woken: float
    wants_to_go: bool
    run_id: str

    @property
    def busy(self) -> bool:
        """Whether it runs a step."""
        return self.step >= 0

    @property
    def opening(self) -> bool:
        """Whether it reads a run's plan and imports its code."""
        return self.step == _OPENING

    @property
    def engaged(self) -> bool:
        """Whether it works on a run. Between two steps, or two wake-ups, it does too.

        A slot that is taken for idle there has more and more wake-ups sent to it: those in its queue seem lost.
        """
        return self.busy or self.opening or time.monotonic() - self.woken < _BETWEEN_WAKE_UPS

    @property
    def overdue(self) -> bool:
        """Whether its step has run for too long."""
        return self.busy and 0 < self.deadline < time.monotonic()

    @property
    def claim(self) -> Claim:
        """The claim that it works on."""
        return Claim(self.step, self.token, self.nonce, self.retries)


@dataclass(frozen=True, slots=True)
class Orders:
    """What is wanted of a child."""

    stop_token: int = 0
    reason: StopReason = StopReason.NONE
    drain: bool = False
    quarantine: bool = False


class Cell:
    """One child's shared bytes, mapped into this process.

    Args:
        path: its file; the name is the child's random name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR)
        self._map = mmap.mmap(self._descriptor, SIZE)
        self._woken = time.monotonic()
        self._wants_to_go = False

    @staticmethod
    def create(folder: Path) -> Cell:
        """A new cell for this process."""
        path = folder / secrets.token_hex(8)
        scratch = folder / f".{path.name}"
        first = _CHILD.pack(os.getpid(), _NOTHING, 0, 0, 0, 0.0, 0.0, time.monotonic(), 0, b"")
        scratch.write_bytes(first.ljust(SIZE, b"\0"))
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
        pid, step, token, nonce, retries, timeout, deadline, woken, wants_to_go, run_id = _CHILD.unpack_from(self._map)
        run = run_id.rstrip(b"\0").decode()
        return CellState(pid, step, token, nonce, retries, timeout, deadline, woken, bool(wants_to_go), run)

    def set_step(self, run_id: str, claim: Claim, timeout: float | None) -> None:
        """Write what this child runs now. For the child only, as what follows."""
        deadline = time.monotonic() + timeout if timeout else 0.0
        self._write(run_id, claim.step, claim.token, claim.nonce, min(claim.retries, 65_535), timeout or 0.0, deadline)

    def set_opening(self, run_id: str) -> None:
        """Write that this child opens a run."""
        self._woken = time.monotonic()
        self._write(run_id, _OPENING)

    def set_idle(self) -> None:
        """Write that this child runs no step."""
        self._write("", _NOTHING)

    def set_woken(self) -> None:
        """Write that this child was woken just now."""
        self._woken = time.monotonic()
        self._write("", _NOTHING)

    def ask_to_go(self) -> None:
        """Ask for another process in this one's place."""
        self._wants_to_go = True
        self._write("", _NOTHING)

    def _write(
        self,
        run_id: str,
        step: int,
        token: int = 0,
        nonce: int = 0,
        retries: int = 0,
        timeout: float = 0.0,
        deadline: float = 0.0,
    ) -> None:
        # As in `locked`, without its context manager, which would take longer than the rest of a step's two writes.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            _CHILD.pack_into(
                self._map, 0, os.getpid(), step, token, nonce, retries, timeout, deadline, self._woken,
                self._wants_to_go, run_id.encode(),
            )  # fmt: skip
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    @property
    def takes_no_more(self) -> bool:
        """Whether the child is to take no more steps: one of the orders, without reading all."""
        return any(self._map[_ORDERS_AT + _STOPS : _ORDERS_AT + _ORDERS.size])

    @property
    def orders(self) -> Orders:
        """What is wanted of the child."""
        token, reason, drain, quarantine = _ORDERS.unpack_from(self._map, _ORDERS_AT)
        return Orders(token, StopReason(reason), bool(drain), bool(quarantine))

    def order(self, **changes: object) -> None:
        """Change what is wanted of the child: names and values of `Orders`. For the guards only."""
        wanted = replace(self.orders, **changes)  # type: ignore[arg-type]
        _ORDERS.pack_into(self._map, _ORDERS_AT, wanted.stop_token, wanted.reason, wanted.drain, wanted.quarantine)

    @property
    def place(self) -> str:
        """Where what the child's step writes is to be kept; empty for nowhere."""
        length, raw = _PLACE.unpack_from(self._map, _PLACE_AT)
        return str(raw[:length].decode())

    def set_place(self, place: str) -> None:
        """Say where it is to be kept. For the child only; a place with a longer name is not passed on."""
        raw = place.encode()
        raw = raw if len(raw) <= _PLACE.size - 2 else b""
        _PLACE.pack_into(self._map, _PLACE_AT, len(raw), raw)

    def sent(self, token: int) -> tuple[int, int]:
        """How many bytes of that claim's standard output and standard error were sent along."""
        known, out, err = _SENT.unpack_from(self._map, _SENT_AT)
        return (out, err) if known == token else (0, 0)

    def set_sent(self, token: int, sizes: tuple[int, int]) -> None:
        """Note how many. For the guards only."""
        _SENT.pack_into(self._map, _SENT_AT, token, *sizes)

    def close(self) -> None:
        """Unmap; the file stays."""
        self._map.close()
        os.close(self._descriptor)
