"""Handing the numbers out: as text for a web server of one's own, or through a small one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from assetflow.errors import AssetflowError, SettingsError
from assetflow.log import logger
from assetflow.metrics.families import Family, Sources, measure
from assetflow.optional_libraries import library
from assetflow.wiring import Connection


def sources_of(connection: Connection) -> Sources:
    """The numbers of the runs that a connection leads to."""
    return Sources(gauges=connection.gauges, limits=connection.limits, registry=connection.registry)


def metrics_text(sources: Sources) -> tuple[bytes, str]:
    """All numbers as Prometheus reads them, and the content type of that.

    Raises:
        LoadError: the library for it is not installed.
        ServiceUnreachableError: the server does not answer.
    """
    client = library("prometheus_client", what="a page of metrics")
    registry = client.CollectorRegistry(auto_describe=False)
    registry.register(_Once(measure(sources)))
    return client.generate_latest(registry), str(client.CONTENT_TYPE_PLAIN_0_0_4)


class Exporter:
    """A small web server that has nothing but the numbers, at any path.

    Args:
        open_sources: leads to them; called again after the server of runs was away.
        port: 0 for one that is free.
        address: of the device to listen on.

    Attributes:
        port: that it listens on.

    Raises:
        LoadError: the library for it is not installed.
        SettingsError: the port is taken.
    """

    def __init__(self, open_sources: Callable[[], Sources], port: int, address: str = "127.0.0.1") -> None:
        client = library("prometheus_client", what="a page of metrics")
        registry = client.CollectorRegistry(auto_describe=False)
        registry.register(_Live(open_sources))
        try:
            self._server, self._thread = client.start_http_server(port, addr=address, registry=registry)
        except OSError as error:
            raise SettingsError(
                f"metrics cannot be served at {address}:{port}: {error.strerror}", fix="choose another --port"
            ) from None
        self.port = int(self._server.server_port)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Once:
    """A collector of numbers that were measured already."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Any]:
        """See prometheus_client."""
        yield from map(_as_metric, self._families)


class _Live:
    """A collector that measures when it is asked. Where it cannot, it says so in a number."""

    def __init__(self, open_sources: Callable[[], Sources]) -> None:
        self._open = open_sources
        self._sources: Sources | None = None
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Any]:
        """See prometheus_client."""
        families: list[Family] = []
        with self._lock:
            try:
                self._sources = self._sources or self._open()
                families = measure(self._sources)
            except AssetflowError as error:
                self._sources = None
                logger.warning("no metrics: %s", error.message)
        yield from map(_as_metric, families)
        values = {(): float(bool(families))}
        yield _as_metric(
            Family(kind="gauge", name="assetflow_up", help="Whether the server of runs answers.", values=values)
        )


def _as_metric(family: Family) -> Any:
    core = library("prometheus_client.core", what="a page of metrics")
    kinds = {
        "gauge": core.GaugeMetricFamily,
        "counter": core.CounterMetricFamily,
        "histogram": core.HistogramMetricFamily,
    }
    metric = kinds[family.kind](family.name, family.help, labels=list(family.labels))
    for labels, value in family.values.items():
        metric.add_metric(list(labels), value)
    for labels, (buckets, total) in family.buckets.items():
        metric.add_metric(list(labels), buckets, total)
    return metric
