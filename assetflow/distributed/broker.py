"""How workers and clients reach Celery's broker."""

from __future__ import annotations

from typing import Any

from kombu.connection import Connection, ConnectionPool, PooledConnection


class _OwnTransport(Connection):
    def get_transport_cls(self) -> Any:
        found = super().get_transport_cls()
        if found.driver_type != "redis":
            return found
        from assetflow.distributed.redis_transport import RedisTransport

        return RedisTransport if found is RedisTransport.__base__ else found


class BrokerConnection(_OwnTransport):
    """Looks every few seconds whether its broker is back; kombu's own pauses grow to half a minute."""

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        """See kombu."""
        pauses = {"interval_start": 1, "interval_step": 1, "interval_max": 5}
        return super().ensure_connection(*args, **{**pauses, **options})

    def Pool(self, limit: int | None = None, **options: Any) -> ConnectionPool:  # noqa: N802 (kombu's name)
        """See kombu."""
        return _Pool(self, limit, **options)


class _Pooled(PooledConnection, _OwnTransport):
    pass


class _Pool(ConnectionPool):
    def new(self) -> PooledConnection:
        return _Pooled(self, **dict(self.connection._info(resolve=False)))
