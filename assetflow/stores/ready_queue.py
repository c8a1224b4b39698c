"""The ready steps of one queue, best first."""

from __future__ import annotations

import heapq


class ReadyQueue:
    """Steps by falling rank, then by rising index; the order a sorted set in Redis keeps."""

    __slots__ = ("_heap", "_members")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._members: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._members)

    def add(self, step: int, rank: int) -> None:
        """Put a step in; nothing happens if it is there."""
        if step not in self._members:
            self._members[step] = rank
            heapq.heappush(self._heap, (-rank, step))

    def discard(self, step: int) -> bool:
        """Take a given step out; False if it is not there."""
        return self._members.pop(step, None) is not None

    def pop(self) -> int:
        """Take the best step out; IndexError if there is none."""
        while True:
            rank, step = heapq.heappop(self._heap)
            if self._members.get(step) == -rank:
                del self._members[step]
                return step

    def best(self, start: int, count: int) -> list[int]:
        """Steps at the given places of the order, left where they are."""
        ranked = heapq.nsmallest(start + count, ((-rank, step) for step, rank in self._members.items()))
        return [step for _, step in ranked[start:]]
