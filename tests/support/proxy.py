"""A proxy in front of a server that cuts, loses, delays and swallows what goes through it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import TracebackType

Rule = Callable[[bytes], bytes | None]  # what to pass on of a piece; None: cut the connection here


class Direction(Enum):
    """Which way bytes go."""

    REQUEST = "to the server"
    REPLY = "to the client"


class Proxy:
    """Listens on a Unix socket and passes everything on to another one, except for what a test forbids.

    Args:
        target: path of the server's socket.
        path: of its own.
    """

    def __init__(self, target: Path, path: Path) -> None:
        self.path = path
        self._target = target
        self._rules: dict[Direction, Rule | None] = {Direction.REQUEST: None, Direction.REPLY: None}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._open = threading.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.passed = {Direction.REQUEST: 0, Direction.REPLY: 0}
        self.connections = 0

    @property
    def url(self) -> str:
        return f"unix://{self.path}?db=0"

    def rule(self, direction: Direction, rule: Rule | None) -> None:
        """What becomes of every piece that goes in a direction; None passes it on."""
        self._rules[direction] = rule

    def close_gate(self) -> None:
        """Swallow everything from now on, and answer nothing: the network is gone, and nobody says so."""
        self._open.clear()

    def open_gate(self) -> None:
        """Pass on again; connections that were opened meanwhile are cut."""
        self._open.set()
        self.cut_all()

    def redirect(self, target: Path) -> None:
        """Pass everything on to another server from now on; connections to the former one are cut."""
        self._target = target
        self.cut_all()

    def cut_all(self) -> None:
        """Close every connection."""

        def close() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(close)

    def __enter__(self) -> Proxy:
        self.path.unlink(missing_ok=True)
        self._thread.start()
        future = asyncio.run_coroutine_threadsafe(self._serve(), self._loop)
        self._server = future.result(5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    async def _serve(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._connected, path=str(self.path))

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            upstream_reader, upstream = await asyncio.open_unix_connection(str(self._target))
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(upstream)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._pump(reader, upstream, Direction.REQUEST), self._pump(upstream_reader, writer, Direction.REPLY)
            )
        for one in (writer, upstream):
            self._writers.discard(one)
            one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while piece := await reader.read(65_536):
                if not self._open.is_set():
                    continue
                rule = self._rules[direction]
                kept = piece if rule is None else rule(piece)
                if kept:
                    self.passed[direction] += len(kept)
                    writer.write(kept)
                    await writer.drain()
                if kept is None or len(kept) < len(piece):
                    break
        writer.transport.abort()
