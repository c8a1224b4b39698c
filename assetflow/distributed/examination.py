"""Looking at a broker that is no Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from kombu.connection import Connection

from assetflow.findings import Finding, fine, problem

_PATIENCE = 3.0  # seconds


def look_at_broker(url: str) -> Iterator[Finding]:
    """Whether a broker such as RabbitMQ takes connections.

    Args:
        url: as Celery understands it.
    """
    setting = "ASSETFLOW_BROKER_URL"
    try:
        connect: Any = Connection  # it has no types
        connection = connect(url, connect_timeout=_PATIENCE, transport_options={"max_retries": 1})
        where = connection.as_uri()
    except (ValueError, KeyError, ImportError) as error:
        yield problem("broker", f"the broker's address cannot be used: {error}", f"correct {setting}")
        return
    began = time.perf_counter()
    try:
        with connection:
            connection.connect()
            told = getattr(connection.connection, "server_properties", {})
        name = f"{told.get('product', urlsplit(url).scheme)} {told.get('version', '')}".strip()
        yield fine("broker", f"{name} at {where}, connects in {(time.perf_counter() - began) * 1000:.0f} ms")
    except Exception as error:  # each transport has errors of its own
        text = str(error).strip() or type(error).__name__
        if "ACCESS_REFUSED" in text or "403" in text:
            yield problem("broker", f"{where} refuses the credentials ({text})", f"correct them in {setting}")
        else:
            yield problem("broker", f"no broker answers at {where} ({text})", f"start it, or correct {setting}")
