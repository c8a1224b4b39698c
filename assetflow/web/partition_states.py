"""Partitions of assets: what the desk tells of them, with what live runs do, kept until something changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from assetflow.web.backend import Backend
from assetflow.web.statuses import Statuses

_KEPT = 100


class PartitionStates:
    """Asks the desk, and remembers. Thread-safe."""

    def __init__(self, backend: Backend, statuses: Statuses) -> None:
        self._backend = backend
        self._statuses = statuses
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()

    def ask(self, question: str, env: str, key: str, **more: Any) -> bytes:
        """The answer to a question about the partitions of an asset, as JSON.

        Raises:
            DeskRefusedError: it has none.
        """
        desk = self._backend.desk
        doing = self._statuses.partitions_of(env, key)
        mark = (
            question, env, key, tuple(sorted(more.items(), key=repr)), tuple(sorted(doing.items())),
            desk.loaded().version, self._backend.history().marker(),
        )  # fmt: skip
        with self._lock:
            if (known := self._kept.get(mark)) is not None:
                self._kept.move_to_end(mark)
                return known
        found = desk.ask(question, {"key": key, "env": env, "doing": doing, **more}, seconds=60)
        with self._lock:
            self._kept[mark] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found
