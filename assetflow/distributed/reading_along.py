"""The sidecar's part in the logs of steps: it reads along while they run, and keeps what the dead have left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from assetflow.config.environment import learn_names
from assetflow.distributed.cells import NAMES, Cell, CellState
from assetflow.distributed.log_keeping import LogKeeping
from assetflow.distributed.spool import Spool
from assetflow.runs.facts import LogDetail
from assetflow.runs.step_logs import KeptLog

LOOK_EVERY = 0.1  # seconds, while steps run
HURRY = 0.02  # while one of them writes so much that its file has to be kept small
NEVER = 3600.0
_IN_A_HURRY = 4_000_000  # bytes since the last look
_LAST_SECONDS = 10.0


class ReadingAlong:
    """Reads the spools of a worker's slots.

    Args:
        folder: where they lie.
        keeping: where the logs go; None if none are kept.

    Attributes:
        pause: seconds until it wants to look again.
    """

    def __init__(self, folder: Path, keeping: LogKeeping | None) -> None:
        self._folder = folder
        self._keeping = keeping
        self._spools: dict[str, Spool] = {}
        self._sizes: dict[str, int] = {}
        self._storing: list[threading.Thread] = []
        self.pause = NEVER

    def look(self, cells: Iterable[Cell]) -> None:
        """Send along what running steps have written since the last look, and bound what they take of the disk."""
        self.pause = NEVER
        learn_names(self._folder / NAMES)
        for cell in cells if self._keeping is not None else ():
            state = cell.read()
            if not state.busy:
                self._sizes.pop(cell.name, None)
                continue
            assert self._keeping is not None
            spool = self._spool(cell)
            self._keeping.send(spool, cell, state.run_id, state.claim, whole=False, is_current=_still(cell, state))
            spool.thin_out(self._keeping.most)
            size = sum(spool.sizes)
            fast = size - self._sizes.get(cell.name, 0) > _IN_A_HURRY
            self.pause = min(self.pause, HURRY if fast else LOOK_EVERY)
            self._sizes[cell.name] = size

    def left_by(self, cell: Cell, state: CellState) -> tuple[KeptLog | None, LogDetail | None]:
        """What a step has written whose process is gone, and what to tell of it. It is being stored meanwhile."""
        if self._keeping is None or not state.busy:
            return None, None
        learn_names(self._folder / NAMES)
        keeping, spool = self._keeping, self._spool(cell)
        log = keeping.read(spool)
        if not log.size:
            return None, None
        keeping.send(spool, cell, state.run_id, state.claim, whole=True)
        told = keeping.told(log, state.run_id, state.claim, cell.place)
        # The place may be far away, and whoever is to run the step again must not wait for it.
        thread = threading.Thread(target=keeping.store, args=(log, told), name="assetflow-log", daemon=True)
        self._storing = [one for one in self._storing if one.is_alive()]
        self._storing.append(thread)
        thread.start()
        return log, told

    def forget(self, cell: Cell) -> None:
        """The slot is gone: remove its spool."""
        if self._keeping is not None:
            self._spool(cell).remove()
            del self._spools[cell.name]

    def finish(self) -> None:
        """Wait a while for what is still being stored."""
        for thread in self._storing:
            thread.join(_LAST_SECONDS)

    def _spool(self, cell: Cell) -> Spool:
        if cell.name not in self._spools:
            self._spools[cell.name] = Spool(self._folder, cell.name)
        return self._spools[cell.name]


def _still(cell: Cell, state: CellState) -> Callable[[], bool]:
    return lambda: cell.read().token == state.token
