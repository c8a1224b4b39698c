"""Who watches what: each page's changes are folded until it is painted again, so that a storm is one paint."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

PAINT_EVERY = 0.1  # seconds
HEARTBEAT = 15.0
MOST_WATCHERS = 200
_MOST_EVENTS = 5000  # of a run, or lines of a log, that wait for a page; beyond, it is told to look again
Record = dict[str, Any]


class Watcher:
    """One page, and what it has not been told yet.

    Args:
        topics: that it asked for, such as ``runs`` and ``run:ID``.
        env: whose statuses it wants.
    """

    def __init__(self, topics: frozenset[str], env: str) -> None:
        self.topics = topics
        self.env = env
        self._pending: dict[str, Record] = {}
        self._last_id = ""
        self._wake = asyncio.Event()
        self._awaits_all = self.wants("status")
        self._closed = False
        self._painted = 0.0

    def wants(self, topic: str) -> bool:
        """Whether it asked for this."""
        return topic in self.topics

    def put(self, event: str, data: Record, position: str) -> None:
        """Fold something in; called in the loop of the server."""
        self._last_id = position or self._last_id
        pending = self._pending
        if event == "status":
            pending.setdefault(event, {}).update(data)
        elif event == "runs":
            items = pending.setdefault(event, {"items": {}})["items"]
            items.update({one["id"]: one for one in data["items"]})
        elif event == "run":
            self._put_run(data)
        elif event == "logs":
            name = f"logs {data['run']} {data['step']}"
            lines = pending.setdefault(name, {**data, "lines": []})["lines"]
            lines.extend(data["lines"])
            if len(lines) > _MOST_EVENTS:
                self._pending = {"resync": {}}
        else:
            pending[event] = data
        if event != "status" or not self._awaits_all:
            self._wake.set()

    def put_all_statuses(self, found: Record) -> None:
        """What it begins with; nothing is painted of statuses before. What has changed meanwhile is newer."""
        self._awaits_all = False
        if statuses := {**found, **self._pending.get("status", {})}:
            self._pending["status"] = statuses
            self._wake.set()

    def _put_run(self, data: Record) -> None:
        held = self._pending.setdefault(
            f"run {data['id']}", {"id": data["id"], "steps": {}, "summary": None, "events": []}
        )
        held["steps"].update({one["index"]: one for one in data["steps"]})
        held["summary"] = data["summary"] or held["summary"]
        held["events"].extend(data["events"])
        if len(held["events"]) > _MOST_EVENTS:
            self._pending = {"resync": {}}

    def close(self) -> None:
        """Say no more."""
        self._closed = True
        self._wake.set()

    async def paint(self) -> bytes | None:
        """What is to be sent next; None when it is over. At most ten times a second."""
        try:
            await asyncio.wait_for(self._wake.wait(), HEARTBEAT)
        except TimeoutError:
            return b": still here\n\n"
        if not self._closed and (rest := self._painted + PAINT_EVERY - time.monotonic()) > 0:
            await asyncio.sleep(rest)
        self._wake.clear()
        if self._closed:
            return None
        self._painted = time.monotonic()
        pending, self._pending = self._pending, {}
        if self._awaits_all and "status" in pending:
            self._pending["status"] = pending.pop("status")
        return b"".join(
            framed(name.partition(" ")[0], _plain(name, data), self._last_id) for name, data in pending.items()
        )


def framed(event: str, data: Any, position: str) -> bytes:
    """An event as it goes over the wire."""
    head = f"id: {position}\nevent: {event}\n" if position else f"event: {event}\n"
    return head.encode() + b"data: " + _encoder.encode(data) + b"\n\n"


def _plain(name: str, data: Record) -> Any:
    if name == "runs":
        return {"items": list(data["items"].values())}
    if name.startswith("run "):
        return {**data, "steps": list(data["steps"].values())}
    return data


_encoder = msgspec.json.Encoder()


class LiveBoard:
    """All watchers of this process. Used in the loop of the server, but for `publish`."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closing = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop that watchers live in."""
        self._loop = loop

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks."""
        return bool(self._watchers)

    @property
    def is_full(self) -> bool:
        """Whether there is room for nobody else."""
        return len(self._watchers) >= MOST_WATCHERS

    def topics(self) -> set[str]:
        """All that is asked for."""
        return {topic for watcher in list(self._watchers) for topic in watcher.topics}

    def envs(self) -> set[str]:
        """The environments whose statuses are asked for."""
        return {watcher.env for watcher in list(self._watchers) if watcher.wants("status")}

    def join(self, watcher: Watcher) -> None:
        """Begin to tell a page."""
        self._watchers.add(watcher)
        if self.closing:
            watcher.close()

    def leave(self, watcher: Watcher) -> None:
        """It has gone."""
        self._watchers.discard(watcher)

    def publish(self, topic: str, event: str, data: Record, position: str = "", env: str = "") -> None:
        """Tell all who asked, from any thread.

        Args:
            topic: that they asked for; empty for everybody.
            env: only those who look at this environment.
        """
        if self._loop is not None and self._watchers:
            self._loop.call_soon_threadsafe(self._spread, topic, event, data, position, env)

    def _spread(self, topic: str, event: str, data: Record, position: str, env: str) -> None:
        for watcher in self._watchers:
            if (not topic or watcher.wants(topic)) and (not env or watcher.env == env):
                watcher.put(event, data, position)

    def close(self) -> None:
        """End all connections."""
        self.closing = True
        for watcher in self._watchers:
            watcher.close()
