"""Fixtures that every storey of the tests may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect
from tests.support.servers import running_valkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One server for the test process."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def redis_client(valkey: Valkey) -> Iterator[redis.Redis]:
    """A client of an empty server."""
    client = connect(valkey.url)
    client.flushdb()
    yield client
    client.close()
