"""HTTP connections that are not held open by those who say nothing."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_WITHIN = 10.0  # seconds for the head of a request, from its first byte or from the connection


class ImpatientProtocol(H11Protocol):
    """Closes a connection whose request does not come to the end of its head in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head that has begun; of what follows a head others take care."""
        super().data_received(data)
        rest, _closed = self.conn.trailing_data
        if self.cycle is None or (self.cycle.response_complete and rest):
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_WITHIN, self._close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        transport = cast(Any, self.transport)
        if transport is not None and not transport.is_closing():
            transport.close()
